"""How long the verbs that only read take on a large catalog, from the shell's point of view.

Fills a catalog with model versions (each with its run, five events and steps, three datasets, eight
metrics, two verdicts) and a revision for every second of them, then runs the verbs as processes.

    python bench/catalog.py [--versions 10000] [--times 7]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import click

from mooring.ids import IdSource, seeded_ids
from mooring.lineage.catalog.engine import open_catalog
from mooring.lineage.values import (
    Alert,
    Arm,
    CodeVersion,
    DatasetSource,
    DatasetVersion,
    Decision,
    DeploymentRevision,
    Environment,
    Fact,
    Metric,
    ModelVersion,
    Role,
    Run,
    RunDataset,
    RunEvent,
    StepResult,
    Verdict,
    WindowScore,
)
from mooring.settings import load_settings

NAME = "bench"
START = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FILE = f"""[project]
name = "{NAME}"

[data]
source = "data.parquet"
target = "y"
task = "binary"
"""
ROLES: tuple[Role, ...] = ("training", "validation", "holdout")
METRICS = ("accuracy", "f1", "log_loss", "roc_auc")
REASONS = ("log_loss 0.412 against 0.431 of the champion, gain 4.4 %", "interval [1.2 %, 7.6 %]")
VERBS = (
    ("--help",),
    ("status",),
    ("status", "--json"),
    ("lineage",),
    ("lineage", "--json"),
    ("lineage", "--at", "2020-06-01"),
    ("lineage", "--dataset", "00000042training"),
)


def shared() -> Iterator[Fact]:
    """What many versions have in common."""
    packages = {f"package-{n}": "1.0" for n in range(60)}
    yield Environment("e1:lock", "3.11", "linux", packages, START)
    yield CodeVersion("c1:code", "0" * 40, "main", False, None, {"pipeline.py": "sha256:0"}, START)


def version(number: int, ids: IdSource) -> Iterator[Fact]:
    """A version and everything behind it; every second one is deployed."""
    at = START + number * HOUR
    run, model_version = ids(at), f"{NAME}/{number}"
    yield Run(run, NAME, "drift", "temp moved", "c1:code", "e1:lock", {"depth": 3}, 0, at)
    yield RunEvent(run, 1, "started", at)
    for step in ("extract", "validate", "train"):
        yield StepResult(run, step, at, 1.5, {"rows": 10_000, "note": "x" * 200})
    for role in ROLES:
        digest = f"t1:{number:08d}{role}"
        yield DatasetVersion(digest, 10_000, {"a": "float"}, {"a": "x" * 64}, at)
        yield DatasetSource(digest, "data.parquet", at)
        yield RunDataset(run, role, digest)
    yield ModelVersion(model_version, NAME, number, run, f"sha256:{number:064d}", "binary", at)
    for metric in METRICS:
        yield Metric(model_version, "validation", metric, 0.8, 1000)
        yield Metric(model_version, "holdout", metric, 0.8, 2000)
    passed = Verdict(
        ids(at), "model", "pass", at, "watch", REASONS, run, model_version, None, None, {"n": 2000}
    )
    yield Verdict(ids(at), "data", "pass", at, "watch", (), run, evidence={"note": "x" * 500})
    yield passed
    yield RunEvent(run, 2, "succeeded", at)
    if number % 2 == 0:
        revision = DeploymentRevision(
            ids(at), NAME, number // 2, "deploy", "temp moved", "watch", at
        )
        yield revision
        yield Arm(revision.id, model_version, 1.0, "champion", passed.id, "pass")
    yield Decision(ids(at), NAME, "drift", at.isoformat(), "wait", "cooling down", at)
    detail = {"drift": "ok", "watched": [{"name": "x" * 10, "psi": 0.1}] * 10}
    window = (NAME, model_version, at - HOUR, at, at, 1000, 500)
    yield WindowScore(ids(at), *window, "ok", 0.1, detail)
    if number % 10 == 0:
        yield Alert(ids(at), NAME, "drift", "notify", "temp moved", "by 0.3", at)


def fill(root: Path, versions: int) -> float:
    """Makes the project; the seconds that filling its catalog took."""
    (root / "mooring.toml").write_text(FILE, encoding="utf-8")
    catalog = open_catalog(load_settings(root, {}).catalog_dsn)
    ids, started = seeded_ids(1), perf_counter()
    with catalog.write() as tx:
        tx.append(*shared())
    for first in range(1, versions + 1, 500):
        with catalog.write() as tx:
            for number in range(first, min(first + 500, versions + 1)):
                tx.append(*version(number, ids))
    catalog.close()
    return perf_counter() - started


def seconds(root: Path, verb: tuple[str, ...]) -> float:
    """How long one process takes, from its start to its end."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [str(Path(sys.executable).with_name("mooring")), "-C", str(root), *verb]
    started = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603
    return perf_counter() - started


@click.command()
@click.option("--versions", default=10_000, show_default=True)
@click.option("--times", default=7, show_default=True)
def main(versions: int, times: int) -> None:
    """Print the median of each verb."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        took = fill(root, versions)
        size = sum(file.stat().st_size for file in (root / ".mooring").iterdir())
        click.echo(f"{versions:,} model versions: {took:.1f} s to fill, {size / 2**20:.0f} MB")
        for verb in VERBS:
            seconds(root, verb)
            taken = [seconds(root, verb) for _ in range(times)]
            click.echo(
                f"{median(taken):7.3f} s  (least {min(taken):.3f})  mooring {' '.join(verb)}"
            )


if __name__ == "__main__":
    main()
