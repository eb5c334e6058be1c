"""Latency, size, load time and memory of a model version that was tried in a fresh process."""

from __future__ import annotations

from dataclasses import asdict

from mooring.gates.model.match import Finding, unknown
from mooring.lineage.fresh import Fault, Trial
from mooring.settings.model import ModelGate

MB = 2**20
TOLD_ABOVE = 2.0
"""Times the champion's at which a person is told. The champion was measured at another time, and a
busy machine makes the same model ten times slower. So processor time is compared: beside three busy
processes a core it lay at most 1.5 times apart, and memory and files did not vary by a hundredth
(``bench/gates/trials.py``)."""

_Limit = tuple[float | None, str, str]


def trial_findings(
    rules: ModelGate,
    trial: Trial | Fault | None,
    name: str = "the champion",
    before: Trial | None = None,
) -> list[Finding]:
    """What was measured, beside the champion's, and each limit that the settings declare.

    Parameters
    ----------
    rules : ModelGate
    trial : Trial, Fault or None
        The fault when there was one; None when nothing was tried.
    name : str
        Of the champion, as a reason should call it.
    before : Trial, optional
        What was measured of it when it was judged.

    Returns
    -------
    list of Finding
        A model version that cannot be loaded or cannot answer fails. Where the measuring failed
        a limit cannot tell; without a limit that is a warning.
    """
    limits: dict[str, _Limit] = {
        "latency": (rules.max_latency_ms, "max_latency_ms", "ms"),
        "load time": (rules.max_load_seconds, "max_load_seconds", "s"),
        "memory": (rules.max_memory_mb, "max_memory_mb", "MB"),
        "size": (rules.max_size_mb, "max_size_mb", "MB"),
    }
    declared = {part: limit for part, limit in limits.items() if limit[0] is not None}
    if isinstance(trial, Trial):
        measured = [_limited(part, limit, trial) for part, limit in declared.items()]
        return [_compared(trial, name, before), *measured]
    if trial is not None and trial.of_model:
        said = f"in a process of its own the candidate {trial.reason}"
        return [Finding("fresh process", "fail", said)]
    because = "" if trial is None else f": a fresh process {trial.reason}"
    if trial is not None and not declared:
        said = f"a warning: nothing was measured{because}"
        return [Finding("fresh process", "pass", said, warned=True)]
    return [
        unknown(part, f"the {part} was not measured (gates.model.{key} limits it){because}")
        for part, (_, key, _) in declared.items()
    ]


def _values(trial: Trial) -> dict[str, float]:
    return {
        "latency": trial.latency_ms,
        "load time": trial.load_seconds,
        "memory": trial.memory_bytes / MB,
        "size": trial.size_bytes / MB,
    }


def _compared(trial: Trial, name: str, before: Trial | None) -> Finding:
    """One sentence of all four; a warning where the candidate wants many times as much."""
    now = _values(trial)
    shown = (
        f"in a fresh process: {now['latency']:.3g} ms for 95 % of single rows, loaded in "
        f"{now['load time']:.2g} s, {now['memory']:.3g} MB of memory, {now['size']:.3g} MB on disk"
    )
    evidence = {"candidate": asdict(trial), "champion": None if before is None else asdict(before)}
    if before is None:
        return Finding("fresh process", "pass", shown, None, evidence)
    then = _values(before)
    shown += (
        f"; {name} when it was judged: {then['latency']:.3g} ms, {then['load time']:.2g} s, "
        f"{then['memory']:.3g} MB, {then['size']:.3g} MB"
    )
    ratios = {
        "processor time of an answer": trial.processor_ms / max(before.processor_ms, 1e-6),
        "memory": trial.memory_bytes / max(before.memory_bytes, 1),
        "size": trial.size_bytes / max(before.size_bytes, 1),
    }
    told = [f"{ratio:.1f} times the {what}" for what, ratio in ratios.items() if ratio > TOLD_ABOVE]
    if told:
        shown = f"a warning: {', '.join(told)} of {name}; {shown}"
    return Finding("fresh process", "pass", shown, None, evidence, warned=bool(told))


def _limited(part: str, declared: _Limit, trial: Trial) -> Finding:
    limit, key, unit = declared
    value = _values(trial)[part]
    shown = f"{part} {value:.3g} {unit}" + (" for 95 % of single rows" if part == "latency" else "")
    if limit is None or value <= limit:
        return Finding(part, "pass", f"{shown}, within {limit:g} {unit}", None, asdict(trial))
    reason = f"{shown} is above the {limit:g} {unit} of gates.model.{key}"
    return Finding(part, "fail", reason, None, asdict(trial))
