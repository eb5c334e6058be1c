"""What every test is told, and what each one answers."""

from __future__ import annotations

import math
from dataclasses import dataclass

POWER_QUANTILE = 0.8416212335729143
"""Of the standard normal distribution, for a power of 80 %."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How an interval is made.

    Parameters
    ----------
    time_ordered : bool
        Whether rows may depend on their neighbours.
    seed, resamples : int
        Of the bootstrap.
    confidence : float
        Two-sided, between 0 and 1.
    """

    time_ordered: bool
    seed: int
    resamples: int
    confidence: float

    @property
    def tail(self) -> float:
        """The share of chance left on each side."""
        return (1.0 - self.confidence) / 2


@dataclass(frozen=True, slots=True)
class Interval:
    """What a test found, as distances from the observed difference.

    Parameters
    ----------
    below, above : float
        How far the interval reaches on each side; at least 0.
    detectable : float
        The smallest true difference that would be seen in 80 % of such data.
    independence : float
        Independent rows that say as much as one of these rows; at most 1.
    block_length : int
        Rows resampled together; 1 where nothing is resampled.
    method : str
    """

    below: float
    above: float
    detectable: float
    independence: float
    block_length: int
    method: str


def rows_to_tell(rows: int, detectable: float, distance: float) -> int | None:
    """About how many such rows would show a true distance in 80 % of cases.

    Parameters
    ----------
    rows : int
        Those there are.
    detectable : float
        The smallest distance that these rows would show as often.
    distance : float
        The one to show, in the same unit.

    Returns
    -------
    int or None
        More than there are; None when no number would do: the distance is not above zero, or
        nothing is known of the spread.

    Examples
    --------
    >>> rows_to_tell(100, detectable=2.0, distance=1.0)
    400
    """
    if not distance > 0 or not math.isfinite(ratio := detectable / distance):
        return None
    return max(rows + 1, math.ceil(rows * ratio**2))
