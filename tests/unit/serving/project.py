"""A real project on disk: settings, catalog, artifacts and traffic, without the pipeline."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from sklearn.linear_model import LinearRegression

from mooring.gates.contract import infer_contract, to_bytes
from mooring.ids import seeded_ids
from mooring.lineage.artifacts import ArtifactStore, Manifest
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Catalog, open_catalog
from mooring.lineage.codespace import CodeSpace
from mooring.lineage.deployments import Change, split_traffic
from mooring.lineage.deployments import promote as promotion
from mooring.lineage.loading import answers_of, dump_model, features_of, golden_parts
from mooring.lineage.values import (
    Arm,
    CodeVersion,
    DeploymentRevision,
    Environment,
    ModelVersion,
    Outcome,
    Run,
    StepResult,
    Verdict,
)
from mooring.settings.model import Data, Serving, Settings
from mooring.settings.model import Project as Named

NAME = "bikes"
AT = datetime(2026, 3, 1, tzinfo=UTC)
CODE = b"def features(frame):\n    return frame.select('temp')\n"


def straight(slope: float) -> LinearRegression:
    """A model that answers ``slope * temp``."""
    temp = pl.DataFrame({"temp": [0.0, 1.0, 2.0]})
    model: LinearRegression = LinearRegression().fit(temp, slope * temp["temp"].to_numpy())
    return model


@dataclass
class Project:
    """A project in a folder; each new model version is an artifact and facts in the catalog."""

    root: Path
    serving: Serving = field(default_factory=lambda: Serving(port=0, poll_seconds=0.02))

    def __post_init__(self) -> None:
        """Opens the catalog."""
        self.settings = Settings(
            project=Named(name=NAME),
            data=Data(source="rides.csv", target="rentals", task="regression"),
            serving=self.serving,
            root=self.root,
        )
        self.store = ArtifactStore(self.settings.state / "artifacts")
        self.catalog: Catalog = open_catalog(self.settings.catalog_dsn)
        self.ids = seeded_ids(7)
        self.now = AT
        self._made = 0

    def artifact(self, model: object, rows: pl.DataFrame, code: bytes = CODE) -> str:
        """Writes a model with its code, contract and golden rows; the digest."""
        space = CodeSpace({"pipeline.py": code}, self.root, "pipeline.py")
        frame = features_of(space, rows, "polars")
        answers = answers_of(model, frame, "regression")
        data, trusted = dump_model(model, "skops", space)
        names = tuple(rows.columns)
        contract = infer_contract(rows, target="rentals", time=None, inputs=names)
        parts = {
            "model.skops": data,
            "code/pipeline.py": code,
            "contract.json": to_bytes(contract),
            **golden_parts(rows, answers),
        }
        manifest = Manifest(
            name=NAME,
            task="regression",
            model_format="skops",
            trusted=trusted,
            features=tuple(frame.columns),
        )
        return self.store.write(manifest, parts)

    def version(
        self, slope: float = 2.0, outcome: Outcome | None = "pass", until: timedelta | None = None
    ) -> str:
        """A model version that answers ``slope * temp``, with a verdict; its id."""
        rows = pl.DataFrame({"temp": [0.5, 1.5, 3.0]})
        return self.register(self.artifact(straight(slope), rows), outcome, until)

    def register(
        self, artifact: str, outcome: Outcome | None = "pass", until: timedelta | None = None
    ) -> str:
        """Facts about an artifact: its run, its number, and a verdict unless it is None."""
        self._made += 1
        at = AT + timedelta(minutes=self._made)
        run = Run(self.ids(at), NAME, "hand", "a test", "code", "env", {}, 0, at)
        with self.catalog.write() as tx:
            tx.append_once(
                CodeVersion("code", None, None, False, None, {}, at),
                Environment("env", "3.11", "linux", {}, at),
            )
            number = queries.next_version_number(tx, NAME)
            version = ModelVersion(
                f"{NAME}/{number}", NAME, number, run.id, artifact, "regression", at
            )
            tx.append(run, version)
        if outcome is not None:
            self.judge(version.id, outcome, until)
        return version.id

    def judge(self, version: str, outcome: Outcome, until: timedelta | None = None) -> None:
        """A verdict on a version."""
        span = until if until is not None else timedelta(days=1)
        verdict = Verdict(
            id=self.ids(AT),
            gate="override" if outcome == "override" else "model",
            outcome=outcome,
            at=AT,
            by="a test",
            reasons=("because",),
            model_version=version,
            until=AT + span if outcome == "override" else None,
        )
        with self.catalog.write() as tx:
            tx.append(verdict)

    def artifact_of(self, version: str) -> str:
        """The digest of a version's artifact."""
        with self.catalog.read() as tx:
            return queries.get(tx, ModelVersion, version).artifact

    def break_catalog(self) -> None:
        """Renames a table away."""
        self._sql("ALTER TABLE model_version RENAME TO gone")

    def mend_catalog(self) -> None:
        """Gives it its name back."""
        self._sql("ALTER TABLE gone RENAME TO model_version")

    def registered(self, version: str, outcome: Outcome) -> None:
        """What the run that made a version recorded of it."""
        with self.catalog.write() as tx:
            found = queries.get(tx, ModelVersion, version)
            verdict = queries.verdicts(tx, version)[-1].id
            said = {"verdict": verdict, "outcome": outcome, "artifact": found.artifact}
            tx.append(StepResult(found.run, "register", AT, 0.1, said))

    def past_the_guards(self, version: str) -> None:
        """Writes a revision for a version's newest verdict, as any SQL client may."""
        with self.catalog.write() as tx:
            verdict = queries.verdicts(tx, version)[-1]
            revision = DeploymentRevision("by hand", NAME, 1, "traffic", "sql", "eve", AT)
            arm = Arm(revision.id, version, 1.0, "champion", verdict.id, verdict.outcome)
            tx.append(revision, arm)

    def without_guards(self, statement: str) -> None:
        """Drops every trigger and runs a statement without foreign keys or checks."""
        with closing(sqlite3.connect(self.settings.state / "catalog.db")) as connection:
            names = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (name,) in connection.execute(names).fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.execute(statement)
            connection.commit()

    @contextmanager
    def restored_later(self) -> Iterator[Callable[[], None]]:
        """Takes a backup of the catalog; what is given puts it back."""
        path = self.settings.state / "catalog.db"
        with closing(sqlite3.connect(":memory:")) as backup, closing(sqlite3.connect(path)) as now:
            now.backup(backup)
            yield lambda: backup.backup(now)

    def _sql(self, statement: str) -> None:
        with closing(sqlite3.connect(self.settings.state / "catalog.db")) as connection:
            connection.execute("PRAGMA legacy_alter_table = ON")
            connection.execute(statement)

    def promote(self, version: str) -> None:
        """Gives a version all of the traffic."""
        self._change(lambda tx, change: promotion(tx, change, version))

    def split(self, **weights: float) -> None:
        """Divides the traffic: ``split(v2=0.1)``."""
        shares = {f"{NAME}/{name.removeprefix('v')}": w for name, w in weights.items()}
        self._change(lambda tx, change: split_traffic(tx, change, shares))

    def _change(self, make: Callable[..., queries.Traffic]) -> None:
        change = Change(NAME, "a test", "a test", self.now, self.ids)
        with self.catalog.write() as tx:
            made = make(tx, change)
            tx.append(made.revision, *made.arms)
