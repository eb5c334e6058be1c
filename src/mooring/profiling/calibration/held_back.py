"""What to expect of proposals: each part of the history judged by those that come from the others.

On the windows they come from, thresholds raise as few alarms as they were set to raise, whatever
they are worth. Only windows that had no say in them tell.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

from mooring.profiling.calibration import normal
from mooring.profiling.calibration.alike import inflation_of, rows_of
from mooring.profiling.calibration.hindsight import drifted_by, hindsight_of
from mooring.profiling.calibration.plan import LEAST_WINDOWS, SEVERITIES
from mooring.profiling.calibration.proposing import propose, rounded_up

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mooring.profiling.calibration.alike import Tails
    from mooring.profiling.calibration.plan import Calibration, Compared, Hindsight, Pair, Severity
    from mooring.profiling.findings import DriftRules

PARTS = 5
"""Parts of the history (Breiman and Spector 1992, for five)."""


def held_back(
    found: Calibration,
    before: Sequence[Compared],
    pairs: Sequence[Pair],
    neighbours: Sequence[Pair],
    tails: Mapping[str, Tails],
) -> Mapping[Severity, Hindsight]:
    """Alarms of the whole procedure on windows that it has not seen.

    Parts are spans of time, as windows close in time are alike; windows that overlap a part have no
    say in how it is judged.

    Parameters
    ----------
    found : Calibration
        With its plan and levels.
    before : sequence of Compared
        Of ``pairs``, by rules without inflation.
    pairs, neighbours : sequence of Pair
        Each window with its baseline, and with the window before it.
    tails : mapping of column to function
        Of ``neighbours``.

    Returns
    -------
    mapping of severity to Hindsight
        Empty when a part leaves fewer than ``LEAST_WINDOWS`` windows to learn from.
    """
    drifted: dict[Severity, list[bool]] = {severity: [] for severity in SEVERITIES}
    count = len(before)
    for part in range(PARTS):
        low, high = count * part // PARTS, count * (part + 1) // PARTS
        if low == high:
            return {}
        start, end = before[low].window.start, before[high - 1].window.end
        others = [one for one in before if one.window.end <= start or one.window.start >= end]
        apart = round(len(others) * found.disjoint / count)
        if apart < LEAST_WINDOWS:
            return {}
        rules = _learnt(found, others, apart, _inflations(found, neighbours, tails, start, end))
        again = normal.compared(pairs[low:high], rules["record"])
        for severity in SEVERITIES:
            drifted[severity] += drifted_by(again, rules[severity])
    return {s: hindsight_of(drifted[s], found.plan.proposed, found.months) for s in SEVERITIES}


def _inflations(
    found: Calibration,
    neighbours: Sequence[Pair],
    tails: Mapping[str, Tails],
    start: datetime,
    end: datetime,
) -> dict[str, float]:
    """The inflation of each column without the pairs that touch a span."""
    length = found.plan.length
    inside = [
        place
        for place, pair in enumerate(neighbours)
        if pair.window.end > start and pair.window.start - length < end
    ]
    alpha, most = found.plan.rules.alpha, rows_of(neighbours)
    told = {name: inflation_of(one, alpha, most, inside) for name, one in tails.items()}
    return {name: max(rounded_up(one), 1.0) for name, one in told.items() if isfinite(one)}


def _learnt(
    found: Calibration, windows: Sequence[Compared], apart: int, inflations: Mapping[str, float]
) -> Mapping[Severity, DriftRules]:
    """The rules that would be proposed from these windows."""
    levels = {column.name: column.level for column in found.columns}
    floors, rises = propose(windows, levels, found.plan, apart)
    return {
        severity: replace(
            found.plan.rules,
            floors=tuple(floors[severity].items()),
            inflation=min(inflations.values(), default=1.0),
            inflations=tuple(inflations.items()),
            null_rate_floor=rises[severity][0],
            unseen_rate_floor=rises[severity][1],
        )
        for severity in SEVERITIES
    }
