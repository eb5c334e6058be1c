"""A project whose first model version is in traffic, made once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mooring.bootstrap import open_log, open_project, settings_of
from mooring.ids import seeded_ids
from mooring.lineage.canonical import canonical_json
from mooring.lineage.catalog import queries
from mooring.lineage.values import Alert, ModelVersion, WindowScore
from mooring.monitoring.versions import VersionCache
from mooring.pipeline.context import Context
from mooring.pipeline.run import Reason, run_pipeline
from mooring.serving.log import Label, PredictionLog, PredictionRecord

DEPLOYED = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)

TOML = """
[project]
name = "bikes"
[data]
source = "rides.parquet"
target = "rides"
task = "regression"
label_delay = "1d"
[monitoring]
window = "1d"
every = "1d"
top_k = 2
min_rows = 50
"""
CODE = """
from sklearn.linear_model import LinearRegression

def features(frame):
    return frame.select("temp", "wind", "noise")

def train(X, y, params):
    return LinearRegression().fit(X, y)
"""


def rides(rows: int, seed: int, warmer: float = 0.0, harder: float = 0.0) -> pl.DataFrame:
    """Rides that follow the temperature; ``harder`` adds to the truth what no feature tells."""
    generator = np.random.default_rng(seed)
    temp, wind, noise = generator.normal(size=(3, rows))
    temp = temp + warmer
    truth = 50 + 20 * temp - 5 * wind + generator.normal(0, 1, rows) + harder
    return pl.DataFrame({"temp": temp, "wind": wind, "noise": noise, "rides": truth})


@dataclass
class Living:
    """A project, its log and the time of day."""

    context: Context
    log: PredictionLog
    versions: VersionCache
    clock: list[datetime]
    waiting: list[Label] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """What the project's clock says."""
        return self.clock[0]

    def sleep(self, span: timedelta) -> None:
        """Lets time pass."""
        self.clock[0] += span

    def serve(self, frame: pl.DataFrame, ages: Sequence[timedelta | None] = ()) -> None:
        """A day of predictions by the champion, from now on; the labels wait.

        ``ages`` are how old the features of each row are, where requests say it.
        """
        with self.context.catalog.read() as tx:
            traffic = queries.traffic(tx, "bikes")
            assert traffic is not None
            version = queries.get(tx, ModelVersion, traffic.champion.model_version)
        inputs = frame.drop("rides")
        answers = self.versions.get(version.artifact).loaded.answers(inputs).predictions.tolist()
        records = []
        for place, (row, said) in enumerate(zip(inputs.to_dicts(), answers, strict=True)):
            at = self.now + DAY * place / frame.height
            name = self.context.ids(at)
            record = PredictionRecord(
                *(name, at, "bikes", version.id, None, canonical_json(row), said, None),
                context=_computed(at, ages[place]) if ages else None,
            )
            records.append(record)
            self.waiting.append(Label(name, frame["rides"][place], at + DAY))
        self.log.append(records)

    def label(self, share: float = 1.0) -> None:
        """The waiting labels come in, or the first part of them."""
        known = self.waiting[: round(share * len(self.waiting))]
        self.log.add_labels("bikes", known, self.now)
        self.waiting = []

    def scores(self) -> tuple[WindowScore, ...]:
        """Everything that was recorded, newest first."""
        with self.context.catalog.read() as tx:
            return queries.window_scores(tx, "bikes", 100)

    def alerts(self) -> list[Alert]:
        """Every alert, oldest first."""
        with self.context.catalog.read() as tx:
            return list(reversed(queries.alerts(tx, "bikes", 100)))


def _computed(at: datetime, age: timedelta | None) -> bytes:
    return canonical_json({} if age is None else {"computed_at": (at - age).isoformat()})


@contextmanager
def living(folder: Path, clock: list[datetime], seed: int) -> Iterator[Living]:
    """Opens the project in a folder."""
    settings = settings_of(str(folder), {})
    with (
        open_project(settings, clock=lambda: clock[0], ids=seeded_ids(seed)) as context,
        open_log(settings) as log,
    ):
        yield Living(context, log, VersionCache(context.store), clock)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project with one run behind it."""
    folder = tmp_path_factory.mktemp("bikes")
    (folder / "mooring.toml").write_text(TOML)
    (folder / "pipeline.py").write_text(CODE)
    rides(1500, 0).write_parquet(folder / "rides.parquet")
    with living(folder, [DEPLOYED], 1) as made:
        run_pipeline(made.context, Reason("by hand", "the first"))
    return folder


@pytest.fixture
def project_folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(trained, tmp_path / "bikes"))


@pytest.fixture
def project(project_folder: Path) -> Iterator[Living]:
    """That project, opened at the instant it was deployed."""
    with living(project_folder, [DEPLOYED], 2) as opened:
        yield opened
