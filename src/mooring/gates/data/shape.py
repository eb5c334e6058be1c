"""Distributions, held against what was accepted: scales, swapped columns, shifts."""

from __future__ import annotations

from itertools import combinations
from math import floor, isnan, log10, sqrt
from operator import le
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.gates.data.finding import Finding, number, share
from mooring.profiling.comparing import DriftRules, compare
from mooring.profiling.counting.making import profile
from mooring.profiling.profiles import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mooring.gates.data.case import Pair, Part
    from mooring.profiling.comparing import BinShift, ColumnDrift
    from mooring.profiling.profiles import ColumnProfile
    from mooring.settings.model import DataGate

MAJOR = 0.25
"""The population stability index that the custom calls major (Lewis 1994)."""
CHANCE = 0.001
"""How often a column that did not drift may be said to have moved."""
_MOVED = "nothing: this is what retraining is for"
_MOVED_FAR = "look for a fault upstream; a number that only grows belongs in [data] exclude"
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_INFORMATIVE = 3
_TIMES, _OVER = "\N{MULTIPLICATION SIGN}", "\N{DIVISION SIGN}"
_SLACK, _WIDE_SLACK = 1.6, 3.0
"""How far from one ten, and from higher powers, the factor of any quantile may be."""
_NEARLY = 0.15
_APART = 0.2
"""Total variation from which a column may have been swapped."""
_CLOSER = 0.6
"""How much nearer, taken together, two columns must be to each other's past than to their own."""
_MOST_PAIRS = 20


def scale(part: Part, pair: Pair, accepted: Profile) -> Finding | None:
    """All quantiles have not moved by the same power of ten, as a change of unit would do."""
    before, now = accepted.column(pair.now.name), part.own.column(pair.now.name)
    if before is None or now is None or (before.kind, now.kind) != ("numeric", "numeric"):
        return None
    was, found = quantiles(before), quantiles(now)
    factor = _common_factor(was, found)
    if factor is None or (0.05 < factor < 20 and part.case.follows_time(now.name)):  # noqa: PLR2004
        return None
    written = f"{_TIMES}{_round(factor)}" if factor > 1 else f"{_OVER}{_round(1 / factor)}"
    return suspected(part, now, (was[2], found), f"scale {written}")


def suspected(
    part: Part, now: ColumnProfile, told: tuple[float, Sequence[float]], change: str
) -> Finding:
    """The finding that a column's quantiles are those of before in another unit.

    ``told`` is the median of before, and the quantiles of now.
    """
    before, found = told
    return Finding(
        column=now.name,
        rule="scale",
        severity="stop",
        expected=f"a median of about {number(before)}",
        found=f"{number(found[2])}{part.where}, the other quantiles alike: {change} suspected",
        rows=now.present,
        examples=tuple(number(value) for value in sorted(set(found[1:4]))),
        cure="look for a change of unit upstream",
    )


def compared(part: Part, pairs: Sequence[Pair], accepted: Profile) -> dict[str, ColumnDrift]:
    """Each comparable column's scores against the accepted profile, by name.

    Text that does not repeat is left out: new names are no drift. So are instants, which move on.
    """
    if part.counted is None:
        return {}
    names = {pair.now.name for pair in pairs if _has_shape(pair)}
    base = Profile(accepted.rows, tuple(c for c in accepted.columns if c.name in names))
    now = Profile(part.counted.rows, tuple(c for c in part.counted.columns if c.name in names))
    drift = compare(base, now, rules=DriftRules(alpha=CHANCE, min_psi=MAJOR, min_rows=1))
    return {column.name: column for column in drift.columns if column.kind != "datetime"}


def swapped(part: Part, moved: Mapping[str, ColumnDrift], accepted: Profile) -> Iterator[Finding]:
    """No two columns look like each other before: positions or names that were exchanged."""
    away = sorted(
        (drift for drift in moved.values() if drift.kind == "numeric" and _tvd(drift) >= _APART),
        key=lambda drift: (-_tvd(drift), drift.name),
    )
    candidates = [
        (a, b) for a, b in combinations(away, 2) if _means_cross(part, accepted, a.name, b.name)
    ]
    for a, b in candidates[:_MOST_PAIRS]:
        crossed = _crossed(part, accepted, a.name, b.name), _crossed(part, accepted, b.name, a.name)
        stayed = _tvd(a), _tvd(b)
        if sum(crossed) <= _CLOSER * sum(stayed) and all(map(le, crossed, stayed)):
            for one, other, like in ((a, b, crossed[0]), (b, a, crossed[1])):
                yield Finding(
                    column=one.name,
                    rule="swapped",
                    severity="stop",
                    expected="the distribution that was accepted",
                    found=f"{share(_tvd(one))} of it moved{part.where}; only {share(like)} if "
                    f"{other.name!r} is taken for it: swapped columns suspected",
                    rows=part.frame.height,
                    cure=f"look whether {one.name!r} and {other.name!r} were exchanged upstream",
                )


def shifted(part: Part, drift: ColumnDrift, rules: DataGate) -> Finding | None:
    """A column's rows are still where they were, or most of them."""
    moved, index = _tvd(drift), drift.effect
    if isnan(moved):
        # the rule about idle columns speaks of types that are never looked into
        return None if drift.kind == "unsupported" else _incomparable(part, drift)
    far = moved >= rules.max_shift
    if not far and not (index >= MAJOR and index >= drift.level):
        return None
    stop = far and not part.case.follows_time(drift.name)
    most = ", ".join(_told(shift) for shift in drift.moved)
    return Finding(
        column=drift.name,
        rule="distribution",
        severity="stop" if stop else "warn",
        expected=f"less than {share(rules.max_shift)} of the rows to have moved",
        found=f"{share(moved)} moved, PSI {index:.2f}: {most}",
        rows=round(moved * part.own.rows),
        cure=_MOVED_FAR if stop else _MOVED,
    )


def _incomparable(part: Part, drift: ColumnDrift) -> Finding:
    return Finding(
        column=drift.name,
        rule="distribution",
        severity="warn",
        expected="a distribution that can be compared",
        found=drift.reason,
        rows=part.own.rows,
        cure="nothing, once these rows are accepted",
    )


def _has_shape(pair: Pair) -> bool:
    return pair.accepted.type != "string" or pair.accepted.categories is not None


def _told(shift: BinShift) -> str:
    return f"{shift.label} {share(shift.baseline)} -> {share(shift.current)}"


def _tvd(drift: ColumnDrift) -> float:
    return drift.score("tvd")


def _means_cross(part: Part, accepted: Profile, a: str, b: str) -> bool:
    """Whether each mean is now nearer to where the other's was, or as near but for chance."""
    before = accepted.column(a), accepted.column(b)
    now = part.own.column(a), part.own.column(b)
    if before[0] is None or before[1] is None or now[0] is None or now[1] is None:
        return False
    stayed = abs(now[0].mean - before[0].mean) + abs(now[1].mean - before[1].mean)
    crossed = abs(now[0].mean - before[1].mean) + abs(now[1].mean - before[0].mean)
    both = (*before, *now)
    chance = sum(c.deviation / sqrt(c.present) for c in both if c is not None and c.present)
    return crossed <= stayed + chance


def _crossed(part: Part, accepted: Profile, name: str, other: str) -> float:
    """Total variation of a column, when the values of another are taken for it."""
    base = accepted.column(name)
    if base is None:
        return 1.0
    like = Profile(accepted.rows, (base,))
    taken = profile(part.frame.select(pl.col(other).alias(name)), like)
    found = compare(like, taken, rules=DriftRules(min_rows=1)).columns[0].score("tvd")
    return 1.0 if isnan(found) else found


def quantiles(column: ColumnProfile) -> tuple[float, ...]:
    """Quantiles to the nearest cell of the fine grid; none without values."""
    inner = np.asarray(column.counts[1:-1], dtype=np.int64)
    if inner.size == 0 or inner.sum() == 0:
        return ()
    below = np.cumsum(inner)
    cells = np.searchsorted(below, np.asarray(_QUANTILES) * below[-1])
    return tuple(column.bins.edges[int(cell) + 1] for cell in cells)


def _common_factor(before: tuple[float, ...], now: tuple[float, ...]) -> float | None:
    """What all quantiles were multiplied by, when that is near a power of ten; else None."""
    both = [(a, b) for a, b in zip(before, now, strict=False) if (a, b) != (0, 0)]
    opposed = any(np.sign(a) != np.sign(b) for a, b in both)
    if opposed or len({a for a, _ in both}) < _INFORMATIVE:
        return None
    logs = sorted(log10(abs(b)) - log10(abs(a)) for a, b in both)
    middle = logs[len(logs) // 2]
    power = floor(middle + 0.5)
    slack = log10(_SLACK if abs(power) == 1 else _WIDE_SLACK)
    if power == 0 or any(abs(value - power) > slack for value in logs):
        return None
    return float(10.0 ** max(-300.0, min(300.0, middle)))


def _round(factor: float) -> str:
    """A factor as a power of ten when it is near one, else to two digits."""
    power = floor(log10(factor) + 0.5)
    if abs(log10(factor) - power) <= _NEARLY:
        return str(10**power) if power < 10 else f"1e{power}"  # noqa: PLR2004
    return f"{float(f'{factor:.2g}'):g}"
