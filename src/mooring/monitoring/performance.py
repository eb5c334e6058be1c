"""How well the answers of a window turned out, once their labels are final."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from mooring.clock import Window
from mooring.gates import ranks
from mooring.gates.cases import Case, FloatArray
from mooring.gates.metrics import Metric, Sums
from mooring.monitoring.detail import Performance, number

if TYPE_CHECKING:
    from mooring.settings.model import Monitoring

_NOTHING = 1e-12
"""A holdout value of 0 is divided by this instead."""


@dataclass(frozen=True, slots=True)
class PerformanceRules:
    """When performance is known, and when it counts as degraded.

    Parameters
    ----------
    min_labelled : float
        Share of the window's rows that must have a label.
    min_rows : int
        Labelled rows that must be there.
    degraded : float
        The least relative loss that counts: the effect floor.
    alpha : float
        The chance of a loss as large when nothing changed: the evidence.
    label_delay : timedelta
        Labels are final this long after the window's end.
    """

    min_labelled: float
    min_rows: int
    degraded: float
    alpha: float
    label_delay: timedelta

    @classmethod
    def of(cls, settings: Monitoring, label_delay: timedelta) -> PerformanceRules:
        """The rules that ``[monitoring]`` declares."""
        return cls(
            settings.min_labelled,
            settings.min_rows,
            settings.degraded,
            settings.alpha,
            label_delay,
        )


@dataclass(frozen=True, slots=True)
class Holdout:
    """What the metric was on the holdout, and on how many rows; None when it was not measured."""

    value: float | None
    rows: int


def not_yet(
    window: Window, rows: int, labelled: int, rules: PerformanceRules, now: datetime
) -> str:
    """Why performance cannot be known now; empty when it can.

    Examples
    --------
    >>> from datetime import UTC
    >>> week = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC))
    >>> rules = PerformanceRules(0.5, 50, 0.2, 0.01, timedelta(days=2))
    >>> not_yet(week, 100, 100, rules, datetime(2026, 3, 9, tzinfo=UTC))
    'the labels are final on 2026-03-10 00:00'
    """
    final = window.end + rules.label_delay
    if now < final:
        return f"the labels are final on {final:%Y-%m-%d %H:%M}"
    if labelled == 0:
        return "no labels yet"
    if labelled < rules.min_labelled * rows:
        share = f"{labelled:,} of {rows:,} rows are labelled"
        return f"{share}, {rules.min_labelled:.0%} are needed"
    if labelled < rules.min_rows:
        return f"{labelled:,} labelled rows, {rules.min_rows:,} are needed"
    return ""


def judge_performance(
    metric: Metric, case: Case, holdout: Holdout, rules: PerformanceRules
) -> Performance:
    """The metric on labelled rows against the holdout: degraded when worse beyond chance and floor.

    The loss counts when it is above ``rules.degraded`` *and* beyond the one-sided normal bound of a
    two-sample test at ``rules.alpha``. The window's standard error comes from the jackknife (Tukey
    1958; for a mean it is ``s / sqrt(n)``), and the holdout is taken to spread alike over its own
    rows. Rows next to each other in time are taken as independent, which is why there is a floor.
    A loss above the floor that chance could give is *unknown*, with no loss for a trigger to read.
    """
    value, rows = metric.value(case), len(case.truth)
    unknown = Performance(status="unknown", reason="", metric=metric.name, rows=rows)
    if value is None:
        return replace(unknown, reason=f"{metric.label} is undefined on these rows")
    unknown = replace(unknown, value=number(value), baseline=number(holdout.value))
    if holdout.value is None:
        return replace(unknown, reason=f"the holdout has no {metric.label} to compare with")
    sign = -1.0 if metric.greater_is_better else 1.0
    worse = sign * (value - holdout.value)
    loss = worse / max(abs(holdout.value), _NOTHING)
    reason = f"{metric.label} {value:.4g} against {holdout.value:.4g} on the holdout, {_said(loss)}"
    if loss <= rules.degraded:
        return replace(unknown, status="ok", reason=reason, loss=number(loss))
    if worse <= _bound(metric, case, holdout, rules.alpha):
        return replace(unknown, reason=f"{reason}; {rows:,} rows cannot tell that from chance")
    return replace(unknown, status="degraded", reason=reason, loss=number(loss))


def _said(loss: float) -> str:
    size = f"{abs(loss):.0%}" if abs(loss) < 10 else "more than 1000%"  # noqa: PLR2004
    return f"{size} worse" if loss > 0 else f"{size} better"


def _bound(metric: Metric, case: Case, holdout: Holdout, alpha: float) -> float:
    """How much worse chance makes the metric with probability ``alpha``."""
    rows = len(case.truth)
    error = _standard_error(metric, case)
    of_difference = error * sqrt(1 + rows / holdout.rows) if holdout.rows else inf
    return NormalDist().inv_cdf(1 - alpha) * of_difference


def _standard_error(metric: Metric, case: Case) -> float:
    """By the jackknife; of metrics by rank the infinitesimal one."""
    rows = len(case.truth)
    if rows < 2:  # noqa: PLR2004
        return inf
    if not isinstance(metric.how, Sums):
        if case.score is None:
            return inf
        influence = metric.how.influence(ranks.rank(case.truth, case.score))
        return float(np.std(influence) / sqrt(rows))
    columns: FloatArray = np.stack(list(metric.how.columns(case)), axis=-1)
    with np.errstate(all="ignore"):
        without = metric.how.combine(columns.sum(axis=0) - columns)
    spread = without - without.mean()
    error = float(np.sqrt((rows - 1) / rows * np.sum(spread * spread)))
    return error if error == error else inf  # noqa: PLR0124 - NaN
