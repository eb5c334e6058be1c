"""Where is the candidate itself most wrong? Told to people; nothing is decided by it.

Looked for in one half of the rows (the older one, in time order) and measured on the other, so that
the error that is shown is not the one that made it the worst.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mooring.gates.cases import Case
from mooring.gates.inference.cells import MAX_CELLS, Cells, interval_of
from mooring.gates.inference.plan import Plan
from mooring.gates.metric import Metric, Sums
from mooring.gates.metrics import METRICS
from mooring.gates.model.match import Match
from mooring.gates.model.search import Halves, worst
from mooring.gates.model.slices import Mask, Slice

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of one set of answers, and its interval."""

    value: float
    low: float
    high: float


def measure_case(metric: Metric, case: Case, plan: Plan) -> Measured | None:
    """The metric of one set of answers with its interval, where it is a function of sums.

    Returns
    -------
    Measured or None
        None for a metric of ranks, and where it or its interval is undefined.
    """
    value, how = metric.value(case), metric.how
    if value is None or not isinstance(how, Sums):
        return None
    size = math.ceil(len(case.truth) / MAX_CELLS)
    starts = np.arange(0, len(case.truth), size)
    sums = np.column_stack([np.add.reduceat(column, starts) for column in how.columns(case)])
    with np.errstate(all="ignore"):
        found = interval_of(Cells(sums, how.combine), plan, size)
    return None if found is None else Measured(value, value - found.below, value + found.above)


def largest_errors(
    match: Match, candidate: Case, opponent: Case, halves: Halves
) -> list[dict[str, object]]:
    """The few slices on which the candidate errs most, with both sides' error there.

    Returns
    -------
    list of dict
        ``slice``, ``rows``, ``metric`` with its ``label``, ``confidence``, and for ``candidate``
        and ``opponent`` the value with ``low`` and ``high``. Empty where no slice is worse than
        the rest.
    """
    metric = _of_rows(match, candidate)
    losses = metric.losses(candidate)
    if losses is None:
        return []
    seen = losses[halves.look]
    slices, _ = worst(halves.searched, seen.mean() - seen)
    told = [_told(match, metric, (candidate, opponent), one, halves.test) for one in slices]
    return [line for line in told if line is not None][:SHOWN]


def _of_rows(match: Match, candidate: Case) -> Metric:
    """The metric that decides, or the nearest that has an error for each row."""
    if match.metric.losses(candidate) is not None:
        return match.metric
    if match.task == "regression":
        return METRICS["mae"]
    return METRICS["accuracy" if candidate.chance is None else "log_loss"]


def _told(
    match: Match, metric: Metric, sides: tuple[Case, Case], one: Slice, test: Mask
) -> dict[str, object] | None:
    if match.rows is None:
        return None
    mask = one.mask(match.rows) & test
    if np.count_nonzero(mask) < match.rules.min_rows:
        return None
    found = [measure_case(metric, side.only(mask), match.plan) for side in sides]
    if found[0] is None:
        return None
    return {
        "slice": one.name,
        "rows": int(np.count_nonzero(mask)),
        "metric": metric.name,
        "label": metric.label,
        "confidence": match.plan.confidence,
        "candidate": _numbers(found[0]),
        "opponent": None if found[1] is None else _numbers(found[1]),
    }


def _numbers(found: Measured) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}
