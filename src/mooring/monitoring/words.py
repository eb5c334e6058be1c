"""What a score says, in sentences: for alerts, the terminal and the report."""

from __future__ import annotations

from collections.abc import Sequence

from mooring.lineage.values import WindowScore
from mooring.monitoring.detail import Column, Detail, read_detail
from mooring.profiling.words import listed, share, short


def headline(score: WindowScore) -> str:
    """One sentence for one window: what moved, and what it cost.

    Examples
    --------
    ``Drift in temp and hr; MAE 52 against 38 on the holdout, 37% worse``
    """
    detail = read_detail(score)
    if score.rows == 0 or detail.reason:
        return _sentence(detail.reason or "no predictions in this window")
    stale = detail.feature_age is not None and detail.feature_age.status == "stale"
    drift = drift_words(detail)
    said = f"Stale features; {drift[:1].lower()}{drift[1:]}" if stale else drift
    return f"{said}; {performance_words(detail)}"


def performance_words(detail: Detail) -> str:
    """What is known of the performance."""
    performance = detail.performance
    if performance.status == "unknown":
        return f"performance unknown: {performance.reason}"
    return performance.reason


def drift_words(detail: Detail) -> str:
    """What moved, in a few words."""
    if detail.drift == "drift":
        return f"Drift in {listed(detail.drifted)}"
    if detail.drift == "unknown":
        return "Drift unknown"
    return "No drift"


def by_weight(columns: Sequence[Column]) -> list[Column]:
    """The columns that drifted, by importance times distance, the most telling first."""
    drifted = [column for column in columns if column.status == "drift"]
    return sorted(drifted, key=_weight, reverse=True)


def _weight(column: Column) -> float:
    importance = 0.0 if column.importance is None else max(column.importance, 0.0)
    return (importance + 1e-12) * (column.jensenshannon or 0.0)


def moved_words(column: Column, most: int = 2) -> str:
    """Which bins moved: ``12 to 15: 10% → 31%; missing: 0% → 8%``."""
    return "; ".join(
        f"{short(one.label)}: {share(one.baseline)} → {share(one.current)}"
        for one in column.moved[:most]
    )


def span_words(seconds: float) -> str:
    """A span in its largest unit: ``90 s``, ``45 min``, ``6 h``, ``2.5 d``.

    Examples
    --------
    >>> span_words(21600), span_words(216000), span_words(20)
    ('6 h', '2.5 d', '20 s')
    """
    units = (("d", 86400.0, 2), ("h", 3600.0, 1), ("min", 60.0, 2))
    for unit, length, least in units:
        if seconds >= least * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
