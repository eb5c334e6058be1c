"""A change of unit that is no power of ten: miles for kilometres, Fahrenheit for Celsius."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mooring.gates.data.finding import Finding, number
from mooring.gates.data.partitions import Measure, known_mean, table
from mooring.gates.data.periods import LEAST_PERIODS, new_periods
from mooring.gates.data.shape import quantiles, suspected

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mooring.gates.data.case import Pair, Part
    from mooring.gates.data.past import Past
    from mooring.profiling.profiles import Profile

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
_WEEK = 7


def converted(part: Part, pair: Pair, accepted: Profile, past: Past | None) -> Finding | None:
    """No known conversion explains where all quantiles are now, far from where they were.

    Growth and seasons move quantiles as far, but not from one week to the next: where there are
    periods, the step at the border must be one that the conversion explains, and that never was.
    """
    before, now = accepted.column(pair.now.name), part.own.column(pair.now.name)
    if before is None or now is None or (before.kind, now.kind) != ("numeric", "numeric"):
        return None
    was, found = np.asarray(quantiles(before)), np.asarray(quantiles(now))
    best = _explanation(was, found)
    if best is None or part.case.follows_time(pair.now.name):
        return None
    if past is not None and not _at_once(part, past, pair.now.name, best):
        return None
    told = (float(was[2]), found.tolist())
    return suspected(part, now, told, f"{best.name} ({best.written})")


def _at_once(part: Part, past: Past, name: str, how: Conversion) -> bool:
    """Whether the first new periods are what the last accepted ones become by a conversion."""
    new, place = new_periods(part, past), _place(past, name)
    if place is None or not new or len(past.periods) < LEAST_PERIODS:
        return True  # nothing says otherwise
    means = table(past.periods, "means")[:, place]
    length = min(_WEEK, len(new), len(means) // 2)
    weeks = _blocks(means[::-1], length)[::-1]
    first = float(known_mean(table(new[:length], "means")[:, place]))
    last, steps = float(weeks[-1]), np.abs(np.diff(weeks))
    left = abs(first - (how.factor * last + how.offset))
    usual = float(np.fmax.reduce(steps, initial=0.0))
    return left <= abs(first - last) / 2 and abs(first - last) > usual


def _place(past: Past, name: str) -> int | None:
    wanted = Measure(name)
    return past.measures.index(wanted) if wanted in past.measures else None


def _blocks(values: Floats, length: int) -> Floats:
    """Means of so many values each, what is left over at the end left out."""
    count = values.size // length
    return known_mean(values[: count * length].reshape(count, length), axis=1)


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
