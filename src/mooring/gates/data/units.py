"""A change of unit that is no power of ten: miles for kilometres, Fahrenheit for Celsius."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mooring.gates.data.finding import Finding, number
from mooring.gates.data.shape import MAJOR, quantiles, suspected
from mooring.gates.data.weeks import weeks_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mooring.gates.data.case import Pair, Part
    from mooring.gates.data.past import Past
    from mooring.gates.data.weeks import Weeks
    from mooring.profiling.comparing import ColumnDrift
    from mooring.profiling.profiles import ColumnProfile, Profile

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Conversion:
    """``now = factor * before + offset``."""

    name: str
    factor: float
    offset: float = 0.0

    @property
    def written(self) -> str:
        """As a formula: ``x1.8 +32``."""
        times = "" if self.factor == 1 else f"\N{MULTIPLICATION SIGN}{number(self.factor)}"
        plus = f"{self.offset:+g}" if self.offset else ""
        return f"{times} {plus}".strip()

    @property
    def told(self) -> str:
        """For people."""
        return f"{self.name} ({self.written})"


_FACTORS = {
    "kilometres to miles": 1 / 1.609344,
    "metres to feet": 1 / 0.3048,
    "metres to yards": 1 / 0.9144,
    "centimetres to inches": 1 / 2.54,
    "kilograms to pounds": 1 / 0.45359237,
    "litres to gallons": 1 / 3.785411784,
    "knots to km/h": 1.852,
    "m/s to km/h": 3.6,
    "hours to minutes": 60.0,
    "hours to seconds": 3600.0,
    "days to hours": 24.0,
    "weeks to days": 7.0,
    "dozens to pieces": 12.0,
    "degrees to radians": np.pi / 180,
    "kilobytes to bytes": 1024.0,
}
"""International yard and pound (1959), the US gallon, the nautical mile, and the clock."""
CONVERSIONS: tuple[Conversion, ...] = (
    Conversion("Celsius to Fahrenheit", 1.8, 32.0),
    Conversion("Fahrenheit to Celsius", 1 / 1.8, -32 / 1.8),
    Conversion("Celsius to Kelvin", 1.0, 273.15),
    Conversion("Kelvin to Celsius", 1.0, -273.15),
    *(Conversion(name, factor) for name, factor in _FACTORS.items()),
    *(
        Conversion(" to ".join(reversed(name.split(" to "))), 1 / factor)
        for name, factor in _FACTORS.items()
    ),
)
FIT = 0.3
"""How far a quantile may be from where the conversion puts it, in interquartile ranges."""
AWAY = 1.5
"""How far they must be without it."""
VERY_FAR = 20
"""How many times nearer a conversion must bring what fits less well: one range at most."""
JUMP = 2.0
"""How many times the widest step that ever was, from one week to the next, is worth a word."""
FAR_JUMP = 3.0
"""From how many no season does it: in 66 clean months of bike rides, electricity and flights the
widest was 2.6 (a new timetable; 2.5 a hurricane, then November); pounds for kilograms make 2.2 to
5 where the season is wide."""
LEAST_WEEKS = 12
"""Of hourly series with a memory of 200 hours (AR 0.995) the widest step doubled in 4 of 300 cases
with 9 weeks of history, in none with 19; of their exponentials in 7 and 1."""
ALIKE = 1.5
"""By what factor the spread within a week may differ from what the conversion makes of it."""
STRETCH = 1.5
"""A factor that is no chance: the spread of 100 normal values is known to about a tenth."""
NEARLY = 1.25
"""How far a factor may be from the conversions that are named: two errors of 100 rows."""
MOST = 3
"""Conversions that are told; those that fit are near each other."""


def converted(part: Part, pair: Pair, accepted: Profile, past: Past | None) -> Finding | None:
    """No known conversion explains where a column is now, far from where it was.

    Growth and seasons move quantiles as far, but not from one week to the next: where there are
    periods, the step at the border must be one that the conversion explains, and that never was.
    A season can hide a conversion as well, so a step twice as wide as any is told by itself, and
    stops from three times on.
    """
    name = pair.now.name
    before, now = accepted.column(name), part.own.column(name)
    if before is None or now is None or (before.kind, now.kind) != ("numeric", "numeric"):
        return None
    was, found = np.asarray(quantiles(before)), np.asarray(quantiles(now))
    weeks = weeks_of(part, past, name)
    best, finding = _explanation(was, found), None
    if best is not None and (weeks is None or _explains(best, weeks)):
        finding = suspected(part, now, (float(was[2]), found.tolist()), best.told)
    elif weeks is not None and (fitting := _of_a_jump(weeks)):
        finding = _jumped(part, now, weeks, fitting)
    return None if finding is None or part.case.follows_time(name) else finding


def stretched(
    part: Part, pair: Pair, accepted: Profile, moved: Mapping[str, ColumnDrift]
) -> Finding | None:
    """Without days to compare: no column alone is a multiple of what it was.

    Where nobody can say how far blocks of rows lie apart, this is told and does not stop.
    """
    name = pair.now.name
    before, now = accepted.column(name), part.own.column(name)
    away = {d.name for d in moved.values() if d.effect >= MAJOR and d.effect >= d.level}
    if before is None or now is None or (before.kind, now.kind) != ("numeric", "numeric"):
        return None
    if name not in away or len(away) > max(1, len(moved) / 4):
        return None
    was, found = np.asarray(quantiles(before)), np.asarray(quantiles(now))
    if not was.size or not found.size or was[3] <= was[1]:
        return None
    wide, usual = (float(each[-1]) - float(each[0]) for each in (found, was))
    factor = wide / usual
    alike = factor <= 0 or 1 / STRETCH < factor < STRETCH
    if alike or _misfit(was, found, Conversion("", factor)) > FIT:
        return None
    near = sorted(
        (abs(float(np.log(factor / one.factor))), one.told) for one in CONVERSIONS if not one.offset
    )
    fitting = [told for apart, told in near[:MOST] if apart <= np.log(NEARLY)]
    what = " or ".join(fitting or [Conversion("a scale of", factor).told])
    return replace(suspected(part, now, (float(was[2]), found.tolist()), what), severity="warn")


def _jumped(part: Part, now: ColumnProfile, weeks: Weeks, fitting: Sequence[Conversion]) -> Finding:
    times = weeks.step / weeks.widest
    return Finding(
        column=now.name,
        rule="scale",
        severity="stop" if times > FAR_JUMP else "warn",
        expected=f"a mean of about {number(weeks.last)}, as in the last periods accepted",
        found=f"{number(weeks.first)} in the next{part.where}, a step {number(round(times, 1))} "
        f"times as wide as any before: {' or '.join(one.told for one in fitting)} suspected",
        rows=weeks.rows,
        examples=(number(weeks.first),),
        cure="look for a change of unit upstream",
    )


def _explains(how: Conversion, weeks: Weeks) -> bool:
    """Whether the first new periods are what the last accepted ones become by a conversion."""
    left = abs(weeks.first - (how.factor * weeks.last + how.offset))
    return left <= weeks.step / 2 and weeks.step > weeks.widest


def _of_a_jump(weeks: Weeks) -> tuple[Conversion, ...]:
    """The conversions that explain a step no season makes: the mean, and the spread as well.

    A rare event, such as the one snowfall of the year, moves the mean by less than its spread.
    """
    wide = weeks.step > max(JUMP * weeks.widest, weeks.spreads[1]) and weeks.farther
    if not wide or not weeks.widest or weeks.known < LEAST_WEEKS:
        return ()
    large = (one for one in CONVERSIONS if one.offset or not 1 / STRETCH < one.factor < STRETCH)
    told = sorted(large, key=lambda one: _left(weeks, one))
    return tuple(one for one in told[:MOST] if _left(weeks, one) <= 1)


def _left(weeks: Weeks, how: Conversion) -> float:
    """How far the new week is from the last one converted; 1 is as far as weeks ever were."""
    was, now = weeks.spreads
    if not was > 0 or not now > 0:
        return float("inf")
    mean = abs(weeks.first - (how.factor * weeks.last + how.offset))
    spread = abs(np.log(now / (how.factor * was)))
    return max(mean / (how.factor * weeks.widest), float(spread / np.log(ALIKE)))


def _explanation(was: Floats, found: Floats) -> Conversion | None:
    """The conversion that fits best, when the quantiles are far away without it."""
    if not was.size or not found.size or was[3] <= was[1]:
        return None
    away = _misfit(was, found, Conversion("", 1.0))
    if away < AWAY:
        return None
    best = min(CONVERSIONS, key=lambda one: _misfit(was, found, one))
    # from very far away, a season apart is near enough
    fit = max(FIT, min(1.0, away / VERY_FAR))
    return best if _misfit(was, found, best) <= fit else None


def _misfit(was: Floats, found: Floats, how: Conversion) -> float:
    """How far the farthest quantile is from where a conversion puts it."""
    with np.errstate(over="ignore", invalid="ignore"):
        expected = how.factor * was + how.offset
        apart = np.abs(found - expected).max() / (how.factor * (was[3] - was[1]))
    return float(apart) if np.isfinite(apart) else float("inf")
