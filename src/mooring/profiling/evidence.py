"""The evidence one column gives: its shape moved, more values are missing, more are unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mooring.profiling.counting.many import HEAVY
from mooring.profiling.findings import Evidence
from mooring.profiling.floods import FLOOR, flood_of
from mooring.profiling.laws.levels import (
    ENOUGH,
    benjamini_hochberg,
    join_sparse,
    psi_levels,
    psi_tails,
    rate_tails,
)
from mooring.profiling.pairs import psi, side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mooring.profiling.findings import DriftRules, Why
    from mooring.profiling.pairs import Floats, Pairs
    from mooring.profiling.profiles import ColumnProfile
    from mooring.profiling.strangers import Strangers

    Risen = tuple[ColumnProfile, ColumnProfile, Strangers]

_NEARLY = 1 + 1e-9
"""So that rounding leaves no column out that ``join_sparse`` would join."""


class Shapes(NamedTuple):
    """For each column the tested index, what no drift stays under, and the tail probability."""

    effects: Floats
    levels: Floats
    p_values: Floats


class Found(NamedTuple):
    """Evidence before it is corrected for all that was looked at."""

    kind: Why
    effect: float
    floor: float
    p_value: float


def is_blind(base: ColumnProfile) -> bool:
    """Whether no category of the baseline is frequent enough to know it again."""
    bins = base.bins
    return (
        base.kind == "categorical" and not bins.categories and bool(bins.rare or not bins.complete)
    )


def shapes(pairs: Pairs, alpha: float, inflation: Floats | float = 1.0) -> Shapes:
    """Test the population stability index of each column.

    With sparse bins it is tested twice: as it is, which sees a rare value take over but is deaf to
    many small moves, and with sparse neighbours joined, which is the reverse. The smaller
    probability counts, doubled for having looked twice (Bonferroni). ``inflation`` is one number
    for all columns, or one for each.
    """
    inflation = np.broadcast_to(inflation, pairs.n.shape)
    n, m = pairs.n / inflation, pairs.m / inflation
    effects = psi(pairs)
    levels = psi_levels(pairs.bins, n, m, alpha)
    tails = psi_tails(effects, pairs.bins, n, m)
    joined = _join(pairs, inflation)
    if joined:
        places = np.array(list(joined))
        again = side_by_side(list(joined.values()))
        n, m, bins = n[places], m[places], again.bins
        index = psi(again)
        tail = psi_tails(index, bins, n, m)
        better = tail < tails[places]
        bins = np.where(better, bins, pairs.bins[places])
        effects[places] = np.where(better, index, effects[places])
        levels[places] = psi_levels(bins, n, m, alpha / 2)
        tails[places] = np.minimum(2 * np.where(better, tail, tails[places]), 1.0)
    return Shapes(effects, levels, tails)


def _join(pairs: Pairs, inflation: Floats) -> dict[int, tuple[Floats, Floats]]:
    """The joined bins of the columns that have less of them than before."""
    n, m = pairs.n / inflation, pairs.m / inflation
    expected = (pairs.a + pairs.b) / inflation[pairs.of] * (np.minimum(n, m) / (n + m))[pairs.of]
    sparse = np.unique(pairs.of[pairs.used & (expected < ENOUGH * _NEARLY)])
    found = {}
    for place in sparse.tolist():
        here = slice(pairs.starts[place], pairs.ends[place])
        by = inflation[place]
        a, b = join_sparse(pairs.a[here] / by, pairs.b[here] / by)
        if a.size < pairs.bins[place]:
            found[place] = a * by, b * by
    return found


def rises(columns: Sequence[Risen], rules: DriftRules) -> list[list[Found]]:
    """Evidence of more missing and more unseen values than the baseline leads one to expect.

    Returns
    -------
    list of list of Found
        For each column; nothing for what did not happen once.
    """
    counts: list[tuple[int, int, int, int]] = []
    found: list[tuple[int, Why, float, float]] = []
    for place, (base, current, strangers) in enumerate(columns):
        if current.nulls:
            rise = current.nulls / current.rows - base.nulls / base.rows
            counts.append((base.nulls, base.rows, current.nulls, current.rows))
            found.append((place, "missing", rise, rules.null_rate_floor))
        events, trials, expected, rows = strangers
        if events and rows:
            counts.append((expected, rows, events, trials))
            found.append(
                (place, "unseen", events / trials - expected / rows, rules.unseen_rate_floor)
            )
    evidence: list[list[Found]] = [[] for _ in columns]
    if found:
        by = [rules.of(columns[place][0].name).inflation for place, *_ in found]
        tails = rate_tails(*(np.array(counts, dtype=np.float64).T / np.array(by))).tolist()
        for (place, kind, rise, floor), tail in zip(found, tails, strict=True):
            evidence[place].append(Found(kind, rise, floor, tail))
    return evidence


def flooded(base: ColumnProfile, current: ColumnProfile, rules: DriftRules) -> list[Found]:
    """Evidence that one of too many texts took over; corrected for the many that could have."""
    flood = flood_of(base, current)
    if flood is None:
        return []
    by = rules.of(base.name).inflation
    counts = np.array([[flood.before, flood.rows, flood.now, flood.trials]]) / by
    tail = float(rate_tails(*counts.T)[0])
    return [Found("flood", flood.rise, FLOOR, min(HEAVY * tail, 1.0))]


def corrected(found: Sequence[Sequence[Found]], alpha: float) -> Iterator[tuple[Evidence, ...]]:
    """The evidence of each column, after Benjamini-Hochberg over that of all."""
    adjusted = iter(benjamini_hochberg([item.p_value for column in found for item in column]))
    for column in found:
        yield tuple(
            Evidence(*item, q, drift=q <= alpha and item.effect >= item.floor)
            for item, q in zip(column, adjusted, strict=False)
        )
