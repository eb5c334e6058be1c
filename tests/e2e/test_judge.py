"""A comparison is fair to both models, is counted, and by hand opens no traffic."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from mooring.bootstrap import open_log, settings_of
from mooring.lineage.catalog import queries
from mooring.lineage.values import ModelVersion
from mooring.serving.log import Label, PredictionRecord
from tests.e2e.project import NAME, STRONG, WEAK, Project, rides

pytestmark = pytest.mark.e2e

SPLIT = "\n[split]\nholdout = {}\n"


def later_rides(rows: int, seed: int = 1) -> pl.DataFrame:
    """Rows after all that the project has."""
    shift = timedelta(days=60)
    return rides(rows, seed).with_columns(pl.col("at") + shift)


def judged(project: Project, *words: str, code: int) -> Any:
    said = project.mooring("judge", *words, "--json")
    assert said.code == code, said.out + said.err
    return json.loads(said.out)


def evidence_of(project: Project, version: str) -> Any:
    with project.catalog() as tx:
        verdict = next(v for v in queries.verdicts(tx, version) if v.gate == "model")
    return verdict.evidence["holdout"]


@pytest.fixture
def better(improved: Project) -> Project:
    """v2 is better than v1 and serves; nothing was judged on later rows yet."""
    improved.mooring("run")
    later_rides(300).write_csv(improved.root / "later.csv")
    return improved


def test_fd_22_a_champion_that_was_trained_on_the_holdout_is_not_judged_on_it(
    fresh: Project,
) -> None:
    settings = (fresh.root / "mooring.toml").read_text()
    fresh.write("mooring.toml", settings + SPLIT.format(0.15))
    assert fresh.mooring("run").code == 0
    # the next split gives the candidate fewer rows, and makes the champion's training rows judge
    fresh.write("mooring.toml", settings.replace(WEAK, STRONG) + SPLIT.format(0.5))
    fresh.mooring("run")
    holdout = evidence_of(fresh, f"{NAME}/2")
    champion_trained = round(400 * 0.75)
    assert holdout["rows"] == 400 - champion_trained
    assert holdout["left_out"] == {"champion v1 was trained on them": champion_trained - 200}


def test_fd_22_without_a_row_that_the_champion_has_not_seen_nothing_is_decided(
    fresh: Project,
) -> None:
    settings = (fresh.root / "mooring.toml").read_text()
    assert fresh.mooring("run").code == 0
    # the rows that v1 was trained on come again as if they were new, and nothing else does
    fresh.data(rides()[:260])
    fresh.write("mooring.toml", settings.replace(WEAK, STRONG) + SPLIT.format(0.4))
    said = fresh.mooring("run")
    assert said.code == 3, said.err
    assert "champion v1 was trained on them" in said.err


def test_by_hand_the_baseline_is_the_constant_of_the_training_rows_as_in_a_run(
    better: Project,
) -> None:
    frame = later_rides(300)
    frame.with_columns(pl.col("cnt") + 500).write_csv(better.root / "moved.csv")
    found = judged(better, "v2", "v1", "--on", "moved.csv", code=1)["evidence"]["findings"]
    baseline = next(one for one in found if one["part"] == "trivial baseline")
    train = rides()["cnt"].head(round(400 * 0.6))
    expected = (frame["cnt"] + 500 - train.median()).abs().mean()
    assert baseline["evidence"]["value"] == pytest.approx(expected, rel=0.02)


def test_fd_23_each_comparison_makes_the_next_one_on_the_same_rows_stricter(
    improved: Project,
) -> None:
    assert evidence_of(improved, f"{NAME}/1")["confidence"] == 0.95
    improved.mooring("run")
    second = evidence_of(improved, f"{NAME}/2")
    assert (second["earlier_verdicts"], second["fresh_one_due"]) == (1, False)
    assert second["confidence"] == pytest.approx(1 - 0.1 / 6)
    for _ in range(5):
        improved.mooring("run")
    seventh = evidence_of(improved, f"{NAME}/7")
    assert (seventh["earlier_verdicts"], seventh["fresh_one_due"]) == (6, True)
    shown = improved.mooring("lineage", "v7").out
    assert "its holdout was used by 7 comparisons" in shown
    assert "a fresh one is due" in " ".join(shown.split())


def test_fd_23_fresh_rows_give_the_holdout_its_worth_back(improved: Project) -> None:
    improved.mooring("run")
    improved.data(pl.concat([rides(), later_rides(400)]))
    improved.mooring("run")
    assert evidence_of(improved, f"{NAME}/3")["earlier_verdicts"] == 0


def test_two_versions_are_compared_by_the_rules_of_the_gate(better: Project) -> None:
    answer = judged(better, "v2", "v1", "--on", "later.csv", code=0)
    assert (answer["candidate"], answer["opponent"]) == (f"{NAME}/2", f"{NAME}/1")
    assert answer["outcome"] == "pass"
    assert answer["evidence"]["holdout"]["rows"] == 300
    assert answer["evidence"]["difference"] > 0
    assert judged(better, "v1", "v2", "--on", "later.csv", code=1)["outcome"] == "fail"
    few = later_rides(300).head(20)
    few.write_csv(better.root / "few.csv")
    assert judged(better, "v2", "v1", "--on", "few.csv", code=3)["outcome"].startswith("not")


def test_what_is_printed_fits_80_columns(better: Project) -> None:
    said = better.mooring("judge", "champion", "v1", "--on", "later.csv")
    assert "MAE" in said.out
    assert "mae (decides)" in said.out
    assert max(map(len, said.out.splitlines())) <= 80


def test_a_comparison_by_hand_is_counted_once_and_shown(better: Project) -> None:
    first = judged(better, "v2", "v1", "--on", "later.csv", code=0)["evidence"]["holdout"]
    again = judged(better, "v2", "v1", "--on", "later.csv", code=0)["evidence"]["holdout"]
    other = judged(better, "v1", "v2", "--on", "later.csv", code=1)["evidence"]["holdout"]
    used = [holdout["earlier_verdicts"] for holdout in (first, again, other)]
    assert used == [0, 0, 1]
    assert "by hand" in better.mooring("lineage", "v2").out


def test_p2_a_pass_by_hand_opens_no_traffic(two_versions: Project) -> None:
    two_versions.change("mooring.toml", "alpha = 60.0", STRONG)
    later_rides(400, seed=5).write_csv(two_versions.root / "later.csv")
    # more regularised than v1, v2 was refused; rows that nothing depends on cannot tell them apart
    two_versions.mooring("run")
    with two_versions.catalog() as tx:
        before = queries.verdicts(tx, f"{NAME}/2")
    answer = judged(two_versions, "v1", "v2", "--on", "later.csv", code=0)
    assert answer["outcome"] == "pass"
    two_versions.mooring("judge", "v2", "v1", "--on", "later.csv")
    with two_versions.catalog() as tx:
        assert queries.verdicts(tx, f"{NAME}/2") == before
        assert not [v for v in queries.verdicts(tx, f"{NAME}/1") if v.run is None]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("v1", "v1", "--on", "data.csv"), "is both"),
        (("v9", "v1", "--on", "data.csv"), "no model version"),
        (("v2", "v1", "--on", "t1:feed"), "no dataset version begins with"),
    ],
)
def test_what_cannot_be_compared_is_a_usage_error(
    better: Project, words: tuple[str, ...], said: str
) -> None:
    answer = better.mooring("judge", *words)
    assert (answer.code, said in answer.err) == (2, True), answer.err


def test_a_dataset_version_is_found_by_its_digest_while_its_rows_are_there(
    better: Project,
) -> None:
    with better.catalog() as tx:
        run = queries.latest_runs(tx, NAME, 1)[0]
        used = {d.role: d.dataset for d in queries.run_datasets(tx, run.id)}
    answer = judged(better, "v2", "v1", "--on", used["holdout"][:19], code=0)
    assert answer["evidence"]["holdout"]["dataset"] == used["holdout"]
    training = judged(better, "v2", "v1", "--on", used["training"], code=3)
    assert "trained on them" in " ".join(training["reasons"])
    better.data(rides(400, seed=9))
    gone = better.mooring("judge", "v2", "v1", "--on", used["holdout"])
    assert (gone.code, "not there any more" in gone.err) == (1, True)


def answered(project: Project, version: str, at: datetime, rows: pl.DataFrame) -> None:
    """Rows of the log that a version answered from an instant on, and their truth."""
    records, labels = [], []
    for place, row in enumerate(rows.to_dicts()):
        inputs = {"temp": row["temp"], "hum": row["hum"]}
        known = f"{version}-{place}"
        when = at + timedelta(microseconds=place)
        records.append(
            PredictionRecord(
                known, when, NAME, version, None, json.dumps(inputs).encode(), 0.0, None
            )
        )
        labels.append(Label(known, row["cnt"], when))
    with open_log(settings_of(str(project.root), {})) as log:
        log.append(records)
        log.add_labels(NAME, labels, at)


def test_fd_20_without_rows_given_the_recent_truth_of_the_log_decides(better: Project) -> None:
    with better.catalog() as tx:
        made = [queries.get(tx, ModelVersion, f"{NAME}/{n}").at for n in (1, 2)]
    rows = later_rides(360)
    # answered before v2 was made: it may have learned from them
    answered(better, f"{NAME}/1", made[0] - timedelta(days=1), rows[:100])
    nothing = judged(better, "v2", "v1", code=3)
    assert "100 holdout rows were left out" in " ".join(nothing["reasons"])
    answered(better, f"{NAME}/2", made[1] + timedelta(microseconds=1), rows[100:])
    later = judged(better, "v2", "v1", code=0)
    assert later["on"] == "the prediction log"
    assert later["evidence"]["holdout"]["rows"] == 260


def test_fd_20_labels_of_the_log_that_are_not_final_do_not_judge(better: Project) -> None:
    better.change("mooring.toml", 'time = "at"\n', 'time = "at"\nlabel_delay = "30d"\n')
    answered(better, f"{NAME}/2", datetime.now(UTC) - timedelta(hours=1), later_rides(100))
    assert "no labelled rows" in " ".join(judged(better, "v2", "v1", code=3)["reasons"])


def test_a_file_without_the_label_says_which_column_is_missing(better: Project) -> None:
    later_rides(80).drop("cnt").write_csv(better.root / "bare.csv")
    said = better.mooring("judge", "v2", "v1", "--on", "bare.csv")
    assert (said.code, "'cnt'" in said.err) == (1, True), said.err


def test_rows_with_fewer_columns_can_still_be_judged_by_time(better: Project) -> None:
    rows = later_rides(300).with_columns(noise=pl.Series(np.zeros(300)))
    rows.write_csv(better.root / "wide.csv")
    assert judged(better, "v2", "v1", "--on", "wide.csv", code=0)["outcome"] == "pass"


def test_fd_22_a_batch_that_was_delivered_twice_stops_the_run(trained: Project) -> None:
    again = rides()[:60].with_columns(pl.col("at") + timedelta(days=60))
    trained.data(pl.concat([rides(), again]))
    said = trained.mooring("run")
    assert (said.code, "equal to training rows" in said.err) == (1, True), said.err
    run = trained.latest_run()
    assert trained.events(run.id)[-1] == "rejected"
    with trained.catalog() as tx:
        assert [v.outcome for v in queries.verdicts_of_run(tx, run.id)] == ["pass", "fail"]


def test_fd_22_a_file_sorted_from_the_newest_row_stops_the_run(fresh: Project) -> None:
    fresh.change("mooring.toml", 'time = "at"\n', "")
    fresh.data(rides().reverse())
    said = fresh.mooring("run")
    assert (said.code, 'time = "at" under [data]' in said.err) == (1, True), said.err
