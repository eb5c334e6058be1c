"""Do the reference's main directions still describe the rows?

NannyML's score: missing values imputed, categories replaced by how frequent they are, columns
standardised, 65 % of the variance kept by principal directions; the score is the mean length of
what the directions leave out of a row. Three things differ here, so that its level holds:

- The directions come from one half of the reference, and the current rows are compared with the
  other half, which the directions do not know either.
- The level is that of two samples: the other half is one too, not only the window.
- Numbers beyond the 1 % and 99 % quantiles count as lying on them: one sentinel value can neither
  raise nor blind the score.

References
----------
NannyML 0.13, "Data reconstruction with PCA". Student (1908), "The probable error of a mean".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.profiling.multivariate.directions import directions, left_out
from mooring.profiling.multivariate.encoding import vectors
from mooring.profiling.multivariate.score import (
    MultivariateScore,
    Rules,
    judge,
    strongest,
    too_few,
)
from mooring.profiling.multivariate.sides import bring_together

if TYPE_CHECKING:
    from numpy.typing import NDArray

TAIL = 0.01
"""The share of a number's values on either end that count as lying at its edge."""
ROUNDING = 1e-9
"""Errors of standardised columns that differ by less are the same."""


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Standardised columns of every row, and the column each comes from."""

    matrix: NDArray[np.float64]
    owners: tuple[str, ...]


def reconstruction_error(  # noqa: PLR0913 - two frames, and how to judge them
    reference: pl.DataFrame,
    current: pl.DataFrame,
    *,
    seed: int = 0,
    max_rows: int = 5000,
    alpha: float = 0.01,
    min_effect: float = 0.1,
) -> MultivariateScore:
    """The mean error of describing current rows by the reference's principal directions.

    Sees changed correlations. Does not see a change along the directions that are kept, one that
    leaves every correlation as it was, nor more missing values, which are imputed.

    Parameters
    ----------
    reference, current : DataFrame
        At least two columns that vary; columns that half the reference holds constant are ignored.
    seed : int
        The same seed and rows, in any order, give the same score.
    max_rows : int
        Rows a side that are drawn at most.
    alpha : float, in (0, 1)
        The share of windows that alarm without drift, below and above together.
    min_effect : float
        The least change, in standard deviations of one row's error, that alarms.

    Returns
    -------
    MultivariateScore
        ``unknown`` with fewer than 30 rows on a side or fewer than two columns.

    Raises
    ------
    UsageError
        When ``alpha``, ``max_rows`` or ``min_effect`` cannot be meant.

    Examples
    --------
    >>> before = pl.DataFrame({"a": range(200), "b": range(200)})
    >>> after = before.with_columns(b=pl.col("b").reverse())
    >>> reconstruction_error(before, after).status
    'drift'
    """
    rules = Rules(seed, max_rows, alpha, min_effect)
    sides = bring_together(reference, current, rules)
    found = MultivariateScore("reconstruction_error", rows=sides.rows, ignored=sides.ignored)
    if reason := too_few(sides.rows):
        return replace(found, reason=reason)
    half = sides.rows[0] // 2  # the rows come in random order
    numbers = _standardised(sides.frame, half, seed)
    still = tuple(name for name in sides.frame.columns if name not in numbers.owners)
    found = replace(found, ignored=found.ignored + still)
    width = len(numbers.owners)
    if width < 2:  # noqa: PLR2004 - a direction and something beside it
        return replace(found, reason="fewer than two columns that both sides have vary")
    axes = directions(numbers.matrix[:half])[:, : width - 1]
    lost = left_out(numbers.matrix, axes)[half:]
    held, now = lost[: sides.rows[0] - half], lost[sides.rows[0] - half :]
    found = _measured(found, held, now, alpha)
    status, reason = judge("the mean reconstruction error", found, rules)
    found = replace(found, status=status, reason=reason)
    moved = _moved(numbers.owners, held, now) if status == "drift" else ()
    return replace(found, columns=moved)


def _measured(
    found: MultivariateScore,
    held: NDArray[np.float64],
    now: NDArray[np.float64],
    alpha: float,
) -> MultivariateScore:
    """Compare mean errors by Student's law.

    The spread is that of both sides' rows. The held rows alone would give a level that does not
    move with the window, but few rows with a long tail understate it when their mean is low, and
    the score would alarm three times as often as it says (30 rows a side).
    """
    from scipy.special import stdtr, stdtrit

    expected, errors = np.linalg.norm(held, axis=1), np.linalg.norm(now, axis=1)
    usual, value = float(expected.mean()), float(errors.mean())
    free = expected.size + errors.size - 2
    within = float(np.sum((expected - usual) ** 2) + np.sum((errors - value) ** 2))
    spread = max(sqrt(within / free), ROUNDING)
    apart = spread * sqrt(1 / expected.size + 1 / errors.size)
    reach = -float(stdtrit(free, alpha / 2)) * apart
    return replace(
        found,
        value=value,
        level=(max(usual - reach, 0.0), usual + reach),
        p_value=2 * float(stdtr(free, -abs(value - usual) / apart)),
        effect=(value - usual) / spread,
    )


def _moved(
    owners: tuple[str, ...], held: NDArray[np.float64], now: NDArray[np.float64]
) -> tuple[str, ...]:
    """The columns whose squared error changed most."""
    change = (now**2).mean(axis=0) - (held**2).mean(axis=0)
    shares = dict.fromkeys(owners, 0.0)
    for owner, part in zip(owners, change, strict=True):
        shares[owner] += float(part)
    return strongest({name: abs(share) for name, share in shares.items()})


def _standardised(frame: pl.DataFrame, half: int, seed: int) -> _Numbers:
    """Every column that varies in the first rows, standardised by them alone."""
    parts: list[NDArray[np.float64]] = []
    owners: list[str] = []
    for column in frame.iter_columns():
        for raw in _numbers(column, half, seed):
            if (standard := _standard(raw, half)) is not None:
                parts.append(standard)
                owners.append(column.name)
    matrix = np.column_stack(parts) if parts else np.empty((frame.height, 0))
    return _Numbers(matrix, tuple(owners))


def _numbers(column: pl.Series, half: int, seed: int) -> list[NDArray[np.float64]]:
    if column.dtype == pl.String:
        return [frequencies(column, column.head(half))]
    if isinstance(column.dtype, pl.List):
        return list(vectors(column, seed).T)
    values = column.to_numpy().astype(np.float64)
    return [_within(values, values[:half])]


def frequencies(column: pl.Series, known: pl.Series) -> NDArray[np.float64]:
    """How frequent each value is among the known ones; 0 for a new one.

    A missing value counts as the most frequent one (of several, the first in order).
    """
    counts = known.drop_nulls().value_counts(name="rows")
    if counts.height == 0:
        return np.zeros(column.len())
    usual = counts.sort(["rows", column.name], descending=[True, False]).item(0, column.name)
    rows = known.fill_null(usual).value_counts(name="rows")
    coded = column.fill_null(usual).replace_strict(
        rows[column.name], rows["rows"] / known.len(), default=0.0, return_dtype=pl.Float64
    )
    return coded.to_numpy()


def _within(values: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values no further out than nearly all known ones; a value that is nearly all is no bound."""
    finite = known[np.isfinite(known)]
    if finite.size == 0:
        return np.full(values.shape, np.nan)
    low, high = np.quantile(finite, [TAIL, 1 - TAIL], method="nearest")
    if low == high:
        low, high = finite.min(), finite.max()
    return np.clip(values, low, high)


def _standard(values: NDArray[np.float64], half: int) -> NDArray[np.float64] | None:
    """Values of mean 0 and deviation 1 in the first rows, missing ones at the mean."""
    known = values[:half][~np.isnan(values[:half])]
    if known.size == 0 or known.min() == known.max():
        return None
    largest = np.abs(known).max()  # squares of the largest floats would overflow
    mean = float((known / largest).mean())
    scaled = np.where(np.isnan(values), mean, values / largest)
    spread = float(scaled[:half].std())
    return (scaled - mean) / spread if spread > 0 else None
