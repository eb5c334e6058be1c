"""``reproduce``: from a model version back to its code, rows and environment, and forward again."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from mooring.errors import MooringError, RunError
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.environment import capture_environment
from mooring.lineage.values import (
    CodeVersion,
    DatasetVersion,
    Environment,
    Json,
    ModelVersion,
    Reproduction,
    Run,
)
from mooring.pipeline.context import Context
from mooring.pipeline.reproduce.judging import Judged, Metrics, judge
from mooring.pipeline.reproduce.order import Order, Trained
from mooring.pipeline.reproduce.placing import (
    Interpreter,
    Placed,
    place_code,
    place_environment,
)
from mooring.pipeline.resuming import declared
from mooring.settings.model import ProjectFile

TOLERANCE = 1e-6
"""As golden rows have it: between processors, sums of floats differ by less."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How to reproduce: where else the rows may be, in which environment, how close is the same."""

    data: str | None = None
    here: bool = False
    tolerance: float = TOLERANCE


@dataclass(frozen=True, slots=True)
class _Made:
    """What the catalog says a version was made from."""

    version: ModelVersion
    run: Run
    code: CodeVersion
    environment: Environment
    file: ProjectFile
    datasets: dict[str, str]
    source: DatasetVersion
    contract: str
    quarantined: str
    metrics: Metrics


def reproduce(
    context: Context, version: ModelVersion, asked: Asked, say: Callable[[str], None]
) -> Reproduction:
    """Trains a model version again in a temporary folder, and records how far the two differ.

    The code is checked out, the rows are found by their digest, the environment is this one where
    it is equal, else one that uv builds. A process of its own trains; the project's state is only
    read, and one fact is appended to it. When the two differ it is trained a second time, to tell
    a training that differs from itself from a world that has changed (FD-29).

    Parameters
    ----------
    context : Context
    version : ModelVersion
    asked : Asked
    say : callable
        Told what happens, a line each.

    Returns
    -------
    Reproduction
        ``cannot_tell`` when the rows, the code or the environment are not to be had any more.

    Examples
    --------
    ``reproduce(context, version, Asked(), print).outcome``
    """
    with tempfile.TemporaryDirectory(prefix="mooring-reproduce-") as folder:
        judged, detail = _attempt(context, version, asked, say, Path(folder))
    now = context.clock()
    reproduction = Reproduction(
        id=context.ids(now),
        model_version=version.id,
        outcome=judged.outcome,
        by=context.by,
        at=now,
        reasons=judged.reasons,
        detail=detail,
    )
    with context.catalog.write() as tx:
        tx.append(reproduction)
    return reproduction


def _attempt(
    context: Context, version: ModelVersion, asked: Asked, say: Callable[[str], None], folder: Path
) -> tuple[Judged, dict[str, object]]:
    try:
        with context.catalog.read() as tx:
            made = _made(context, tx, version)
        code = place_code(context, made.code, version.artifact, folder)
        say(code.said)
        found = capture_environment(context.clock())
        python = place_environment(made.environment, found, folder, here=asked.here, say=say)
        say(python.said)
        first = _train(_order(context, made, asked, code, folder / "first"), python)
        second = None
        if first.artifact not in {"", version.artifact}:
            again = _order(context, made, asked, code, folder / "second")
            against = str(folder / "first" / "artifacts")
            again = msgspec.structs.replace(again, artifacts=against, artifact=first.artifact)
            second = _train(again, python)
    except MooringError as error:
        why = f"{error.what} ({error.where})" if error.where else error.what
        return Judged("cannot_tell", (why, *([error.fix] if error.fix else []))), {}
    judged = judge(version.artifact, made.metrics, first, second, asked.tolerance)
    return judged, _detail(made, asked, (code.said, python.said), first, second)


def _made(context: Context, tx: Transaction, version: ModelVersion) -> _Made:
    run = queries.get(tx, Run, version.run)
    steps = {step.step: step.result for step in queries.step_results(tx, run.id)}
    used = {one.role: one.dataset for one in queries.run_datasets(tx, run.id)}
    if "validate" not in steps or "source" not in used:
        raise RunError(
            f"{version.id} was not made by a run here: nothing says from which rows",
            fix="only what mooring run made can be made again",
        )
    metrics: dict[str, dict[str, float]] = {}
    for metric in queries.metrics(tx, version.id):
        metrics.setdefault(metric.role, {})[metric.name] = metric.value
    return _Made(
        version=version,
        run=replace(run, decision=None),
        code=queries.get(tx, CodeVersion, run.code),
        environment=queries.get(tx, Environment, run.environment),
        file=_file(context, queries.run_events(tx, run.id)[0].detail),
        datasets={str(role): dataset for role, dataset in used.items()},
        source=queries.get(tx, DatasetVersion, used["source"]),
        contract=str(steps["validate"]["contract"]),
        quarantined=_quarantined(steps["validate"]),
        metrics=metrics,
    )


def _quarantined(validated: Json) -> str:
    """The file of the rows that the contract took out, relative to the project's state."""
    taken = validated.get("quarantined")
    return str(taken["file"]) if isinstance(taken, dict) else ""


def _file(context: Context, started: object) -> ProjectFile:
    """The settings of a run: as it recorded them, or today's while they are provably the same."""
    detail = started if isinstance(started, dict) else {}
    if "declared" in detail:
        tables = {"project": {"name": context.name}, **detail["declared"]}
        try:
            return msgspec.convert(tables, ProjectFile)
        except msgspec.ValidationError as error:
            raise RunError(
                f"the settings it was trained with are not understood: {error}",
                fix="reproduce it with the Mooring that made it",
            ) from error
    now = declared(context.settings)
    odd = [name for name, digest in detail.get("settings", {}).items() if now.get(name) != digest]
    if odd or not detail.get("settings"):
        raise RunError(
            "the settings it was trained with were not kept, and today's are others",
            where=f"mooring.toml, {', '.join(f'[{name}]' for name in odd)}",
        )
    settings = context.settings
    return ProjectFile(**{name: getattr(settings, name) for name in ProjectFile.__struct_fields__})


def _order(context: Context, made: _Made, asked: Asked, code: Placed, work: Path) -> Order:
    work.mkdir()
    contract = work / "contract.json"
    contract.write_bytes(context.blobs.get(made.contract))
    source = made.file.data.source
    places = [str(context.settings.root / source)]
    if (code.folder / source).exists():  # the commit holds the rows too
        places.append(str(code.folder / source))
    return Order(
        file=made.file,
        project=str(code.folder),
        work=str(work),
        run=made.run,
        code=made.code,
        environment=made.environment,
        contract=str(contract),
        sources=(str(Path(asked.data).resolve()),) if asked.data else tuple(places),
        datasets=made.datasets,
        quarantined=made.quarantined and str(context.settings.state.resolve() / made.quarantined),
        rows=made.source.rows,
        columns=dict(made.source.columns),
        artifacts=str(context.store.root.resolve()),
        artifact=made.version.artifact,
        tolerance=asked.tolerance,
        at=context.clock(),
    )


def _train(order: Order, python: Interpreter) -> Trained:
    """Trains in a process of its own, in the folder that stands for the project's."""
    asked, answer = Path(order.work) / "order.json", Path(order.work) / "answer.json"
    asked.write_bytes(msgspec.json.encode(order))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOORING_")}
    if python.path is not None:
        kept["PYTHONPATH"] = str(python.path)
    module = "mooring.pipeline.reproduce.child"
    done = subprocess.run(  # noqa: S603 - a list of words, no shell
        [str(python.python), "-m", module, str(asked), str(answer)],
        cwd=order.project,
        env=kept,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not answer.is_file():
        lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise RunError("training again did not come to its end", where=lines[-1][:400])
    return msgspec.json.decode(answer.read_bytes(), type=Trained)


def _detail(
    made: _Made, asked: Asked, said: tuple[str, ...], first: Trained, second: Trained | None
) -> dict[str, object]:
    return {
        "artifact": {"was": made.version.artifact, "is": first.artifact or None},
        "identical": first.artifact == made.version.artifact,
        "parts": list(first.parts),
        "metrics": {"was": made.metrics, "is": first.metrics},
        "predictions": msgspec.to_builtins(first.predictions),
        "tolerance": asked.tolerance,
        "source": first.source,
        "rows_since": first.grown,
        "said": list(said),
        "twice": None if second is None else second.artifact == first.artifact,
    }
