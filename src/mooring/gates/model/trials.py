"""Latency, size, load time and memory of a model version that was tried in a fresh process."""

from __future__ import annotations

from dataclasses import asdict

from mooring.gates.model.match import Finding, unknown
from mooring.lineage.fresh import Trial
from mooring.settings.model import ModelGate

MB = 2**20


def trial_findings(rules: ModelGate, trial: Trial | str | None) -> list[Finding]:
    """Each limit that the settings declare against what was measured.

    Parameters
    ----------
    trial : Trial, str or None
        The fault when there was one; None when nothing was tried.
    """
    if isinstance(trial, str):
        return [Finding("fresh process", "fail", f"in a process of its own the candidate {trial}")]
    limits = {
        "latency": (rules.max_latency_ms, "max_latency_ms", "ms"),
        "load time": (rules.max_load_seconds, "max_load_seconds", "s"),
        "memory": (rules.max_memory_mb, "max_memory_mb", "MB"),
        "size": (rules.max_size_mb, "max_size_mb", "MB"),
    }
    if trial is None:
        return [
            unknown(part, f"the {part} was not measured (gates.model.{key} limits it)")
            for part, (limit, key, _) in limits.items()
            if limit is not None
        ]
    measured = {
        "latency": trial.latency_ms,
        "load time": trial.load_seconds,
        "memory": trial.memory_bytes / MB,
        "size": trial.size_bytes / MB,
    }
    return [
        _limited(part, measured[part], limit, f"gates.model.{key}", unit, trial)
        for part, (limit, key, unit) in limits.items()
        if limit is not None
    ]


def _limited(  # noqa: PLR0913, PLR0917 - one sentence
    part: str, value: float, limit: float, key: str, unit: str, trial: Trial
) -> Finding:
    shown = f"{part} {value:.3g} {unit}" + (" for 95 % of single rows" if part == "latency" else "")
    if value <= limit:
        return Finding(part, "pass", f"{shown}, within {limit:g} {unit}", None, asdict(trial))
    reason = f"{shown} is above the {limit:g} {unit} of {key}"
    return Finding(part, "fail", reason, None, asdict(trial))
