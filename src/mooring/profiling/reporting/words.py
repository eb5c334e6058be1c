"""What a report says, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mooring.profiling.words import columns_of, listed, score, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mooring.profiling.compat.column import CompatColumn
    from mooring.profiling.findings import ColumnDrift
    from mooring.profiling.multivariate.score import MultivariateScore
    from mooring.profiling.reporting.report import Report

_NAMED = 3
_NAMES = {"domain_classifier": "a classifier", "reconstruction_error": "reconstruction error"}


def summary(report: Report) -> str:
    """``drift in 7 of 50 columns · 1,000,000 rows against 1,000,000``."""
    reference, current = report.rows
    return f"{verdict(report)} · {current:,} rows against {reference:,}"


def verdict(report: Report) -> str:
    """``drift in 7 of 50 columns``."""
    drifted, count = len(report.drifted), columns_of(len(report.columns))
    if drifted:
        return f"drift in {drifted:,} of {count}"
    if report.status == "drift":
        return f"drift of the columns together, in none of {count} alone"
    unknown = sum(1 for column in report.columns if column.drift.status == "unknown")
    if report.status == "unknown":
        if unknown == len(report.columns):
            return f"not enough evidence on any of {count}"
        return f"no drift seen, but {unknown:,} of {count} unknown"
    return f"no drift in {count}"


def lead(report: Report) -> str:
    """The sentence under the headline: what moved most."""
    names = [column.drift.name for column in report.drifted]
    if names:
        most = listed(names[:_NAMED], _NAMED)
        return f"{most} moved most." if len(names) > _NAMED else f"{most} moved."
    if report.status == "unknown":
        return "What is unknown is never counted as fine: see why below."
    return "Every difference is within what chance gives at these sizes, or below the floor."


def missing(column: ColumnDrift) -> str:
    """The share of missing values before and after; empty when there are none."""
    before, now = column.null_rate
    if not (before > 0 or now > 0):
        return ""
    first, last = share(before), share(now)
    return first if first == last else f"{first}→{last}"


def together(found: MultivariateScore) -> str:
    """What all columns together show, in one sentence."""
    said = f"{_NAMES[found.method]}: {found.reason}"
    return f"{said}; most of it from {listed(found.columns)}" if found.columns else said


def left_out(found: Sequence[MultivariateScore]) -> str:
    """Which columns were not asked together, and why; empty when all were."""
    whys: dict[str, list[str]] = {}
    for column, reason in found[0].left_out if found else ():
        whys.setdefault(reason, []).append(column)
    told = "; ".join(f"{listed(columns)} ({reason})" for reason, columns in whys.items())
    return f"without {told}" if told else ""


def apart(found: MultivariateScore | None) -> str:
    """How well a classifier tells embeddings apart, and what no drift stays under."""
    if found is None:
        return ""
    return f"AUROC {score(found.value)} of {score(found.level[1])}"


def compat(found: CompatColumn | None) -> str:
    """What another tool would say of a column: its method, its score, and whether that is drift."""
    if found is None:
        return "-"
    if found.drifted is None:
        return "no decision"
    said = "drift" if found.drifted else "ok"
    return f"{said}: {found.method} {score(found.score)}"
