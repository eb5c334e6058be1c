"""From evidence in a real catalog to one recorded decision."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from mooring.ids import seeded_ids
from mooring.lineage import deployments
from mooring.lineage.artifacts import ArtifactStore
from mooring.lineage.blobs import BlobStore
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import open_catalog
from mooring.lineage.values import (
    Decision,
    Json,
    RunDataset,
    RunEvent,
    RunEventKind,
    StepResult,
    WindowScore,
)
from mooring.pipeline.context import Context
from mooring.retraining.decide import decide
from mooring.retraining.evidence import Evidence, count_rows, gather
from mooring.settings.model import Data, Monitoring, Policy, Project, Settings, Trigger
from tests.facts import AT, NAME, Story, dataset, run, start

DAY = timedelta(days=1)
DRIFT = Trigger(name="drifted", kind="drift")
WEEKLY = Trigger(name="weekly", kind="schedule", every="7d")
FRESH = Trigger(name="fresh", kind="new_data", rows=10)
DRIFTED: Json = {"drift": "drift", "drifted": ["temp"]}


@dataclass
class Daemon:
    """A project whose clock and triggers the test holds."""

    context: Context
    story: Story
    runs: int = 0
    scores: int = 0

    def declare(
        self,
        *triggers: Trigger,
        policy: Policy | None = None,
        time: str | None = None,
        window: str | None = None,
    ) -> None:
        """Changes mooring.toml."""
        settings = self.context.settings
        changed = Settings(
            project=settings.project,
            data=Data(source="rides.csv", target="y", task="regression", time=time, window=window),
            monitoring=Monitoring(window="1d"),
            triggers=triggers,
            policy=policy or settings.policy,
            root=settings.root,
        )
        self.context = replace(self.context, settings=changed)

    def decides(self) -> Decision | None:
        """One look."""
        return decide(self.context)

    def ran(self, decision: Decision | None, ended: RunEventKind = "succeeded") -> None:
        """A run, for a decision or by hand."""
        self.runs += 1
        made = run(self.runs, at=self.story.now, decision=decision.id if decision else None)
        with self.context.catalog.write() as tx:
            start(tx, made)
            tx.append(RunEvent(made.id, 2, ended, self.story.now))

    def scored(
        self,
        detail: Json,
        version: str = f"{NAME}/1",
        end: datetime | None = None,
        length: timedelta = DAY,
    ) -> None:
        """A window of a version, ending now."""
        self.scores += 1
        end = end or self.story.now
        with self.context.catalog.write() as tx:
            tx.append(
                WindowScore(
                    *(f"w{self.scores:03d}", NAME, version, end - length, end, self.story.now),
                    *(100, 0, "drift", 0.3, detail),
                )
            )

    def promoted(self, number: int) -> None:
        """A version becomes the champion."""
        with self.context.catalog.write() as tx:
            traffic = deployments.promote(tx, self.story.change(), f"{NAME}/{number}")
            tx.append(traffic.revision, *traffic.arms)

    def evidence(self) -> Evidence:
        """What a decision would rest on."""
        with self.context.catalog.read() as tx:
            return gather(self.context, tx, count_rows(self.context))

    def decisions(self) -> list[tuple[str, str]]:
        """Action and cause of every decision, oldest first."""
        with self.context.catalog.read() as tx:
            return [(d.action, d.cause) for d in reversed(queries.decisions(tx, NAME, 99))]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A project with no triggers, no cooldown and a champion, version 1."""
    settings = Settings(
        project=Project(name=NAME),
        data=Data(source="rides.csv", target="y", task="regression"),
        policy=Policy(cooldown="0s", budget_per_month=99),
        root=tmp_path,
    )
    catalog = open_catalog(settings.catalog_dsn)
    story = Story(catalog)
    found = Daemon(
        Context(
            settings=settings,
            catalog=catalog,
            store=ArtifactStore(tmp_path),
            blobs=BlobStore(tmp_path),
            clock=lambda: story.now,
            ids=seeded_ids(5),
            by="watch",
        ),
        story,
        runs=2,
    )
    for number in (1, 2):
        story.made(number)
        story.ended(number, "succeeded")
    found.promoted(1)
    story.later()
    yield found
    catalog.close()


def test_without_a_trigger_nothing_is_decided(daemon: Daemon) -> None:
    assert daemon.decides() is None
    daemon.declare(DRIFT)
    assert daemon.decides() is None
    assert daemon.decisions() == []


def test_p7_a_window_retrains_once(daemon: Daemon) -> None:
    daemon.declare(DRIFT)
    daemon.scored(DRIFTED)
    first = daemon.decides()
    assert first is not None
    assert (first.action, first.cause, first.at) == ("retrain", "drifted", daemon.story.now)
    assert first.window_key == daemon.story.now.isoformat()
    daemon.ran(first, "rejected")
    for _ in range(3):
        daemon.story.later()
        assert daemon.decides() is None
    daemon.scored(DRIFTED)
    assert daemon.decides() is not None
    assert daemon.decisions() == [("retrain", "drifted")] * 2


def test_p9_a_decision_that_a_crash_left_without_a_run_is_taken_up(daemon: Daemon) -> None:
    daemon.declare(DRIFT)
    daemon.scored(DRIFTED)
    decided = daemon.decides()
    daemon.story.later(30)
    assert daemon.decides() == decided
    daemon.declare()
    assert daemon.decides() == decided, "whatever is declared by then"
    daemon.ran(decided)
    assert daemon.decides() is None


def test_a_run_started_since_is_what_a_left_decision_wanted(daemon: Daemon) -> None:
    daemon.declare(DRIFT)
    daemon.scored(DRIFTED)
    daemon.decides()
    daemon.story.later()
    daemon.ran(None)
    daemon.story.later()
    assert daemon.decides() is None


def test_a_wait_that_says_nothing_new_is_recorded_once(daemon: Daemon) -> None:
    daemon.declare(DRIFT, policy=Policy(cooldown="2d"))
    daemon.ran(None)
    daemon.story.later()
    daemon.scored(DRIFTED)
    waiting = daemon.decides()
    assert waiting is not None
    assert waiting.action == "wait"
    for _ in range(10):
        daemon.story.later()
        assert daemon.decides() is None
    daemon.story.later(48)
    found = daemon.decides()
    assert found is not None
    assert found.action == "retrain", "the cooldown is over, and the window still says so"
    assert daemon.decisions() == [("wait", "drifted"), ("retrain", "drifted")]


def test_p7_a_retraining_is_remembered_however_much_was_decided_since(daemon: Daemon) -> None:
    daemon.declare(DRIFT)
    daemon.scored(DRIFTED)
    decided = daemon.decides()
    assert decided is not None
    daemon.ran(decided)
    with daemon.context.catalog.write() as tx:
        for n in range(60):
            later = daemon.story.later()
            tx.append(replace(decided, id=f"d{n:02d}", cause="fresh", action="wait", at=later))
    assert daemon.decides() is None


def test_a_cause_that_has_retrained_does_not_stand_before_another(daemon: Daemon) -> None:
    daemon.declare(DRIFT, WEEKLY)
    daemon.scored(DRIFTED)
    daemon.ran(daemon.decides(), "rejected")
    daemon.story.later(7 * 24)
    found = daemon.decides()
    assert found is not None
    assert (found.action, found.cause) == ("retrain", "weekly")


def test_fd_40_what_fires_together_is_one_decision(daemon: Daemon) -> None:
    many = [Trigger(name=f"drift-{n}", kind="drift") for n in range(50)]
    daemon.declare(*many, WEEKLY)
    daemon.story.later(8 * 24)
    daemon.scored(DRIFTED)
    found = daemon.decides()
    assert found is not None
    coalesced = found.detail["coalesced"]
    assert isinstance(coalesced, list)
    assert len(coalesced) == 50
    assert coalesced[-1].startswith("weekly: ")
    assert daemon.decisions() == [("retrain", "drift-0")]


def test_fd_41_daemons_that_look_together_come_to_one_decision(daemon: Daemon) -> None:
    daemon.declare(DRIFT)
    daemon.scored(DRIFTED)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: daemon.decides(), range(4)))
    assert len({d.id for d in found if d is not None}) == 1
    assert daemon.decisions() == [("retrain", "drifted")]


def test_fd_43_a_daemon_that_was_down_for_nine_hours_retrains_once(daemon: Daemon) -> None:
    daemon.declare(Trigger(name="hourly", kind="schedule", cron="0 * * * *"))
    daemon.story.later(9)
    daemon.ran(daemon.decides())
    assert daemon.decides() is None
    daemon.story.later()
    assert daemon.decides() is not None


def test_of_a_window_scored_twice_the_newest_counts(daemon: Daemon) -> None:
    daemon.declare(replace_windows(DRIFT, "2 of 3"))
    end = daemon.story.now
    for _ in range(3):
        daemon.scored(DRIFTED, end=end)
        daemon.story.later()
    assert len(daemon.evidence().windows) == 1
    assert daemon.decides() is None, "one window is one window"
    daemon.scored({"drift": "ok", "drifted": []}, end=end)
    daemon.declare(DRIFT)
    assert daemon.decides() is None, "labels or rows that came late changed what it says"


def replace_windows(trigger: Trigger, windows: str) -> Trigger:
    """The trigger, looking at other windows."""
    return Trigger(name=trigger.name, kind=trigger.kind, windows=windows)


def test_only_windows_of_the_champion_since_it_became_champion_count(daemon: Daemon) -> None:
    daemon.declare(DRIFT)
    daemon.scored(DRIFTED, version=f"{NAME}/2")
    assert daemon.evidence().windows == ()
    daemon.scored(DRIFTED)
    assert len(daemon.evidence().windows) == 1
    daemon.story.later()
    daemon.promoted(2)
    assert daemon.evidence().windows == (), "those were of its time as a challenger"
    daemon.story.later()
    daemon.promoted(1)
    found = daemon.evidence()
    assert found.windows == (), "those were of its earlier reign"
    assert found.champion_since == daemon.story.now


def test_evidence_names_the_newest_runs_and_how_they_ended(daemon: Daemon) -> None:
    endings: tuple[RunEventKind, ...] = ("failed", "rejected", "rejected")
    for ended in endings:
        daemon.story.later()
        daemon.ran(None, ended)
    found = daemon.evidence()
    assert [r.ended for r in found.runs][:4] == ["rejected", "rejected", "failed", "succeeded"]
    assert found.rejected_in_a_row == 2
    assert found.champion_since == AT


def _export(daemon: Daemon, rows: int, unlabelled: int) -> None:
    frame = pl.DataFrame(
        {
            "t": [AT - timedelta(hours=rows - n) for n in range(rows)],
            "y": [1.0] * (rows - unlabelled) + [None] * unlabelled,
        }
    )
    frame.write_csv(daemon.context.settings.root / "rides.csv")


def _counted(daemon: Daemon, rows: int, unlabelled: int) -> None:
    """A run that read so many rows."""
    daemon.ran(None)
    with daemon.context.catalog.write() as tx:
        made = run(daemon.runs).id
        tx.append(dataset(f"t1:{rows}", rows), RunDataset(made, "source", f"t1:{rows}"))
        tx.append(StepResult(made, "features", daemon.story.now, 0.1, {"unlabelled": unlabelled}))


@pytest.mark.parametrize("window", [None, "4h"])
def test_new_rows_are_counted_as_the_last_run_counted_them(
    daemon: Daemon, window: str | None
) -> None:
    """Under a window the run keeps few rows, and what it left out is not new."""
    daemon.declare(FRESH, time="t" if window else None, window=window)
    _counted(daemon, 100, 2)
    for rows, fires in ((100, False), (109, False), (110, True)):
        _export(daemon, rows, 2)
        assert daemon.evidence().source_rows == rows - 2
        assert (daemon.decides() is not None) is fires


@pytest.mark.parametrize(
    ("content", "time", "window"),
    [
        pytest.param(None, None, None, id="no such file"),
        pytest.param("x\n1\n", None, None, id="no target"),
        pytest.param("y\n1\n", "t", None, id="no time"),
        pytest.param("y,t\n1,2\n", "t", "1d", id="a time of no instants"),
    ],
)
def test_p3_a_source_that_cannot_be_counted_holds_no_other_trigger_up(
    daemon: Daemon, content: str | None, time: str | None, window: str | None
) -> None:
    if content is not None:
        (daemon.context.settings.root / "rides.csv").write_text(content)
    daemon.declare(FRESH, DRIFT, time=time, window=window)
    daemon.scored(DRIFTED)
    assert daemon.evidence().source_rows is None
    found = daemon.decides()
    assert found is not None
    assert found.cause == "drifted"


def test_the_source_is_left_alone_when_no_trigger_asks(daemon: Daemon) -> None:
    _export(daemon, 100, 0)
    daemon.declare(DRIFT)
    assert daemon.evidence().source_rows is None


def test_a_window_that_is_under_way_is_no_evidence_yet(daemon: Daemon) -> None:
    daemon.declare(DRIFT)
    daemon.scored(DRIFTED, length=DAY / 2)
    assert daemon.decides() is None
    daemon.scored(DRIFTED)
    assert daemon.decides() is not None
