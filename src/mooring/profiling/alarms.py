"""Alarms over windows: how many of the latest must agree, and what that costs in false alarms."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

from mooring.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def n_of_m(history: Sequence[bool], n: int, m: int) -> bool:
    """Whether at least ``n`` of the latest ``m`` windows are beyond their level.

    Parameters
    ----------
    history : sequence of bool, the oldest window first
        A shorter one than ``m`` alarms too, as soon as ``n`` windows do.
    n, m : int, 1 <= n <= m

    Raises
    ------
    UsageError
        When ``n`` windows cannot be had out of ``m``.

    Examples
    --------
    >>> n_of_m([True, False, True], 2, 3), n_of_m([True, False, False, True], 2, 3)
    (True, False)
    """
    _check(n, m)
    return sum(history[-m:]) >= n


def false_alarms(p: float, n: int, m: int, windows_per_month: float) -> float:
    """How many alarms a month begin without any drift, under a rule of ``n`` of ``m`` windows.

    An alarm begins when the rule holds and did not a window before. With independent windows, the
    two overlap in ``m - 1``: of these ``n - 1`` must be beyond their level, the new window too, and
    the one that leaves must not be. So ``C(m - 1, n - 1) p^n (1 - p)^(m - n + 1)`` begin a window:
    exact, the number of entries into the alarming states of the Markov chain of the latest ``m``.

    Parameters
    ----------
    p : float, in [0, 1]
        The probability that one window is beyond its level without drift: ``alpha`` of a rule over
        all columns. When nearly 1, alarms seldom begin because they hardly ever end.
    n, m : int, 1 <= n <= m
    windows_per_month : float

    Raises
    ------
    UsageError
        When ``p`` is no probability, ``n`` exceeds ``m`` or a number of windows is negative.

    Examples
    --------
    >>> round(false_alarms(0.01, 1, 1, 30), 3), round(false_alarms(0.01, 2, 3, 30), 4)
    (0.297, 0.0059)
    """
    _check(n, m)
    if not 0 <= p <= 1:
        raise UsageError(f"the probability of an alarm must be in 0 to 1, not {p}")
    if not windows_per_month >= 0:
        raise UsageError(f"the windows of a month must be 0 or more, not {windows_per_month}")
    return float(windows_per_month * comb(m - 1, n - 1) * p**n * (1 - p) ** (m - n + 1))


def _check(n: int, m: int) -> None:
    if not 1 <= n <= m:
        raise UsageError(
            f"{n} of {m} windows cannot be beyond their level", fix="1 <= n <= m, as in 2 of 3"
        )
