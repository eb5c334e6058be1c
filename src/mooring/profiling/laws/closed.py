"""Laws of the drift scores when nothing drifted, free of the two sample sizes.

The difference of two vectors of shares tends to a normal vector with covariance
``(1/n + 1/m)(diag(p) - p p')``, so a score divided by ``spread`` has a law that depends on the
baseline's shares alone. Each closed law says from how many rows on it holds. The chi-square laws
are here, sums of absolute normals in ``absolutes``, the maximum of a bridge in ``bridge``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, lgamma, log, sqrt
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ENOUGH = 5.0
"""Expected rows a bin needs for the chi-square law (Cochran 1954)."""


_PATIENCE = {"psi": 1.0, "chisquare": 1.0, "jensenshannon": 4.0, "hellinger": 4.0}
"""Times as many rows as for the chi-square statistic; empty bins weigh more in these two."""


class Law(Protocol):
    """The law of one score in units of ``spread``."""

    @property
    def expected(self) -> float:
        """The mean."""
        ...

    def tail(self, value: float) -> float:
        """The probability of ``value`` or more."""
        ...

    def level(self, alpha: float) -> float:
        """The value exceeded with probability ``alpha`` at most."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed law, and the rows the smaller side needs for it to hold."""

    law: Law
    rows: float


@dataclass(frozen=True, slots=True)
class Never:
    """The law of a column of one bin: every score is 0."""

    expected: float = 0.0

    def tail(self, value: float) -> float:
        """Certain at 0, impossible above."""
        return 1.0 if value <= 0 else 0.0

    def level(self, alpha: float) -> float:  # noqa: ARG002 - the same at each
        """Always 0."""
        return 0.0


@dataclass(frozen=True, slots=True)
class ChiSquarePower:
    """``unit * X ** power`` for a chi-square variable ``X``; ``power`` is 1 or 1/2."""

    degrees: int
    unit: float
    power: float

    @property
    def expected(self) -> float:
        """The mean."""
        half = self.degrees / 2
        return self.unit * 2**self.power * exp(lgamma(half + self.power) - lgamma(half))

    def tail(self, value: float) -> float:
        """The probability of ``value`` or more."""
        from scipy.special import chdtrc

        return float(chdtrc(self.degrees, max(value / self.unit, 0.0) ** (1 / self.power)))

    def level(self, alpha: float) -> float:
        """The value exceeded with probability ``alpha``."""
        from scipy.special import chdtri

        return float(self.unit * chdtri(self.degrees, alpha) ** self.power)


@dataclass(frozen=True, slots=True)
class PearsonThree:
    """A shifted gamma variable with a given mean, deviation and skewness (Pearson 1895, III)."""

    expected: float
    deviation: float
    skewness: float

    def tail(self, value: float) -> float:
        """The probability of ``value`` or more."""
        from scipy.special import gammaincc

        shape, unit, start = self._gamma()
        return float(gammaincc(shape, max((value - start) / unit, 0.0)))

    def level(self, alpha: float) -> float:
        """The value exceeded with probability ``alpha``."""
        from scipy.special import gammainccinv

        shape, unit, start = self._gamma()
        return float(start + unit * gammainccinv(shape, alpha))

    def _gamma(self) -> tuple[float, float, float]:
        skewness = max(self.skewness, 0.02)
        return (
            4 / skewness**2,
            self.deviation * skewness / 2,
            self.expected - 2 * self.deviation / skewness,
        )


def spread(score: str, n: float, m: float) -> float:
    """The unit of a score's law at ``n`` and ``m`` rows; the standard deviations' or their square.

    Examples
    --------
    >>> spread("psi", 100, 100), round(spread("ks", 100, 100), 3), spread("chisquare", 100, 100)
    (0.02, 0.141, 1.0)
    """
    if score == "chisquare":
        return 1.0
    share = 1 / n + 1 / m
    return share if score == "psi" else sqrt(share)


def chi_square_law(score: str, counts: Floats) -> Closed:
    """PSI, Jensen-Shannon, Hellinger and chi-square, by their common second-order expansion."""
    filled = counts[counts > 0]
    if counts.size <= 1:
        return Closed(Never(), 0.0)
    units = {
        "psi": (1.0, 1.0),
        "chisquare": (1.0, 1.0),
        "jensenshannon": (sqrt(1 / (8 * log(2))), 0.5),
        "hellinger": (sqrt(1 / 8), 0.5),
    }
    law = ChiSquarePower(max(filled.size - 1, 1), *units[score])
    return Closed(law, rows_needed(filled) * _PATIENCE[score])


def rows_needed(filled: Floats) -> float:
    """The rows from which each bin with a row expects ``ENOUGH``."""
    return ENOUGH * float(filled.sum()) / float(filled.min()) if filled.size > 1 else inf
