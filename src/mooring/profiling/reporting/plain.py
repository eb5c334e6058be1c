"""A report as plain values for JSON: what is not a number is null."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from mooring.profiling.scores import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mooring.profiling.compat.column import CompatColumn
    from mooring.profiling.findings import BinShift
    from mooring.profiling.multivariate.score import MultivariateScore
    from mooring.profiling.reporting.report import Report, ReportColumn


def plain(report: Report) -> dict[str, object]:
    """The report as ``--json`` prints it."""
    found: dict[str, object] = {
        "drifted": report.status == "drift",
        "status": report.status,
        "reference": report.reference,
        "current": report.current,
        "rows": {"reference": report.rows[0], "current": report.rows[1]},
        "distance": _number(report.distance),
        "columns": [_column(column, report.tool) for column in report.columns],
    }
    if report.together:
        found["multivariate"] = [_together(score) for score in report.together]
    return found


def _column(column: ReportColumn, tool: str) -> dict[str, object]:
    drift = column.drift
    scores, levels = dict(drift.scores), dict(column.levels)
    if column.classifier is not None:
        scores["domain_classifier"] = column.classifier.value
        levels["domain_classifier"] = column.classifier.level[1]
    found: dict[str, object] = {
        "column": drift.name,
        "kind": drift.kind,
        "drifted": drift.status == "drift",
        "status": drift.status,
        "reason": drift.reason,
        "scores": {name: _number(scores.get(name)) for name in dict.fromkeys((*NAMES, *scores))},
        "levels": {name: _number(levels.get(name)) for name in dict.fromkeys((*NAMES, *levels))},
        "moved": _shifts(drift.moved),
        "direction": drift.direction or None,
        "p_value": _number(drift.p_value),
        "q_value": _number(drift.q_value),
        "null_rate": _sides(drift.null_rate),
        "unseen_rate": _number(drift.unseen_rate),
    }
    if tool:
        found["compat"] = _compat(column.compat, tool)
    return found


def _compat(found: CompatColumn | None, tool: str) -> dict[str, object]:
    if found is None:
        return {"tool": tool, "problem": "not on both sides"}
    return {
        "tool": tool,
        "method": found.method,
        "score": _number(found.score),
        "threshold": _number(found.threshold),
        "drifted": found.drifted,
        "problem": found.problem,
    }


def _together(score: MultivariateScore) -> dict[str, object]:
    return {
        "method": score.method,
        "status": score.status,
        "drifted": score.status == "drift",
        "value": _number(score.value),
        "level": [_number(bound) for bound in score.level],
        "p_value": _number(score.p_value),
        "effect": _number(score.effect),
        "rows": {"reference": score.rows[0], "current": score.rows[1]},
        "columns": list(score.columns),
        "ignored": list(score.ignored),
        "left_out": dict(score.left_out),
        "reason": score.reason,
    }


def _shifts(shifts: Iterable[BinShift]) -> list[dict[str, object]]:
    return [
        {"label": one.label, "reference": _number(one.baseline), "current": _number(one.current)}
        for one in shifts
    ]


def _sides(pair: tuple[float, float]) -> dict[str, float | None]:
    return {"reference": _number(pair[0]), "current": _number(pair[1])}


def _number(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else float(value)
