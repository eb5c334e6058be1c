"""The evidence one column gives: its shape moved, more values are missing, more are unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from mooring.profiling.findings import Evidence
from mooring.profiling.levels import join_sparse, psi_level, psi_tail, rate_tail
from mooring.profiling.scores import psi

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mooring.profiling.findings import DriftRules
    from mooring.profiling.profile import ColumnProfile


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


def shape(a: NDArray[np.float64], b: NDArray[np.float64], alpha: float) -> Shape:
    """Test the population stability index of two vectors of counts.

    With sparse bins it is tested twice: as it is, which sees a rare value take over but is deaf to
    many small moves, and with sparse neighbours joined, which is the reverse. The smaller
    probability counts, doubled for having looked twice (Bonferroni).
    """
    joined_a, joined_b = join_sparse(a, b)
    plain = _tested(a, b, alpha)
    if joined_a.size >= int(((a + b) > 0).sum()):
        return plain
    both = (_tested(a, b, alpha / 2), _tested(joined_a, joined_b, alpha / 2))
    best = min(both, key=lambda found: found.p_value)
    return best._replace(p_value=min(2 * best.p_value, 1.0))


def _tested(a: NDArray[np.float64], b: NDArray[np.float64], alpha: float) -> Shape:
    bins, n, m = int(((a + b) > 0).sum()), int(a.sum()), int(b.sum())
    effect = psi(a, b)
    return Shape(effect, psi_level(bins, n, m, alpha), psi_tail(effect, bins, n, m))


def rises(base: ColumnProfile, current: ColumnProfile, rules: DriftRules) -> list[Evidence]:
    """Evidence of more missing and more unseen values than the baseline leads one to expect."""
    n, m = base.rows, current.rows
    # Good-Turing: as many rows as were seen once should be new; one more for its own error.
    unseen = base.unseen + base.bins.once + (1 if base.kind == "categorical" else 0)
    cases: list[tuple[Literal["missing", "unseen"], int, int, float]] = [
        ("missing", base.nulls, current.nulls, rules.null_rate_floor),
        ("unseen", unseen, current.unseen, rules.unseen_rate_floor),
    ]
    return [
        Evidence(kind, now / m - before / n, floor, rate_tail(before, n, now, m))
        for kind, before, now, floor in cases
        if now > 0
    ]
