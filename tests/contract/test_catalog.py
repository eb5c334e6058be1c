"""What every database must do for the catalog, through Mooring's own hands."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy.exc import StatementError

from mooring.errors import CatalogError, NoVerdict, UnknownName
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Catalog, Transaction, open_catalog
from mooring.lineage.deployments import promote, split_traffic
from mooring.lineage.values import (
    Alert,
    AlertDelivery,
    CodeVersion,
    DatasetSource,
    DatasetVersion,
    Decision,
    DeploymentRevision,
    Environment,
    Evaluation,
    Fact,
    LabelBatch,
    Metric,
    ModelVersion,
    Run,
    RunDataset,
    RunEvent,
    StepResult,
    Verdict,
    WindowScore,
)
from tests.contract.databases import Database
from tests.facts import (
    AT,
    CODE,
    ENVIRONMENT,
    HOUR,
    NAME,
    Story,
    arm,
    dataset,
    revision,
    run,
    start,
    verdict,
    version,
)

pytestmark = pytest.mark.contract


def _decision(
    id_: str, action: Literal["retrain", "wait"] = "retrain", *, cause: str = "drift"
) -> Decision:
    return Decision(id_, NAME, cause, "2026-03-01", action, "it drifted", AT, {"coalesced": ["é"]})


def _append(catalog: Catalog, *facts: Fact) -> None:
    with catalog.write() as tx:
        tx.append(*facts)


def test_every_kind_of_fact_comes_back_as_it_went_in(catalog: Catalog) -> None:
    made, allowed = version(1), verdict("v-1", "bikes/1")
    decided, rev = _decision("d-1"), revision(1)
    started = run(1, decision="d-1")
    score = WindowScore(
        *("w-1", NAME, "bikes/1", AT - HOUR, AT, AT, 70, 0, "unknown", None),
        detail={"drift": "unknown", "drifted": [], "performance": {"loss": None}},
    )
    alert = Alert("al-1", NAME, "drift", "page", "Drift", "temp moved", AT, {"deep": {"er": [1]}})
    delivery = AlertDelivery("al-1", "log", 1, AT, False, "down")
    labels = LabelBatch("l-1", NAME, "labels.csv", 10, 9, AT)
    judged = replace(allowed, evidence={"gain": 0.1, "resamples": 1000}, opponent="bikes/1")
    step = StepResult(started.id, "extract", AT, 0.25, {"rows": 3, "null": None})
    metric = Metric("bikes/1", "holdout", "mae", 0.1 + 0.2, 200)
    marks = (0, 2**53 + 1, 2**64 - 1)
    compared = Evaluation(
        *("e-1", "hand", started.id, "bikes/1", "t1:aa", 80, "fail", AT, "ann", marks), {"a": [1]}
    )
    with catalog.write() as tx:
        tx.append(CODE, ENVIRONMENT, dataset(), DatasetSource("t1:aa", "rides.csv", AT))
        tx.append(decided, started, RunEvent(started.id, 1, "started", AT, {"by": "cron"}), step)
        tx.append(RunDataset(started.id, "training", "t1:aa"), made, metric, judged, rev)
        tx.append(arm(rev.id, allowed), score, alert, delivery, labels, compared)
    with catalog.read() as tx:
        for fact, key in (
            *((CODE, CODE.digest), (ENVIRONMENT, ENVIRONMENT.digest), (dataset(), "t1:aa")),
            *((decided, "d-1"), (started, started.id), (made, made.id), (judged, judged.id)),
            *((rev, rev.id), (score, "w-1"), (alert, "al-1"), (labels, "l-1")),
            (compared, "e-1"),
        ):
            assert queries.get(tx, type(fact), key) == fact
        assert queries.source_of(tx, "t1:aa") == "rides.csv"
        assert queries.run_events(tx, started.id)[0].detail == {"by": "cron"}
        assert queries.step_results(tx, started.id) == (step,)
        assert queries.run_datasets(tx, started.id) == (
            RunDataset(started.id, "training", "t1:aa"),
        )
        assert queries.metrics(tx, made.id) == (metric,)
        assert queries.arms_of(tx, rev.id) == (arm(rev.id, allowed),)
        assert queries.deliveries(tx, "al-1") == (delivery,)
        assert queries.evaluations(tx, NAME) == (compared,)
        assert queries.evaluations(tx, NAME, AT - HOUR) == queries.evaluations(tx, "cars") == ()


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 3, 29, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2038, 1, 19, 3, 14, 8, 999999, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-9))),
    ],
)
def test_instants_come_back_in_utc_to_the_microsecond(catalog: Catalog, instant: datetime) -> None:
    with catalog.write() as tx:
        tx.append(LabelBatch("l", NAME, "s", 1, 1, instant))
    with catalog.read() as tx:
        found = queries.get(tx, LabelBatch, "l").at
    assert found == instant
    assert found.tzinfo is UTC


def test_an_instant_without_a_zone_is_refused(catalog: Catalog) -> None:
    naive = AT.replace(tzinfo=None)
    with pytest.raises(StatementError, match="no time zone"), catalog.write() as tx:
        tx.append(LabelBatch("l", NAME, "s", 1, 1, naive))


def test_json_has_no_nan_so_it_is_null(catalog: Catalog) -> None:
    detail = {"loss": math.nan, "of": [math.inf, 1.5, {"x": -math.inf}], "name": "NaN"}
    with catalog.write() as tx:
        tx.append(replace(_decision("d"), detail=detail))
    with catalog.read() as tx:
        found = queries.get(tx, Decision, "d").detail
    assert found == {"loss": None, "of": [None, 1.5, {"x": None}], "name": "NaN"}


def test_counts_go_beyond_32_bits(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.append(dataset(rows=5_000_000_000))
    with catalog.read() as tx:
        assert queries.get(tx, DatasetVersion, "t1:aa").rows == 5_000_000_000


def test_what_is_named_by_its_content_is_appended_once(catalog: Catalog) -> None:
    for _ in range(2):
        with catalog.write() as tx:
            tx.append_once(dataset(), DatasetSource("t1:aa", "rides.csv", AT), CODE)
    with pytest.raises(CatalogError), catalog.write() as tx:
        tx.append(dataset(rows=2))
    with catalog.read() as tx:
        assert queries.get(tx, DatasetVersion, "t1:aa").rows == 1000


def test_an_unknown_name_is_answered_with_the_nearest(catalog: Catalog) -> None:
    story = Story(catalog)
    story.made(17)
    with catalog.read() as tx, pytest.raises(UnknownName) as refused:
        queries.get(tx, ModelVersion, "bike/17")
    assert "bikes/17" in refused.value.fix
    with catalog.read() as tx, pytest.raises(UnknownName, match="no decision 'x'"):
        queries.get(tx, Decision, "x")


def test_a_transaction_is_all_or_nothing(catalog: Catalog) -> None:
    def interrupted() -> None:
        with catalog.write() as tx:
            tx.append(dataset("t1:cc"))
            raise KeyError

    with pytest.raises(CatalogError):
        _append(catalog, dataset("t1:bb"), RunDataset("no such run", "training", "t1:bb"))
    with pytest.raises(KeyError):
        interrupted()
    with catalog.read() as tx:
        assert queries.datasets_like(tx, "t1:") == ()


def test_p1_traffic_is_history(catalog: Catalog) -> None:
    story = Story(catalog)
    first, second = story.made(1), story.made(2)
    changes: tuple[Callable[[Transaction], queries.Traffic], ...] = (
        lambda tx: promote(tx, story.change(), first.id),
        lambda tx: split_traffic(tx, story.change(), {second.id: 0.25}),
        lambda tx: promote(tx, story.change(), second.id),
    )
    moments = []
    for change in changes:
        story.later()
        with catalog.write() as tx:
            traffic = change(tx)
            tx.append(traffic.revision, *traffic.arms)
        moments.append((story.now, {a.model_version: a.weight for a in traffic.arms}))
    with catalog.read() as tx:
        for at, weights in moments:
            for instant in (at, at + HOUR / 2):
                found = queries.traffic(tx, NAME, instant)
                assert found is not None
                assert {a.model_version: a.weight for a in found.arms} == weights
        assert queries.traffic(tx, NAME, moments[0][0] - HOUR / 100) is None
        assert queries.traffic(tx, "no such") is None
        assert queries.deployments(tx) == (NAME,)
        assert [name for _, name in queries.champions(tx, NAME)] == [first.id, first.id, second.id]


def test_p1_verdicts_are_those_known_then(catalog: Catalog) -> None:
    made = Story(catalog).made(1, outcome=None)
    failed = verdict("a", made.id, "fail", at=AT)
    forced = verdict("b", made.id, "override", at=AT + 2 * HOUR, until=AT + 9 * HOUR)
    with catalog.write() as tx:
        tx.append(forced, failed)
    with catalog.read() as tx:
        assert queries.verdicts(tx, made.id, AT + HOUR) == (failed,)
        assert queries.verdicts(tx, made.id) == (failed, forced)


def test_a_run_is_unfinished_until_it_says_how_it_ended(catalog: Catalog) -> None:
    story = Story(catalog)
    for number in range(1, 6):
        story.made(number, outcome=None)
        story.later()
    story.ended(1, "succeeded")
    story.ended(2, "rejected")
    story.ended(3, "crashed")
    story.ended(3, "resumed")
    story.ended(4, "failed")
    with catalog.read() as tx:
        assert [r.id for r in queries.unfinished_runs(tx, NAME)] == [run(3).id, run(5).id]
        assert queries.unfinished_runs(tx, "another") == ()
        assert [r.id for r in queries.latest_runs(tx, NAME, 2)] == [run(5).id, run(4).id]


def test_p2_what_an_arm_may_refer_to(catalog: Catalog) -> None:
    story = Story(catalog)
    made = story.made(1, outcome="fail")
    with catalog.read() as tx:
        assert queries.usable_verdict(tx, made.id, AT) is None
    short = verdict("short", made.id, "override", until=AT + HOUR)
    lasting = verdict("long", made.id, "override", until=AT + 5 * HOUR)
    with catalog.write() as tx:
        tx.append(lasting, short)
    with catalog.read() as tx:
        assert queries.usable_verdict(tx, made.id, AT) == lasting
        assert queries.usable_verdict(tx, made.id, AT + 5 * HOUR) is None
    passed = verdict("passed", made.id, "pass", at=AT - HOUR)
    with catalog.write() as tx:
        tx.append(passed)
    with catalog.read() as tx:
        assert queries.usable_verdict(tx, made.id, AT) == passed, "a pass does not expire"


def test_p2_an_override_that_expired_gives_no_traffic(catalog: Catalog) -> None:
    made = Story(catalog).made(1, outcome="fail")
    forced = verdict("o", made.id, "override", until=AT + HOUR)
    with catalog.write() as tx:
        tx.append(forced)
    late = revision(1, at=AT + HOUR)
    with pytest.raises(NoVerdict), catalog.write() as tx:
        tx.append(late, arm(late.id, forced))
    early = revision(1, at=AT + HOUR / 2)
    with catalog.write() as tx:
        tx.append(early, arm(early.id, forced))


def test_p2_a_failed_verdict_gives_no_traffic(catalog: Catalog) -> None:
    made = Story(catalog).made(1, outcome=None)
    failed = verdict("f", made.id, "fail")
    with catalog.write() as tx:
        tx.append(failed, revision(1))
    for pretended in (failed, replace(failed, outcome="pass"), replace(failed, id="none")):
        with pytest.raises(NoVerdict), catalog.write() as tx:
            tx.append(arm(revision(1).id, pretended))


def test_p7_a_cause_retrains_once_for_a_window(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.append(_decision("1", "wait"), _decision("2", "wait"), _decision("3"))
        tx.append(_decision("4", "wait"), _decision("5", cause="another"))
    with pytest.raises(CatalogError), catalog.write() as tx:
        tx.append(_decision("6"))
    with catalog.read() as tx:
        about = queries.decisions_about(tx, NAME, "drift", "2026-03-01")
    assert [d.id for d in about] == ["1", "2", "3", "4"]


def test_fd_41_a_decision_has_one_run(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.append(_decision("d"))
    with catalog.read() as tx:
        assert queries.decision_without_run(tx, NAME) == _decision("d")
    with catalog.write() as tx:
        start(tx, run(1, decision="d"))
    with pytest.raises(CatalogError), catalog.write() as tx:
        start(tx, run(2, decision="d"))
    with catalog.read() as tx:
        assert queries.decision_without_run(tx, NAME) is None


def test_a_run_makes_one_model_version(catalog: Catalog) -> None:
    made = Story(catalog).made(1)
    with pytest.raises(CatalogError), catalog.write() as tx:
        tx.append(replace(made, id="bikes/2", version=2))
    with pytest.raises(CatalogError):
        _append(catalog, run(9), replace(made, id="x/1", run=run(9).id))


@pytest.mark.parametrize(
    "weights", [(0.0, 1.0), (-0.1, 1.0), (1.2, None), (0.7, 0.4), (math.inf, None)]
)
def test_shares_are_positive_and_do_not_exceed_one(
    catalog: Catalog, weights: tuple[float, float | None]
) -> None:
    story = Story(catalog)
    allowed = [verdict(str(n), story.made(n, outcome=None).id) for n in (1, 2)]
    with catalog.write() as tx:
        tx.append(*allowed)
    arms = [
        arm(revision(1).id, judged, weight, champion=judged is allowed[0])
        for judged, weight in zip(allowed, weights, strict=True)
        if weight is not None
    ]
    with pytest.raises(CatalogError):
        _append(catalog, revision(1), *arms)


def test_a_revision_has_one_champion(catalog: Catalog) -> None:
    story = Story(catalog)
    allowed = [verdict(str(n), story.made(n, outcome=None).id) for n in (1, 2)]
    with pytest.raises(CatalogError), catalog.write() as tx:
        tx.append(*allowed, revision(1), *(arm(revision(1).id, judged, 0.5) for judged in allowed))


def test_p1_an_earlier_revision_takes_no_more_arms(catalog: Catalog) -> None:
    story = Story(catalog)
    allowed = [verdict(str(n), story.made(n, outcome=None).id) for n in (1, 2)]
    with catalog.write() as tx:
        tx.append(*allowed, revision(1), arm(revision(1).id, allowed[0], 0.5))
        tx.append(revision(2), arm(revision(2).id, allowed[0]))
    with pytest.raises(CatalogError, match="history"), catalog.write() as tx:
        tx.append(arm(revision(1).id, allowed[1], 0.5, champion=False))


def test_of_two_threads_that_write_one_revision_one_wins(catalog: Catalog) -> None:
    together = threading.Barrier(2)

    def attempt(who: str) -> bool:
        together.wait()
        try:
            with catalog.write() as tx:
                tx.append(replace(revision(1), id=who))
        except CatalogError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        won = list(threads.map(attempt, ("a", "b")))
    assert sorted(won) == [False, True]


def test_who_comes_second_is_told_that_the_traffic_changed(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.append(revision(1))
    with pytest.raises(CatalogError, match="at the same moment"), catalog.write() as tx:
        tx.append(replace(revision(1), id="second"))


def test_rel_10_what_is_read_to_write_is_not_overtaken(catalog: Catalog) -> None:
    def work(who: str) -> None:
        for attempt in range(10):
            with catalog.write() as tx:
                found = queries.revisions(tx, NAME)
                number = len(found) + 1
                tx.append(replace(revision(number), id=f"{who}{attempt}"))

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(work, "abc"))
    with catalog.read() as tx:
        assert [r.number for r in queries.revisions(tx, NAME)] == list(range(1, 31))


def test_a_reader_sees_one_state(catalog: Catalog) -> None:
    with catalog.read() as tx:
        assert queries.revisions(tx, NAME) == ()
        with catalog.write() as other:
            other.append(revision(1))
        assert queries.revisions(tx, NAME) == ()
    with catalog.read() as tx:
        assert queries.revisions(tx, NAME) == (revision(1),)


_RACER = """
import sys
from dataclasses import replace
from mooring.errors import CatalogError
from mooring.lineage.catalog.engine import open_catalog
from tests.facts import revision

print("up", flush=True)
for line in sys.stdin:
    dsn, who, number = line.split()
    try:
        catalog = open_catalog(dsn)
        with catalog.write() as tx:
            tx.append(replace(revision(int(number)), id=who + number))
        print("won", flush=True)
    except CatalogError as error:
        print("lost", error.what, flush=True)
"""


def test_of_two_processes_that_write_one_revision_one_wins(database: Database) -> None:
    """They also find the database empty and make its tables together."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _RACER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(2)
    ]
    try:
        said = [_say(racer) for racer in racers]
        assert said == ["up", "up"]
        for number in range(1, 9):
            for who, racer in zip("ab", racers, strict=True):
                assert racer.stdin is not None
                racer.stdin.write(f"{database.dsn} {who} {number}\n")
                racer.stdin.flush()
            outcomes = [_say(racer) for racer in racers]
            assert sorted(o.split()[0] for o in outcomes) == ["lost", "won"], outcomes
            assert all("revision" in o for o in outcomes if o != "won"), outcomes
    finally:
        for racer in racers:
            racer.kill()
            racer.communicate()
    catalog = open_catalog(database.dsn)
    with catalog.read() as tx:
        assert [r.number for r in queries.revisions(tx, NAME)] == list(range(1, 9))
    catalog.close()


def _say(racer: subprocess.Popen[str]) -> str:
    assert racer.stdout is not None
    return racer.stdout.readline().strip()


def test_a_catalog_is_opened_again_with_what_it_held(database: Database) -> None:
    first = open_catalog(database.dsn)
    with first.write() as tx:
        tx.append(revision(1))
    first.close()
    second = open_catalog(database.dsn)
    with second.read() as tx:
        assert queries.revisions(tx, NAME) == (revision(1),)
    second.close()


def test_a_newer_catalog_is_refused(database: Database) -> None:
    open_catalog(database.dsn).close()
    database.sql("INSERT INTO catalog_version (version) VALUES (99)")
    with pytest.raises(CatalogError, match="newer than this Mooring") as refused:
        open_catalog(database.dsn)
    assert "upgrade" in refused.value.fix


def test_the_newest_of_each_kind_comes_first(catalog: Catalog) -> None:
    story = Story(catalog)
    for number in (1, 2, 3):
        story.made(number)
    base = WindowScore("w0", NAME, "bikes/1", AT, AT, AT, 1, 1, "ok", 0.1, {})
    with catalog.write() as tx:
        for day in range(4):
            end = AT + day * 24 * HOUR
            made = f"bikes/{1 + day % 2}"
            tx.append(replace(base, id=f"w{day}", end=end, model_version=made))
            tx.append(replace(_decision(f"d{day}", "wait"), at=end))
            tx.append(Alert(f"a{day}", NAME, "drift", "page", "t", "b", end))
    with catalog.read() as tx:
        assert [s.id for s in queries.window_scores(tx, NAME, 2)] == ["w3", "w2"]
        assert [s.id for s in queries.window_scores(tx, NAME, 9, "bikes/1")] == ["w2", "w0"]
        assert [d.id for d in queries.decisions(tx, NAME, 3)] == ["d3", "d2", "d1"]
        assert [a.id for a in queries.alerts(tx, NAME, 1)] == ["a3"]
        assert [v.version for v in queries.latest_versions(tx, NAME, 2)] == [3, 2]
        assert queries.next_version_number(tx, NAME) == 4
        assert queries.next_version_number(tx, "another") == 1
        assert queries.count_versions(tx, NAME) == 3
        assert queries.count_versions(tx, "another") == 0


def test_the_data_that_was_accepted_last_is_this_projects_own(catalog: Catalog) -> None:
    passed = Verdict("data-1", "data", "pass", AT, "ana", (), run=run(1).id)
    refused = replace(passed, id="data-2", outcome="fail", at=AT + HOUR)
    with catalog.write() as tx:
        start(tx, run(1))
        start(tx, run(1, name="other"))
        tx.append(passed, refused)
        tx.append(replace(passed, id="data-3", at=AT + 2 * HOUR, run=run(1, name="other").id))
    with catalog.read() as tx:
        assert queries.last_data_pass(tx, NAME) == passed
        assert queries.last_data_pass(tx, "third") is None
        assert queries.verdicts_of_run(tx, run(1).id) == (passed, refused)


def test_datasets_are_found_by_the_beginning_of_their_digest(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.append(dataset("t1:ab1"), dataset("t1:ab2"), dataset("t1:c%3"))
        start(tx, run(1))
        tx.append(*(RunDataset(run(1).id, r, "t1:ab1") for r in ("holdout", "source", "training")))
    with catalog.read() as tx:
        assert sorted(queries.datasets_like(tx, "ab")) == ["t1:ab1", "t1:ab2"]
        assert queries.datasets_like(tx, "t1:ab1") == ("t1:ab1",)
        assert queries.datasets_like(tx, "%") == ()
        assert queries.datasets_like(tx, "c%") == ("t1:c%3",)
        roles = [used.role for used in queries.run_datasets(tx, run(1).id)]
        assert roles == ["source", "training", "holdout"]
        assert {used.role for used in queries.runs_on_dataset(tx, "t1:ab1")} == set(roles)
        assert queries.source_of_run(tx, run(1).id) is None


def test_where_a_dataset_was_found_is_answered_as_of_an_instant(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.append(dataset(), DatasetSource("t1:aa", "old.csv", AT))
        tx.append(DatasetSource("t1:aa", "new.csv", AT + HOUR))
    with catalog.read() as tx:
        assert queries.source_of(tx, "t1:aa") == "new.csv"
        assert queries.source_of(tx, "t1:aa", AT) == "old.csv"


def test_a_revision_without_a_champion_says_so(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.append(revision(1))
    with catalog.read() as tx:
        found = queries.traffic(tx, NAME)
    assert found is not None
    with pytest.raises(CatalogError, match="has no champion"):
        _ = found.champion


@pytest.mark.parametrize("kind", [CodeVersion, Environment, Run, DeploymentRevision])
def test_every_kind_can_be_unknown(catalog: Catalog, kind: type) -> None:
    with catalog.read() as tx, pytest.raises(UnknownName):
        queries.get(tx, kind, "nothing")
