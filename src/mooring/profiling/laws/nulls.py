"""What no drift makes of every score, for this baseline at this size of window.

Closed laws where bins hold enough rows (``laws``), seeded resampling where they do not
(``resampling``). Both are remembered: a law belongs to a baseline's column and, where resampled, to
a size of window.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import floor, isnan, log2, nan
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from mooring.errors import UsageError
from mooring.profiling.laws.absolutes import variation_law, wasserstein_law
from mooring.profiling.laws.bridge import kolmogorov_law
from mooring.profiling.laws.closed import chi_square_law, spread
from mooring.profiling.laws.resampling import resampled_law
from mooring.profiling.scores import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mooring.profiling.laws.closed import Closed, Floats, Law
    from mooring.profiling.scores import Counts

Method = Literal["closed", "resampled"]
Levels: TypeAlias = Literal["auto", "closed", "resampled"]
_FINE = 64
"""Bins from which sizes of window are rounded: there the steps of single rows are lost."""
_SMALL = 32
_PER_OCTAVE = 8
_BOUNDED = frozenset({"ks", "jensenshannon", "hellinger", "tvd"})


@dataclass(frozen=True, slots=True)
class NoDrift:
    """What no drift makes of a score.

    Parameters
    ----------
    expected : float
        The mean score without drift.
    level : float
        The score that no drift exceeds with probability ``alpha``.
    p_value : float
        The probability that no drift gives the value found, or more.
    method : "closed" or "resampled"
    """

    expected: float
    level: float
    p_value: float
    method: Method


class _Column(NamedTuple):
    """All of a baseline's column that a law depends on, the key of what is remembered."""

    score: str
    counts: tuple[float, ...]
    edges: tuple[float, ...]
    scale: float
    discrete: bool
    inflation: float


def no_drift(  # noqa: PLR0913 - what was scored, then how, by keyword
    score: str,
    value: float,
    baseline: Counts,
    rows: int,
    *,
    alpha: float = 0.01,
    seed: int = 0,
    edges: Sequence[float] | None = None,
    scale: float | None = None,
    discrete: bool = False,
    inflation: float = 1.0,
    levels: Levels = "auto",
) -> NoDrift:
    """Hold a score against what no drift produces at these sizes.

    Parameters
    ----------
    score : str
        Any name of a score; for ``chisquare`` the value is the statistic.
    value : float
        The score found.
    baseline : sequence of counts
        The baseline's rows in the bins that the score was computed over. Tuples are fastest.
    rows : int
        The window's.
    alpha : float, in (0, 1)
    seed : int
        Of the resampling.
    edges, scale, discrete
        As given to ``scores.wasserstein``, which needs them; others do not use them.
    inflation : float, 1 or more
        Rows that tell as much as one independent row (``dependence.inflation``): both numbers of
        rows are divided by it.
    levels : "auto", "closed" or "resampled"
        ``auto`` resamples only where no closed law holds, at some 15 ms (12 bins) to 100 ms (250)
        once per column and size of window. ``closed`` never does: with sparse bins, its
        probabilities may be off by several times.

    Returns
    -------
    NoDrift
        All NaN when there are no rows on a side or ``value`` is NaN.

    Raises
    ------
    UsageError
        For an unknown score, ``alpha`` or ``inflation`` out of bounds, or Wasserstein without
        edges.

    References
    ----------
    See ``laws`` and ``resampling``.

    Examples
    --------
    >>> found = no_drift("psi", 0.2, [200] * 10, 500)
    >>> round(found.expected, 4), round(found.level, 4), found.p_value < 1e-9, found.method
    (0.0225, 0.0542, True, 'closed')
    """
    name = canonical(score)
    column = _column(name, baseline, edges, scale, discrete=discrete, inflation=inflation)
    if not 0 < alpha < 1:
        raise UsageError(f"alpha must be between 0 and 1, not {alpha}")
    n, m = sum(column.counts) / inflation, rows / inflation
    if not (n > 0 and m > 0 and 0 < column.scale < np.inf) or isnan(value):
        return NoDrift(nan, nan, nan, "closed")
    law, method = _law(column, m, seed, levels)
    unit = spread(name, n, m)
    level = unit * _level(law, alpha)
    return NoDrift(
        expected=unit * law.expected,
        level=min(level, 1.0) if name in _BOUNDED else level,
        p_value=law.tail(value / unit) if value > 0 else 1.0,
        method=method,
    )


def _column(  # noqa: PLR0913 - as no_drift
    name: str,
    baseline: Counts,
    edges: Sequence[float] | None,
    scale: float | None,
    *,
    discrete: bool,
    inflation: float,
) -> _Column:
    if not 1 <= inflation < np.inf:
        raise UsageError(f"inflation must be 1 or more, not {inflation}")
    counts = baseline if isinstance(baseline, tuple) else tuple(np.asarray(baseline).tolist())
    if name != "wasserstein":
        return _Column(name, counts, (), 1.0, discrete=False, inflation=inflation)
    if edges is None or scale is None or len(edges) + 1 != len(counts):
        raise UsageError(
            "the level of wasserstein needs edges, one less than counts, and a scale",
            fix="pass the edges= and scale= that the score was computed with",
        )
    edges = edges if isinstance(edges, tuple) else tuple(np.asarray(edges).tolist())
    return _Column(name, counts, edges, scale, discrete=discrete, inflation=inflation)


def _size(column: _Column, rows: float) -> int:
    """The rows to draw: Wasserstein's over many bins, a costly law, is shared by sizes alike."""
    if column.score != "wasserstein" or len(column.counts) < _FINE or rows <= _SMALL:
        return max(int(rows), 1)
    return int(2 ** (floor(log2(rows) * _PER_OCTAVE) / _PER_OCTAVE))


def _law(column: _Column, rows: float, seed: int, levels: Levels) -> tuple[Law, Method]:
    """The law to use, in units of ``laws.spread``."""
    closed, n = _closed(column)
    if levels == "closed" or (levels == "auto" and min(n, rows) >= closed.rows):
        return closed.law, "closed"
    return _resampled(column, _size(column, rows), seed), "resampled"


@lru_cache(maxsize=2048)
def _resampled(column: _Column, rows: int, seed: int) -> Law:
    return resampled_law(
        column.score,
        tuple(count / column.inflation for count in column.counts),
        rows,
        seed=seed,
        edges=column.edges,
        scale=column.scale,
        discrete=column.discrete,
    )


@lru_cache(maxsize=4096)
def _closed(column: _Column) -> tuple[Closed, float]:
    """The closed law, and the baseline's rows."""
    counts = np.asarray(column.counts, dtype=np.float64)
    return _closed_law(column, counts), float(counts.sum()) / column.inflation


def _closed_law(column: _Column, counts: Floats) -> Closed:
    if column.score == "ks":
        return kolmogorov_law(counts)
    if column.score == "tvd":
        return variation_law(counts)
    if column.score == "wasserstein":
        edges = np.asarray(column.edges, dtype=np.float64)
        return wasserstein_law(counts, edges, column.scale, discrete=column.discrete)
    return chi_square_law(column.score, counts)


@lru_cache(maxsize=8192)
def _level(law: Law, alpha: float) -> float:
    return law.level(alpha)
