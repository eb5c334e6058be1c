"""The clock of the rows: a shift of hours, and instants that lost their zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mooring.gates.contract import type_of
from mooring.gates.data.finding import Finding
from mooring.gates.data.partitions import by_hour, known_mean, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mooring.gates.data.case import Case, Part
    from mooring.gates.data.partitions import Partition
    from mooring.gates.data.past import Past

    Floats = NDArray[np.float64]

_DAY = 24
LEAST_HOURS = 18
"""Hours of the day that both sides must have."""
TELLING = 0.3
"""Of its own deviation, how much a mean must move over the day to tell the hour."""
BETTER = 0.25
"""How much of the difference may be left once the hours are moved."""
WIDER = 10.0
"""How many times as wide the course of a month may be as that of a year, in its own deviations."""
_LEAST_ROWS = 5


def shifted_clock(part: Part, past: Past) -> Iterator[Finding]:
    """The day's course is where it was, not some hours earlier or later."""
    time = part.case.time
    if time is None or not past.hours:
        return
    now = [p for p in by_hour(part.frame, time, past.measures) if p.rows >= _LEAST_ROWS]
    before = _course(past.hours)
    found = _as_wide(_course(now), before)
    common = [i for i in range(before.shape[1]) if _telling(before[:, i])]
    if not common or not now:
        return
    apart = [_apart(before[:, common], np.roll(found[:, common], -k, axis=0)) for k in range(_DAY)]
    best = int(np.nanargmin(apart)) if np.isfinite(apart).any() else 0
    if best == 0 or not apart[best] <= BETTER * apart[0] or not _matters(apart[0]):
        return
    hours = best if best <= _DAY // 2 else best - _DAY
    # a season and summer time together may look like two hours: one must explain much less
    near = np.fmin.reduce([apart[0], apart[1], apart[-1]])
    summer = abs(hours) == 1 or not apart[best] <= BETTER * near
    yield Finding(
        column=time,
        rule="clock",
        severity="warn" if summer else "stop",
        expected="the course of the day that was accepted",
        found=f"the same course {abs(hours)} h {'later' if hours > 0 else 'earlier'}{part.where}: "
        f"a shift of the time zone by {hours:+d} h suspected",
        rows=part.frame.height,
        examples=(str(part.frame.get_column(time).drop_nulls().min()),),
        cure="store instants in UTC"
        if not summer
        else "nothing, if the clocks were changed and people live by them; else store UTC",
    )


def lost_zone(case: Case, past: Past) -> Iterator[Finding]:
    """Instants still say in which zone they are; numbers are as exact as they were."""
    for name, dtype in case.frame.schema.items():
        was, now = past.types.get(name, ""), str(dtype)
        if type_of(dtype) == "datetime" and _zoned(was) and not _zoned(now):
            yield Finding(
                column=name,
                rule="clock",
                severity="stop",
                expected="instants with a time zone",
                found="naive time stamps: nobody can say which instant they are",
                rows=case.frame.height,
                examples=(str(case.frame.get_column(name).min()),),
                cure="write the zone, or UTC, into the export",
            )
        elif (was, now) == ("Float64", "Float32"):
            yield Finding(
                column=name,
                rule="precision",
                severity="warn",
                expected="floats of 64 bits",
                found="floats of 32 bits: 16777217 and 16777216 are one number",
                rows=case.frame.height,
                examples=(str(case.frame.get_column(name).min()),),
                cure="write 64 bits upstream; what serves must round in the same way",
            )


def _zoned(dtype: str) -> bool:
    return dtype.startswith("Datetime") and "time_zone=None" not in dtype


def _course(hours: Sequence[Partition]) -> Floats:
    """By hour, in deviations of the rows: the mean of every measure, and how many rows there are.

    Each is around its own level, so that a level that moved does not matter.
    """
    if not hours:
        return np.full((_DAY, 1), np.nan)
    places = [int(p.value) for p in hours]
    means, spread = table(hours, "means"), known_mean(table(hours, "deviations"))
    course = np.full((_DAY, means.shape[1] + 1), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        course[places, :-1] = means / np.where(spread > 0, spread, np.nan)
    counts = np.zeros(_DAY)  # an hour without rows is told by that, as the night is of flights
    counts[places] = [p.rows for p in hours]
    course[:, -1] = counts / counts.mean()
    return course - known_mean(course)


def _as_wide(now: Floats, before: Floats) -> Floats:
    """Each course as wide as it was: days in winter move less or more than those of a year."""
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.sqrt(known_mean(before**2) / known_mean(now**2))
    return np.asarray(now * np.clip(np.nan_to_num(factor, nan=1.0), 1 / WIDER, WIDER))


def _telling(course: Floats) -> bool:
    known = course[np.isfinite(course)]
    return known.size >= LEAST_HOURS and float(np.ptp(known)) >= TELLING


def _apart(before: Floats, now: Floats) -> float:
    both = np.isfinite(before) & np.isfinite(now)
    if not (both.sum(axis=0) >= LEAST_HOURS).any():
        return float("nan")
    return float(np.mean((before[both] - now[both]) ** 2))


def _matters(apart: float) -> bool:
    return apart >= TELLING**2 / 4
