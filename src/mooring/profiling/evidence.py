"""The evidence one column gives: its shape moved, more values are missing, more are unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mooring.profiling.findings import Evidence
from mooring.profiling.laws.levels import join_sparse, psi_level, psi_tail, rate_tail
from mooring.profiling.scores import psi

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mooring.profiling.findings import DriftRules
    from mooring.profiling.profiles import ColumnProfile
    from mooring.profiling.strangers import Strangers


class Shape(NamedTuple):
    """The tested index, what no drift stays under, and the tail probability."""

    effect: float
    level: float
    p_value: float


def is_blind(base: ColumnProfile) -> bool:
    """Whether no category of the baseline is frequent enough to know it again."""
    bins = base.bins
    return (
        base.kind == "categorical" and not bins.categories and bool(bins.rare or not bins.complete)
    )


def tested_bins(base: ColumnProfile, bins: NDArray[np.float64]) -> NDArray[np.float64]:
    """The bins to test: unseen categories are tested apart, the baseline has none by its making."""
    if base.kind != "categorical":
        return bins
    *named, other, unseen, missing = bins
    return np.array([*named, other + unseen, missing])


def shape(
    a: NDArray[np.float64], b: NDArray[np.float64], alpha: float, inflation: float = 1.0
) -> Shape:
    """Test the population stability index of two vectors of counts.

    With sparse bins it is tested twice: as it is, which sees a rare value take over but is deaf to
    many small moves, and with sparse neighbours joined, which is the reverse. The smaller
    probability counts, doubled for having looked twice (Bonferroni).
    """
    joined_a, joined_b = join_sparse(a / inflation, b / inflation)
    plain = _tested(a, b, alpha, inflation)
    if joined_a.size >= int(((a + b) > 0).sum()):
        return plain
    joined = joined_a * inflation, joined_b * inflation
    both = (_tested(a, b, alpha / 2, inflation), _tested(*joined, alpha / 2, inflation))
    best = min(both, key=lambda found: found.p_value)
    return best._replace(p_value=min(2 * best.p_value, 1.0))


def _tested(
    a: NDArray[np.float64], b: NDArray[np.float64], alpha: float, inflation: float
) -> Shape:
    bins, n, m = int(((a + b) > 0).sum()), a.sum() / inflation, b.sum() / inflation
    effect = psi(a, b)
    return Shape(effect, psi_level(bins, n, m, alpha), psi_tail(effect, bins, n, m))


def rises(
    base: ColumnProfile, current: ColumnProfile, strangers: Strangers, rules: DriftRules
) -> list[Evidence]:
    """Evidence of more missing and more unseen values than the baseline leads one to expect."""
    found = []
    if current.nulls:
        rise = current.nulls / current.rows - base.nulls / base.rows
        tail = _tail((base.nulls, base.rows, current.nulls, current.rows), rules)
        found.append(Evidence("missing", rise, rules.null_rate_floor, tail))
    events, trials, expected, rows = strangers
    if events and rows:
        rise = events / trials - expected / rows
        tail = _tail((expected, rows, events, trials), rules)
        found.append(Evidence("unseen", rise, rules.unseen_rate_floor, tail))
    return found


def _tail(counts: tuple[int, int, int, int], rules: DriftRules) -> float:
    expected, rows, events, trials = (count / rules.inflation for count in counts)
    return rate_tail(expected, rows, events, trials)
