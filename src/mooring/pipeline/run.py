"""One run, from its reason to its end: started, resumed, succeeded, rejected, failed or crashed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mooring.errors import GateRefused, MooringError, RunError, UserCodeError
from mooring.gates.metrics import find_metric
from mooring.gates.model_gate import deciding_metric
from mooring.lineage.catalog import queries
from mooring.lineage.code import capture_code
from mooring.lineage.codespace import CodeSpace
from mooring.lineage.environment import capture_environment
from mooring.lineage.imports import local_files
from mooring.lineage.standing import record_expiry
from mooring.lineage.values import Json, ModelVersion, Run, RunEventKind
from mooring.pipeline.candidate import Candidate
from mooring.pipeline.context import Context
from mooring.pipeline.locking import only_one
from mooring.pipeline.plan import plan
from mooring.pipeline.recording import CatalogRecorder, add_event, append_facts
from mooring.pipeline.resuming import check_unchanged, declared, spoken
from mooring.pipeline.runner import Progress, execute


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run is made: the trigger's name, a sentence, and the decision behind it if any."""

    trigger: str
    because: str
    decision: str | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that came to its end, and the model version it put into traffic."""

    run: Run
    version: ModelVersion


def run_pipeline(context: Context, reason: Reason, progress: Progress | None = None) -> Finished:
    """Takes the one road: extract, data gate, features, train, evaluate, judge, register, deploy.

    Runs that a crash left unfinished are marked first, so none stays under way for ever (FD-31).

    Parameters
    ----------
    context : Context
        The project.
    reason : Reason
        Kept in the run's lineage.
    progress : Progress, optional
        Told of each step as it starts.

    Raises
    ------
    SettingsError
        When the metric that shall judge does not fit the task.
    RunBusy
        When another run of the project is under way.
    GateRefused, NotEnoughEvidence
        When a gate did not pass; the traffic is as it was.
    MooringError
        When a step failed; the run is marked, and says at which step.
    """
    # A metric that does not fit the task would otherwise be found out after the training.
    task, gate = context.settings.data.task, context.settings.gates.model
    deciding_metric(task, gate.metric)
    for name in gate.guardrails:
        find_metric(task, name)
    with only_one(context.settings.state / "run.lock"):
        mark_crashed(context)
        record_expiry(context.catalog, context.name, context.clock(), context.ids)
        run = _begin(context, reason)
        return _execute(context, run, progress)


def resume_run(context: Context, run_id: str, progress: Progress | None = None) -> Finished:
    """Goes on with a run that was killed, from the first step without a result.

    A run that failed may go on as well: what stopped it, a full disk say, may be over.

    Raises
    ------
    RunError
        When the run ended, or its code, settings, environment or data have changed since.
    """
    with only_one(context.settings.state / "run.lock"):
        mark_crashed(context)
        with context.catalog.read() as tx:
            run = queries.get(tx, Run, run_id)
            events = queries.run_events(tx, run.id)
        if events[-1].kind in {"succeeded", "rejected"}:
            raise RunError(f"run {run.id} has ended: {events[-1].kind}", fix="mooring run")
        now = context.clock()
        code, _ = capture_code(*_sources(context), now)
        check_unchanged(run, events[0], context.settings, code, capture_environment(now))
        _add(context, run, "resumed")
        return _execute(context, run, progress)


def mark_crashed(context: Context) -> tuple[Run, ...]:
    """Marks the runs that no process executes any more; the caller holds the lock.

    One that was killed after its last step, before its end was written, has succeeded.
    """
    last = plan(context)[-1].name
    with context.catalog.write() as tx:
        left = queries.unfinished_runs(tx, context.name)
        for run in left:
            done = [result.step for result in queries.step_results(tx, run.id)]
            ended: RunEventKind = "succeeded" if last in done else "crashed"
            add_event(tx, run.id, ended, context.clock, {"steps_done": done})
    return left


def _sources(context: Context) -> tuple[Path, dict[str, bytes]]:
    """The project's code as it stands, whether or not it can be imported: the run will tell."""
    entry = context.settings.root / context.settings.pipeline.code
    try:
        return entry.parent, local_files(entry.parent, entry.name)
    except UserCodeError:
        # swallow: importing it, in the run, says the same with the run recorded
        return entry.parent, {entry.name: entry.read_bytes()} if entry.is_file() else {}


def _begin(context: Context, reason: Reason) -> Run:
    now = context.clock()
    code, blobs = capture_code(*_sources(context), now)
    for data in blobs.values():
        context.blobs.put(data)
    environment = capture_environment(now)
    run = Run(
        id=context.ids(now),
        name=context.name,
        trigger=reason.trigger,
        because=reason.because,
        code=code.digest,
        environment=environment.digest,
        params=context.settings.params,
        seed=context.settings.pipeline.seed,
        at=now,
        decision=reason.decision,
    )
    detail = {"settings": declared(context.settings), "declared": spoken(context.settings)}
    with context.catalog.write() as tx:
        append_facts(tx, (code, environment, run))
        add_event(tx, run.id, "started", context.clock, detail)
    return run


def _execute(context: Context, run: Run, progress: Progress | None) -> Finished:
    recorder = CatalogRecorder(context.catalog, run.id, context.clock)
    with _ending(context, run):
        space = CodeSpace.load(context.settings.root, context.settings.pipeline.code)
        finished = execute(plan(context), Candidate(run, space), recorder, progress)
    if finished.version is None:
        raise RunError(f"run {run.id} ended without a model version")
    return Finished(run, finished.version)


@contextmanager
def _ending(context: Context, run: Run) -> Iterator[None]:
    """Records how the run ends, whatever ends it short of a kill.

    What only a resumption needs goes with a run that cannot be resumed.
    """
    try:
        yield
    except GateRefused as refused:
        _add(context, run, "rejected", {"error": refused.what, "where": refused.where})
        shutil.rmtree(context.run_folder(run.id), ignore_errors=True)
        raise
    except MooringError as error:
        _add(context, run, "failed", {"error": error.what, "where": error.where})
        raise
    except KeyboardInterrupt:
        _add(context, run, "failed", {"error": "stopped by SIGINT or SIGTERM"})
        raise
    except BaseException as error:
        _add(context, run, "failed", {"error": f"{type(error).__name__}: {error}"})
        raise
    _add(context, run, "succeeded")
    shutil.rmtree(context.run_folder(run.id), ignore_errors=True)


def _add(context: Context, run: Run, kind: RunEventKind, detail: Json | None = None) -> None:
    with context.catalog.write() as tx:
        add_event(tx, run.id, kind, context.clock, detail)
