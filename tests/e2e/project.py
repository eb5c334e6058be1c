"""A small real project, and the commands a user types in it."""

from __future__ import annotations

import io
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from mooring.cli import main
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction, open_catalog
from mooring.lineage.catalog.queries import Traffic
from mooring.lineage.values import Run

NAME = "rides"
ME = pwd.getpwuid(os.geteuid()).pw_name
"""Who overrides, as the machine has it."""
SETTINGS = f"""\
[project]
name = "{NAME}"

[data]
source = "data.csv"
target = "cnt"
task = "regression"
time = "at"

[pipeline]
model_format = "pickle"

[params]
alpha = 50.0
"""
PIPELINE = '''\
"""Least squares without a library, so that each command starts in a second."""

import numpy as np
import polars as pl


class Line:
    def __init__(self, weights):
        self.weights = weights

    def predict(self, X):
        return self.weights[0] + X.to_numpy() @ self.weights[1:]


def features(frame):
    return frame.select(pl.col("temp", "hum").cast(pl.Float64))


def train(X, y, params):
    rows = np.column_stack([np.ones(X.height), X.to_numpy()])
    square = rows.T @ rows + params["alpha"] * np.eye(rows.shape[1])
    return Line(np.linalg.solve(square, rows.T @ y))
'''
WEAK, STRONG = "alpha = 50.0", "alpha = 0.01"
"""A model that the gate lets pass, and one that is surely better."""

_FEW_THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


def rides(rows: int = 400, seed: int = 0) -> pl.DataFrame:
    """Hourly rows in which warmth raises the demand and rain lowers it."""
    random = np.random.default_rng(seed)
    temp, hum = random.uniform(size=rows).round(4), random.uniform(size=rows).round(4)
    first = datetime(2026, 1, 1)  # noqa: DTZ001 - a file without zones
    return pl.DataFrame(
        {
            "at": [first + timedelta(hours=hour) for hour in range(rows)],
            "temp": temp,
            "hum": hum,
            "cnt": (100 * temp - 30 * hum + random.normal(0, 5, rows)).round(3),
        }
    )


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a project in it."""

    root: Path

    def write(self, name: str, content: str) -> None:
        """Writes one of its files."""
        (self.root / name).write_text(content, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        """Edits one of its files."""
        content = (self.root / name).read_text(encoding="utf-8")
        assert old in content
        self.write(name, content.replace(old, new))

    def data(self, frame: pl.DataFrame) -> None:
        """Writes its data."""
        frame.write_csv(self.root / "data.csv")

    def mooring(self, *words: str) -> Said:
        """A command in this process: the same code as a child's, without its start."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main(["-C", str(self.root), *words])
            except SystemExit as stop:
                code = stop.code
        assert isinstance(code, int)
        return Said(code, out.getvalue(), err.getvalue())

    def start(
        self, *words: str, under: tuple[str, ...] = (), **environment: str
    ) -> subprocess.Popen[str]:
        """A command in a process of its own; ``under`` is what runs it, such as a tracer."""
        return subprocess.Popen(
            [*under, sys.executable, "-m", "mooring", *words],
            cwd=self.root,
            env={**os.environ, **_FEW_THREADS, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def child(self, *words: str, under: tuple[str, ...] = (), **environment: str) -> Said:
        """A command in a process of its own, waited for."""
        with self.start(*words, under=under, **environment) as process:
            out, err = process.communicate(timeout=60)
        return Said(process.returncode, out, err)

    @contextmanager
    def catalog(self) -> Iterator[Transaction]:
        """A view of what it has recorded."""
        catalog = open_catalog(f"sqlite:///{self.root / '.mooring' / 'catalog.db'}")
        try:
            with catalog.read() as tx:
                yield tx
        finally:
            catalog.close()

    def traffic(self) -> Traffic:
        """The split in force."""
        with self.catalog() as tx:
            traffic = queries.traffic(tx, NAME)
        assert traffic is not None
        return traffic

    def shares(self) -> dict[str, float]:
        """The split in force as weights by model version."""
        return {arm.model_version: arm.weight for arm in self.traffic().arms}

    def latest_run(self) -> Run:
        """The newest run."""
        with self.catalog() as tx:
            return queries.latest_runs(tx, NAME, 1)[0]

    def events(self, run: str) -> list[str]:
        """What happened to a run."""
        with self.catalog() as tx:
            return [event.kind for event in queries.run_events(tx, run)]


def make_project(root: Path) -> Project:
    """A new project that has not run yet."""
    project = Project(root)
    root.mkdir(parents=True, exist_ok=True)
    project.write("mooring.toml", SETTINGS)
    project.write("pipeline.py", PIPELINE)
    project.data(rides())
    return project
