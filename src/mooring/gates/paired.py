"""Is one set of answers better than another on the same rows, and how sure is that?

The test fits the metric and the rows:

- accuracy: McNemar, exact, and the interval of Bonett and Price;
- ROC AUC: DeLong;
- any other metric: on each side the wider of a t interval by the jackknife and a percentile
  interval by bootstrap (Efron 1979), drawn within the true classes. The percentile interval alone
  is too narrow for few rows, the t interval alone for skewed metrics;
- rows in time order, whatever the metric: the same two, made for dependent rows (see
  :mod:`~mooring.gates.inference.spread` and :mod:`~mooring.gates.inference.resampling`).

``bench/gates/model.py`` measures how often equal models pass and how often a real gain does. The
work is done on at most 2,000 sums of rows, so that a million rows cost little more than reading
them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mooring.gates.cases import Case, Column, FloatArray, missing_rows, prepare
from mooring.gates.inference.areas import delong
from mooring.gates.inference.cells import MAX_CELLS, Cells, interval_of
from mooring.gates.inference.discordant import mcnemar
from mooring.gates.inference.plan import Interval, Plan, rows_to_tell
from mooring.gates.metric import Metric, Ranks
from mooring.lineage.answers import Answers, Label

if TYPE_CHECKING:
    from mooring.settings.model import Task

_LEAST_CELLS = 200
"""Of a rare class, so that its rows are not drawn as a few lumps."""


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """How much better the second answers are than the first, positive when they are better.

    Parameters
    ----------
    difference, low, high : float
        In the unit of the metric, turned so that more is better.
    confidence : float
        Of the interval from ``low`` to ``high``, two-sided.
    rows : int
    effective_rows : float
        As many independent rows would say as much; below ``rows`` when the rows depend on each
        other.
    block_length : int
        Mean rows resampled together: more than one in time order, and when rows are summed first.
    minimum_detectable : float
        The smallest true difference that would be seen in 80 % of such data.
    method : str
    """

    difference: float
    low: float
    high: float
    confidence: float
    rows: int
    effective_rows: float
    block_length: int
    minimum_detectable: float
    method: str

    def rows_for(self, gain: float) -> int | None:
        """About how many such rows would show a true difference of ``gain`` in 80 % of cases.

        None when no number would: the gain is not above zero, or nothing is known of the spread.
        """
        return rows_to_tell(self.rows, self.minimum_detectable, gain)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Both sides as numbers, and the metric between them; ``sign`` makes more better."""

    metric: Metric
    first: Case
    second: Case

    @property
    def sign(self) -> float:
        return 1.0 if self.metric.greater_is_better else -1.0

    def columns(self) -> Iterator[FloatArray]:
        """Columns by row of which only the sums matter, one at a time."""
        how = self.metric.how
        if isinstance(how, Ranks):
            yield np.ones(len(self.first.truth))
            yield self.influence(how)
        else:
            yield from how.columns(self.first)
            yield from how.columns(self.second)

    def statistic(self, sums: FloatArray) -> FloatArray:
        """The difference as a function of the sums of the columns, shape (..., columns)."""
        how = self.metric.how
        if isinstance(how, Ranks):
            return np.asarray(sums[..., 1] / sums[..., 0])
        half = sums.shape[-1] // 2
        gain = how.combine(sums[..., half:]) - how.combine(sums[..., :half])
        return np.asarray(self.sign * gain)

    def influence(self, how: Ranks) -> FloatArray:
        """What each row adds to the difference of two metrics of ranks."""
        return self.sign * (how.influence(self.second.ranked) - how.influence(self.first.ranked))


def compare_paired(  # noqa: PLR0913 - what is compared, then how, by keyword
    metric: Metric,
    task: Task,
    truth: Column,
    first: Answers,
    second: Answers,
    *,
    positive: Label | None = None,
    time_ordered: bool,
    seed: int,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> PairedDifference | None:
    """Compare two sets of answers about the same rows.

    Parameters
    ----------
    metric : Metric
    task : "regression", "binary" or "multiclass"
    truth : array, shape (n,)
    first, second : Answers about the same n rows
    positive : label, optional
        The class that counts as positive; the last class of ``first`` when absent.
    time_ordered : bool
        Whether the rows stand in the order of time, and so may depend on their neighbours.
    seed : int
        Of the resampling; the same seed gives the same interval.
    resamples : int
    confidence : float
        Between 0 and 1, two-sided.

    Returns
    -------
    PairedDifference or None
        None when the difference or its interval is undefined on these rows.

    Raises
    ------
    DataError, UserCodeError
        As :func:`mooring.gates.metrics.prepare` does.

    Examples
    --------
    >>> from mooring.gates.metrics import METRICS
    >>> truth = np.arange(100.0)
    >>> worse, better = Answers(truth + 2.0), Answers(truth + 1.0)
    >>> compared = compare_paired(METRICS["mae"], "regression", truth, worse, better,
    ...                           time_ordered=False, seed=0)
    >>> compared.difference
    1.0
    """
    if positive is None and first.classes:
        positive = first.classes[-1]
    if len(truth) <= 1 or missing_rows(truth):
        return None
    one, other = (prepare(task, truth, answers, positive) for answers in (first, second))
    return compare_cases(metric, one, other, Plan(time_ordered, seed, resamples, confidence))


def compare_cases(metric: Metric, first: Case, second: Case, plan: Plan) -> PairedDifference | None:
    """As :func:`compare_paired`, of answers that are numbers already."""
    pair, rows = _Pair(metric, first, second), len(first.truth)
    values = [metric.value(case) for case in (first, second)]
    if rows <= 1 or values[0] is None or values[1] is None:
        return None
    with np.errstate(all="ignore"):
        found = _interval(pair, plan)
    if found is None:
        return None
    difference = pair.sign * (values[1] - values[0]) + 0.0  # never -0.0
    return PairedDifference(
        difference=difference,
        low=difference - found.below,
        high=difference + found.above,
        confidence=plan.confidence,
        rows=rows,
        effective_rows=rows * found.independence,
        block_length=found.block_length,
        minimum_detectable=found.detectable,
        method=found.method,
    )


def gains_by_row(metric: Metric, first: Case, second: Case) -> FloatArray:
    """How much each row speaks for the second side; their mean is the difference.

    The row's own difference where the metric is a mean; else the derivative of the difference by
    the row's weight (Efron's infinitesimal jackknife), moved to that mean. Zeros where the metric
    is undefined: no row speaks for either.
    """
    pair = _Pair(metric, first, second)
    values = metric.value(first), metric.value(second)
    if values[0] is None or values[1] is None:
        return np.zeros(len(first.truth))
    totals = np.array([column.sum() for column in pair.columns()], dtype=np.float64)
    gains = np.full(len(first.truth), pair.sign * (values[1] - values[0]))
    for place, column in enumerate(pair.columns()):
        step = np.zeros(len(totals))
        step[place] = 1e-6 * max(abs(totals[place]), 1.0)
        rise = float(pair.statistic(totals + step) - pair.statistic(totals - step))
        gains += rise / (2 * step[place]) * len(column) * column
    return gains


def _interval(pair: _Pair, plan: Plan) -> Interval | None:
    if plan.time_ordered:
        found = _resampled(pair, plan)
        # rows that depend on each other say no more than as many that do not
        return _wider(found, _discordant(pair, plan)) if pair.metric.name == "accuracy" else found
    if pair.metric.name == "accuracy":
        return _discordant(pair, plan)
    if pair.metric.name == "roc_auc" and isinstance(pair.metric.how, Ranks):
        return delong(pair.influence(pair.metric.how), pair.first.truth, plan)
    return _resampled(pair, plan)


def _discordant(pair: _Pair, plan: Plan) -> Interval:
    right = [case.predicted == case.truth for case in (pair.first, pair.second)]
    better, worse = right[1] & ~right[0], right[0] & ~right[1]
    counts = int(np.count_nonzero(better)), int(np.count_nonzero(worse))
    return mcnemar(*counts, len(right[0]), plan)


def _wider(one: Interval | None, other: Interval) -> Interval | None:
    if one is None:
        return None
    return Interval(
        max(one.below, other.below),
        max(one.above, other.above),
        max(one.detectable, other.detectable),
        one.independence,
        one.block_length,
        one.method,
    )


def _resampled(pair: _Pair, plan: Plan) -> Interval | None:
    """The wider of the t interval and the bootstrap's, on each side."""
    rows = len(pair.first.truth)
    size = math.ceil(rows / MAX_CELLS)
    starts = np.arange(0, rows, size)
    strata = None if plan.time_ordered else _strata(pair.first, size)
    sums, by_class = [], []
    for column in pair.columns():
        sums.append(np.add.reduceat(column, starts))
        if strata is not None:
            by_class.append(np.add.reduceat(column[strata.order], strata.starts))
    cells = Cells(np.column_stack(sums), pair.statistic)
    drawn = None if strata is None else (np.column_stack(by_class), strata.cells)
    return interval_of(cells, plan, size, drawn)


@dataclass(frozen=True, slots=True, eq=False)
class _Strata:
    """Rows by true class: their order, where cells start in it, and how many each class has."""

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    cells: tuple[int, ...]


def _strata(case: Case, size: int) -> _Strata | None:
    """None for a regression, which has one stratum."""
    if not case.labels:
        return None
    truth = case.truth.astype(np.intp)
    ends = np.cumsum(np.bincount(truth))
    parts = [
        np.arange(start, end, max(1, min(size, (end - start) // _LEAST_CELLS)))
        for start, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)
        if end > start
    ]
    return _Strata(
        np.argsort(truth, kind="stable"), np.concatenate(parts), tuple(len(part) for part in parts)
    )
