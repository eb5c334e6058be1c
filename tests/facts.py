"""Facts for tests: model versions with everything the catalog wants behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mooring.ids import IdSource, seeded_ids
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Catalog, Transaction
from mooring.lineage.deployments import Change
from mooring.lineage.values import (
    Arm,
    CodeVersion,
    DatasetVersion,
    DeploymentRevision,
    Environment,
    ModelVersion,
    Outcome,
    Run,
    RunEvent,
    RunEventKind,
    Verdict,
)

NAME = "bikes"
AT = datetime(2026, 3, 1, 8, 30, 15, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
CODE = CodeVersion("c1:code", "abc123", "main", False, None, {"pipeline.py": "sha256:1"}, AT)
ENVIRONMENT = Environment("e1:lock", "3.11.7", "linux", {"polars": "2.1"}, AT)


def dataset(digest: str = "t1:aa", rows: int = 1000) -> DatasetVersion:
    """A dataset version with one column."""
    return DatasetVersion(digest, rows, {"temp": "float"}, {"temp": f"{digest}-temp"}, AT)


def run(number: int, *, name: str = NAME, at: datetime = AT, decision: str | None = None) -> Run:
    """A run of the code and environment above."""
    return Run(
        id=f"run-{name}-{number:05d}",
        name=name,
        trigger="by hand",
        because="a test",
        code=CODE.digest,
        environment=ENVIRONMENT.digest,
        params={"depth": 3},
        seed=0,
        at=at,
        decision=decision,
    )


def version(number: int, *, name: str = NAME, at: datetime = AT) -> ModelVersion:
    """A model version of the run with the same number."""
    made_by = f"run-{name}-{number:05d}"
    return ModelVersion(
        f"{name}/{number}", name, number, made_by, f"sha256:{number}", "regression", at
    )


def verdict(  # noqa: PLR0913 - a verdict has as many sides
    id_: str,
    model_version: str,
    outcome: Outcome = "pass",
    *,
    at: datetime = AT,
    until: datetime | None = None,
    run: str | None = None,
) -> Verdict:
    """The model gate's verdict, or an override when the outcome says so."""
    return Verdict(
        id=id_,
        gate="override" if outcome == "override" else "model",
        outcome=outcome,
        at=at,
        by="ana",
        reasons=("because a test says so",),
        run=run,
        model_version=model_version,
        until=until,
    )


def revision(number: int, *, deployment: str = NAME, at: datetime = AT) -> DeploymentRevision:
    """A change of a deployment's traffic, without its arms."""
    return DeploymentRevision(
        f"rev-{deployment}-{number}", deployment, number, "traffic", "a test", "ana", at
    )


def arm(of: str, allowed_by: Verdict, weight: float = 1.0, *, champion: bool = True) -> Arm:
    """An arm of a revision, for the version that a verdict is about."""
    return Arm(
        revision=of,
        model_version=str(allowed_by.model_version),
        weight=weight,
        role="champion" if champion else "challenger",
        verdict=allowed_by.id,
        outcome=allowed_by.outcome,
    )


@dataclass
class Story:
    """Writes a catalog's history one event at a time, an hour apart."""

    catalog: Catalog
    now: datetime = AT
    ids: IdSource = field(default_factory=lambda: seeded_ids(1))

    def later(self, hours: float = 1) -> datetime:
        """Lets time go by."""
        self.now += hours * HOUR
        return self.now

    def change(self, because: str = "a test") -> Change:
        """Ana changes the deployment now."""
        return Change(NAME, because, "ana", self.now, self.ids)

    def made(self, number: int, outcome: Outcome | None = "pass") -> ModelVersion:
        """A run and the version it made, judged when an outcome is given."""
        found = version(number, at=self.now)
        with self.catalog.write() as tx:
            start(tx, run(number, at=self.now))
            tx.append(found)
            if outcome is not None:
                id_ = self.ids(self.now)
                tx.append(verdict(id_, found.id, outcome, at=self.now, run=found.run))
        return found

    def ended(self, number: int, kind: RunEventKind) -> None:
        """How a run ended."""
        with self.catalog.write() as tx:
            made_by = run(number).id
            tx.append(RunEvent(made_by, len(queries.run_events(tx, made_by)) + 1, kind, self.now))


def start(tx: Transaction, started: Run) -> None:
    """A run under way, with its code and environment."""
    tx.append_once(CODE, ENVIRONMENT)
    tx.append(started, RunEvent(started.id, 1, "started", started.at))
