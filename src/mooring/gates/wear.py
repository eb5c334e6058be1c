"""What earlier verdicts on the same rows cost the next one.

A holdout that judges again and again lets a candidate through by chance in the end. Of all the
verdicts on the same rows the chance of *any* false pass shall stay below ``1 - confidence``, so the
verdict in place ``k`` may use the share ``1 / (k (k + 1))`` of it. These shares add up to one
however many follow; the first is a half, which is what a two-sided interval of that confidence
leaves on the side of a pass, so a fresh holdout costs nothing.

The bound is Boole's: it needs no independence of the candidates, nor their number in advance. It
also holds for a candidate that was chosen *because* all before it did not pass, for there is only
one such history (the argument of the ladder: Blum and Hardt, "The Ladder", ICML 2015). Somebody who
tunes towards the numbers of earlier verdicts gets round it. Thresholdout (Dwork et al., "The
reusable holdout", Science 349, 2015) hides the numbers in noise against that, and wants far more
rows for the same power than most have: its guarantee for a few dozen questions needs some 10^5. A
gate that could not show its numbers would not be trusted either; so they are shown, counted, and a
fresh holdout is asked for.

Where only a part of the rows was used before, as with the newest 14 days judged weekly, an earlier
verdict counts by that part. For a window that moves by the same step each time the false passes
expected per window of fresh rows stay below 0.54 of ``1 - confidence``, whatever the step; for
windows that move unevenly this is an interpolation and not a theorem.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum
from statistics import NormalDist

TWICE_THE_ROWS = 2.0
"""A fresh holdout is due when a verdict needs this many times the rows it would on one."""
_POWER = 0.8


@dataclass(frozen=True, slots=True)
class Wear:
    """How used a holdout is, and what that means for the next verdict on it.

    Parameters
    ----------
    earlier : int
        Verdicts that used some of these rows before.
    place : float
        1 for a fresh holdout, one more for each earlier verdict on all of its rows.
    confidence : float
        Of the two-sided interval of this verdict.
    family : float
        The chance of any false pass on these rows stays below it.
    rows_factor : float
        This many times the rows tell a gain as surely as a fresh holdout would.
    """

    earlier: int
    place: float
    confidence: float
    family: float
    rows_factor: float

    @property
    def due(self) -> bool:
        """Whether a fresh holdout is worth more than this one."""
        return self.rows_factor >= TWICE_THE_ROWS

    def __str__(self) -> str:
        if self.earlier == 0:
            return "a fresh holdout: no verdict has used these rows before"
        times = f"{self.earlier:,} earlier verdict{'' if self.earlier == 1 else 's'}"
        said = (
            f"{times} used these rows, so this one is held to a {100 * self.confidence:.4g} % "
            f"interval; it needs {self.rows_factor:.1f} times the rows of a fresh holdout"
        )
        return f"{said}: a fresh one is due" if self.due else said


def wear(overlaps: Iterable[float], confidence: float) -> Wear:
    """The wear of a holdout that earlier verdicts used in part or as a whole.

    Parameters
    ----------
    overlaps : iterable of float
        For each earlier verdict the share of *these* rows that it used, from 0 to 1; those of 0 do
        not count.
    confidence : float
        As ``gates.model.confidence`` declares it: ``1 - confidence`` is the chance of a false
        pass in all verdicts on the same rows.

    Returns
    -------
    Wear

    Examples
    --------
    >>> wear([], 0.95).confidence
    0.95
    >>> third = wear([1.0, 1.0], 0.95)
    >>> round(third.confidence, 4), third.due
    (0.9917, False)
    """
    used = [min(1.0, share) for share in overlaps if share > 0]
    place = 1.0 + fsum(used)
    family = 1.0 - confidence
    level = spending(place) * family
    return Wear(
        earlier=len(used),
        place=place,
        # a fresh one is held to what was declared, to the last digit
        confidence=1.0 - 2.0 * level if used else confidence,
        family=family,
        rows_factor=_rows_factor(level, spending(1.0) * family),
    )


def spending(place: float) -> float:
    """The share of the false-pass budget that the verdict in this place may use, on one side.

    Examples
    --------
    >>> [round(1 / spending(place)) for place in (1, 2, 3)]
    [2, 6, 12]
    """
    return 1.0 / (place * (place + 1.0))


def _rows_factor(level: float, fresh: float) -> float:
    """Rows for 80 % power at one level over those at the other, by the normal approximation."""
    normal = NormalDist()
    power = normal.inv_cdf(_POWER)
    now, before = (power - normal.inv_cdf(side) for side in (level, fresh))
    return (now / before) ** 2
