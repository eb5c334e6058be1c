"""Mean, squared deviations and extremes of numbers: what adds up without keeping them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import fsum, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Moments:
    """Of finite numbers.

    Parameters
    ----------
    count : int
    mean : float
    m2 : float
        Sum of squared deviations from the mean.
    minimum, maximum : float or None
        None when there are no numbers.
    lost : float
        What the mean lacks for being a double: far from zero, deviations are finer than it is.
    m3, m4 : float or None
        Sums of the third and fourth powers of the deviations; None where they were not taken.
    """

    count: int = 0
    mean: float = 0.0
    m2: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    lost: float = 0.0
    m3: float | None = None
    m4: float | None = None

    @property
    def deviation(self) -> float:
        """Population standard deviation; NaN without numbers."""
        return float((self.m2 / self.count) ** 0.5) if self.count else nan


def moments(values: NDArray[np.float64]) -> Moments:
    """The moments of finite numbers, in two passes."""
    if not values.size:
        return Moments()
    count = values.size
    with np.errstate(over="ignore", invalid="ignore"):  # 1e308 may overflow to infinity, honestly
        mean = float(values.mean())
        apart = values - mean
        rest = float(apart.sum())
        m2 = max(float(np.multiply(apart, apart, out=apart).sum()) - rest * rest / count, 0.0)
    return about(mean, Moments(count, rest / count, m2, float(values.min()), float(values.max())))


def four_moments(values: NDArray[np.float64]) -> Moments:
    """As ``moments``, with the third and fourth powers: they say how well the variance is known."""
    found = moments(values)
    with np.errstate(over="ignore", invalid="ignore"):
        apart = (values - found.mean) - found.lost
        squares = apart * apart
        m3, m4 = float((squares * apart).sum()), float((squares * squares).sum())
    return replace(found, m3=m3, m4=m4) if values.size else found


def about(centre: float, found: Moments) -> Moments:
    """The moments of numbers from which a centre was subtracted before their mean was taken.

    No digit of the sum is lost (Knuth 1969, 4.2.2, theorem B).
    """
    mean = centre + found.mean
    part = mean - centre
    lost = (centre - (mean - part)) + (found.mean - part) + found.lost
    return replace(found, mean=mean, lost=lost if isfinite(lost) else 0.0)


def together(parts: Iterable[Moments]) -> Moments:
    """The moments of the numbers of all parts.

    The sums are exact before they are rounded, so neither order nor grouping shows beyond the last
    digits (Chan, Golub and LeVeque 1979, for the deviations of the parts' means).
    """
    some = [part for part in parts if part.count]
    if len(some) < 2:  # noqa: PLR2004 - nothing to add
        return some[0] if some else Moments()
    count = sum(part.count for part in some)
    try:
        pivot = min(part.mean for part in some)
        apart = [(part.mean - pivot) + part.lost for part in some]
        mean = fsum(a * (part.count / count) for a, part in zip(apart, some, strict=True))
        between = (part.count * (a - mean) ** 2 for a, part in zip(apart, some, strict=True))
        m2 = fsum((*(part.m2 for part in some), *between))
    except (OverflowError, ValueError):  # swallow: beyond the largest double, so it is not a number
        pivot, mean, m2 = 0.0, nan, nan
    lowest = min(part.minimum for part in some if part.minimum is not None)
    highest = max(part.maximum for part in some if part.maximum is not None)
    higher = _higher_powers(some, [a - mean for a in apart]) if isfinite(mean) else (None, None)
    return about(pivot, Moments(count, mean, m2, lowest, highest, 0.0, *higher))


def _higher_powers(
    some: Sequence[Moments], shifts: Sequence[float]
) -> tuple[float, float] | tuple[None, None]:
    """The third and fourth powers about the common mean, each part's own mean ``shift`` from it.

    References
    ----------
    Pébay (2008), "Formulas for robust, one-pass parallel computation of covariances and
    arbitrary-order statistical moments", equations 2.1 and 2.2.
    """
    cubes, fourths = [], []
    for part, d in zip(some, shifts, strict=True):
        if part.m3 is None or part.m4 is None:
            return None, None
        cubes += [part.m3, 3 * d * part.m2, part.count * d**3]
        fourths += [part.m4, 4 * d * part.m3, 6 * d * d * part.m2, part.count * d**4]
    try:
        return fsum(cubes), fsum(fourths)
    except (OverflowError, ValueError):  # swallow: beyond the largest double, so it is not known
        return None, None
