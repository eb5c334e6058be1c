"""A column from week to week: how wide its steps are, and the one at the border of the new rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mooring.gates.data.partitions import DAY, Measure, known_mean, table
from mooring.gates.data.periods import has_days, new_periods

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mooring.gates.data.case import Part
    from mooring.gates.data.partitions import Partition
    from mooring.gates.data.past import Past

    Floats = NDArray[np.float64]

_WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Weeks:
    """The weeks on both sides of the border.

    Parameters
    ----------
    last, first : float
        Means of the last accepted week and of the first new one.
    spreads : tuple of float
        Standard deviations of the rows in these.
    widest : float
        The widest step from one accepted week to the next, for as long as lies between the two.
    farther : bool
        Whether that step is the widest in proportion, too, for a column that is never negative.
    known : float
        For how many weeks there are accepted rows.
    rows : int
        How many rows are new.
    """

    last: float
    first: float
    spreads: tuple[float, float]
    widest: float
    farther: bool
    known: float
    rows: int

    @property
    def step(self) -> float:
        """How far the first new week is from the last accepted one."""
        return abs(self.first - self.last)


def weeks_of(part: Part, past: Past | None, name: str) -> Weeks | None:
    """A column's weeks; None where they are too few to say what is usual."""
    if past is None or not has_days(past) or Measure(name) not in past.measures:
        return None
    new, place = new_periods(part, past), past.measures.index(Measure(name))
    if not new:
        return None
    length = min(max(1, round(_WEEK / past.step)), len(new), len(past.periods) // 2)
    means = table(past.periods, "means")[:, place]
    count = means.size // length
    weeks = known_mean(means[-count * length :].reshape(count, length), axis=1)
    steps = np.abs(np.diff(weeks))
    steps = steps[np.isfinite(steps)]
    if not steps.size:
        return None
    # what is missing in between is time as well
    apart = (float(new[0].value) - float(past.periods[-1].value)) / (length * past.step)
    last, before = _together(past.periods[-length:], place)
    first, after = _together(new[:length], place)
    widest = float(steps.max()) * max(1.0, apart)
    farther = _in_proportion([*weeks, first]) if first > 0 else True
    known = len(past.periods) * past.step / _WEEK
    return Weeks(last, first, (before, after), widest, farther, known, sum(p.rows for p in new))


def _in_proportion(weeks: Sequence[float]) -> bool:
    """Whether no step is as wide as the last by its factor; prices and loads move that way."""
    known = np.asarray(weeks)
    known = known[np.isfinite(known)]
    if not (known > 0).all():
        return True
    steps = np.abs(np.diff(np.log(known)))
    return bool(steps[-1] > steps[:-1].max(initial=0.0))


def _together(periods: Sequence[Partition], place: int) -> tuple[float, float]:
    """Mean of some periods' means, and the standard deviation within and between them."""
    means, within = (table(periods, field)[:, place] for field in ("means", "deviations"))
    mean = float(known_mean(means))
    return mean, float(np.sqrt(known_mean(within**2 + (means - mean) ** 2)))
