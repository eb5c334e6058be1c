"""Columns that know the answer: they would make a model that is perfect here and useless live.

``mooring init`` leaves out what it finds and says so; the data gate stops a run that has it again.
Every check looks at a sample of the labelled rows, oldest first.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.gates.ranks import rank, roc_auc
from mooring.settings.model import Task

FloatArray = NDArray[np.float64]

CERTAIN = {"binary": 0.98, "multiclass": 0.99, "regression": 0.99}
"""A single column that predicts this well is taken for the answer itself.

Of two rows with different labels such a column puts 98 in 100 into the right order. Between normal
variables that order is a correlation of 0.998 (Greiner's relation), an R² of 0.996. In the twelve
public tables of ``bench/leaks.py`` the best column that is known beforehand has an AUC of 0.975 or
an R² of 0.94, and those that are known only afterwards stand out in each of 36 parts.
"""
STRONG = {"binary": 0.9, "multiclass": 0.9, "regression": 0.95}
"""From here on a person is asked to look."""
CERTAIN_RANK = 0.995
"""Of the rank correlation with the target of a regression."""
FEWEST_ROWS = 50
_FEWEST_BINS, _MOST_BINS, _ROWS_IN_BIN = 8, 64, 50
_PRIOR = 1.0
_MOST_PAIRED = 40
_EARLIER = re.compile(r"lag|prev|last|yesterday|past|before|ago|rolling|moving")
_PLANNED = re.compile(r"^(sched|scheduled|planned|expected|estimated|crs)_?|_(planned|scheduled)$")


@dataclass(frozen=True, slots=True)
class Power:
    """How well one column alone predicts the target, on rows it was not fitted to.

    ``measure`` names it: ``AUC``, ``accuracy`` (scaled, 0 is the commonest class) or ``R²``.
    """

    value: float
    measure: str
    rank: float = 0.0

    def is_certain(self, task: Task) -> bool:
        """Whether the column is as good as the answer."""
        return self.value >= CERTAIN[task] or self.rank >= CERTAIN_RANK

    def is_strong(self, task: Task) -> bool:
        """Whether a person should look at it."""
        return self.value >= STRONG[task] or self.rank >= STRONG[task]


def single_power(column: pl.Series, truth: pl.Series, task: Task) -> Power:
    """How well a column alone predicts.

    Values (equal-frequency bins of numbers) are given the mean of the target in every second row,
    shrunk to the overall mean, and judged on the rows between; for a binary task also the plain
    order of the values. Missing is a value of its own.

    Parameters
    ----------
    column : polars.Series
        Numbers, text or booleans.
    truth : polars.Series
        Labels of the same rows, none missing.
    task : str
    """
    if truth.dtype.is_float():  # an infinite label has no mean; the data gate will stop it
        there = truth.is_finite()
        column, truth = column.filter(there), truth.filter(there)
    bins = _bins(column)
    fitted = np.arange(len(bins)) % 2 == 0
    if task == "regression":
        return _regression_power(column, bins, _to_unit(truth), fitted)
    codes = (truth.rank("dense") - 1).cast(pl.Int64).to_numpy()
    if task == "binary":
        labels = codes.astype(np.float64)
        scores = _means(bins, labels, fitted)[~fitted]
        area = _auc(labels[~fitted], scores)
        return Power(max(area, _order_auc(column, labels)), "AUC")
    return Power(_accuracy(bins, codes, fitted), "accuracy")


def parts_of_sum(columns: Mapping[str, pl.Series], truth: pl.Series) -> dict[str, str]:
    """Pairs of numeric columns whose sum or difference is the target: each with the reason."""
    values = truth.cast(pl.Float64).to_numpy()
    names = list(columns)[:_MOST_PAIRED]
    arrays = [columns[name].to_numpy() for name in names]
    found: dict[str, str] = {}
    for (i, a), (j, b) in itertools.combinations(enumerate(arrays), 2):
        one, other = names[i], names[j]
        with np.errstate(all="ignore"):  # two infinities have no difference
            total, difference = a + b, a - b
        for reason, made in (
            (f"{one} + {other} is the target", total),
            (f"{one} - {other} is the target", difference),
            (f"{other} - {one} is the target", -difference),
        ):
            if _same(made, values):
                found |= dict.fromkeys((one, other), reason)
    return found


def missing_with_target(frame: pl.DataFrame, target: str, names: Sequence[str]) -> list[str]:
    """Columns that are missing where the target is, and hardly anywhere else.

    They become known together with the answer. Not told when most columns are so: then the rows
    are just incomplete.

    Parameters
    ----------
    frame : polars.DataFrame
        All rows, the unlabelled ones too.
    """
    unknown = frame[target].is_null()
    if frame.schema[target].is_float():
        unknown |= frame[target].is_nan().fill_null(False)
    count = int(unknown.sum())
    if count < 20 or count == frame.height:  # noqa: PLR2004
        return []
    found = [name for name in names if _goes_missing_with(frame[name], unknown, count)]
    return [] if len(found) > len(names) / 2 else found


def planned_twin(name: str, names: Sequence[str]) -> str | None:
    """The column that says what was planned for what ``name`` says: ``sched_x`` of ``x``."""
    for other in names:
        if other != name and _PLANNED.sub("", other) == name:
            return other
    return None


def is_from_the_past(name: str) -> bool:
    """Whether a name says that the value is an earlier one, which may well be close."""
    return bool(_EARLIER.search(name.casefold()))


def _goes_missing_with(column: pl.Series, unknown: pl.Series, count: int) -> bool:
    missing = column.is_null()
    if column.dtype.is_float():
        missing |= column.is_nan().fill_null(False)
    together = int((missing & unknown).sum())
    alone = int((missing & ~unknown).sum())
    return together >= 0.8 * count and alone <= 0.001 * (column.len() - count)


def _bins(column: pl.Series) -> NDArray[np.int64]:
    """A small number for each row's value; text by word, numbers by equal frequency."""
    count = min(_MOST_BINS, max(_FEWEST_BINS, column.len() // _ROWS_IN_BIN))
    if column.dtype.is_numeric() and column.n_unique() > count:
        place = column.fill_nan(None) if column.dtype.is_float() else column
        ranks = place.rank("average")
        codes = (ranks / max(1, ranks.len()) * count).floor()
    else:
        codes = column.cast(pl.String).rank("dense")
    return codes.cast(pl.Int64).fill_null(-1).to_numpy() + 1


def _means(bins: NDArray[np.int64], values: FloatArray, fitted: NDArray[np.bool_]) -> FloatArray:
    """For each row the mean of the fitted rows in its bin, shrunk to the mean of all of them."""
    size = int(bins.max()) + 1
    sums = np.bincount(bins[fitted], values[fitted], size)
    counts = np.bincount(bins[fitted], minlength=size)
    overall = float(values[fitted].mean())
    means = (sums + _PRIOR * overall) / (counts + _PRIOR)
    return np.asarray(means[bins], dtype=np.float64)


def _auc(labels: FloatArray, scores: FloatArray) -> float:
    area = roc_auc(rank(labels, scores))
    return 0.0 if np.isnan(area) else max(area, 1 - area)


def _order_auc(column: pl.Series, labels: FloatArray) -> float:
    """The order of the numbers that are there; nothing when they are too few."""
    if not column.dtype.is_numeric():
        return 0.0
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    present = np.isfinite(values)
    if present.sum() < max(FEWEST_ROWS, len(values) / 2):
        return 0.0
    return _auc(labels[present], values[present])


def _accuracy(
    bins: NDArray[np.int64], codes: NDArray[np.int64], fitted: NDArray[np.bool_]
) -> float:
    classes = int(codes.max()) + 1
    scores = np.stack(
        [_means(bins, (codes == k).astype(np.float64), fitted) for k in range(classes)]
    )
    right = float((scores.argmax(axis=0) == codes)[~fitted].mean())
    commonest = float(np.bincount(codes[~fitted]).max() / max(1, (~fitted).sum()))
    return (right - commonest) / (1 - commonest) if commonest < 1 else 0.0


def _to_unit(truth: pl.Series) -> FloatArray:
    """Values between -1 and 1: their squares are numbers too, however large they are."""
    values = truth.cast(pl.Float64).to_numpy()
    largest = float(np.abs(values).max(initial=0.0))
    return values / largest if largest > 0 else values


def _regression_power(
    column: pl.Series, bins: NDArray[np.int64], values: FloatArray, fitted: NDArray[np.bool_]
) -> Power:
    errors = (values - _means(bins, values, fitted))[~fitted]
    spread = float(values[~fitted].var())
    explained = 1 - float((errors**2).mean()) / spread if spread > 0 else 0.0
    return Power(explained, "R²", _rank_correlation(column, values))


def _rank_correlation(column: pl.Series, values: FloatArray) -> float:
    if not column.dtype.is_numeric():
        return 0.0
    both = pl.DataFrame({"x": column.cast(pl.Float64).fill_nan(None), "y": values}).drop_nulls()
    if both.height < max(FEWEST_ROWS, len(values) / 2):
        return 0.0
    found = both.select(pl.corr("x", "y", method="spearman")).item()
    return abs(found) if isinstance(found, float) and np.isfinite(found) else 0.0


def _same(made: FloatArray, values: FloatArray) -> bool:
    there = np.isfinite(made)
    if there.sum() < max(FEWEST_ROWS, len(values) / 2):
        return False
    made, values = made[there], values[there]
    if not np.isclose(made[:20], values[:20], rtol=1e-9, atol=1e-9).mean() > 0.5:  # noqa: PLR2004
        return False  # most pairs end here, in no time
    close = np.isclose(made, values, rtol=1e-9, atol=1e-9)
    return bool(close.mean() >= 0.999)  # noqa: PLR2004
