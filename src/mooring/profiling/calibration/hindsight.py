"""What rules would have done on a history that is taken as normal."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from mooring.profiling.alarms import n_of_m
from mooring.profiling.calibration.plan import Hindsight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mooring.profiling.calibration.plan import Compared
    from mooring.profiling.findings import DriftRules, Evidence


def look_back(
    compared: Sequence[Compared], rules: DriftRules, alarm: tuple[int, int], months: float
) -> Hindsight:
    """How often these rules would have raised an alarm.

    Parameters
    ----------
    compared : sequence of Compared
        With the rules' ``alpha`` and ``inflation``; only the floors may be others.
    rules : DriftRules
    alarm : (n, m)
    months : float
        The time that the windows cover.
    """
    return hindsight_of(drifted_by(compared, rules), alarm, months)


def drifted_by(compared: Sequence[Compared], rules: DriftRules) -> list[bool]:
    """Which windows are beyond these rules; parameters as for ``look_back``."""
    return [
        any(
            item.q_value <= rules.alpha and item.effect >= floor_of(item, column.name, rules)
            for column in one.comparison.columns
            for item in column.evidence
        )
        for one in compared
    ]


def hindsight_of(drifted: Sequence[bool], alarm: tuple[int, int], months: float) -> Hindsight:
    """What an alarm of N of M makes of windows, oldest first."""
    n, m = alarm
    alarming = [n_of_m(drifted[: place + 1], n, m) for place in range(len(drifted))]
    begun = sum(now and not before for before, now in pairwise([False, *alarming]))
    return Hindsight(
        drifted=sum(drifted), alarming=sum(alarming), begun=begun / months if months else 0.0
    )


def floor_of(item: Evidence, column: str, rules: DriftRules) -> float:
    """The least effect that counts, by other rules than those it was found by."""
    floors = {
        "shape": rules.floor(column),
        "missing": rules.null_rate_floor,
        "unseen": rules.unseen_rate_floor,
    }
    return floors.get(item.kind, item.floor)
