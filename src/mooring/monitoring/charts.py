"""Geometry of the report's charts, in percent of a box: the page scales it to any width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor, log10

_TICKS = 5
_LEVELS = 3
_HEADROOM = 1.08
_NOTHING = 1e-12
"""A span this small, in itself or of its values, is rounding."""
_Scale = Callable[[float], float]
_Place = Callable[[datetime], float]


@dataclass(frozen=True, slots=True)
class Observation:
    """One window of a chart: its end, its value (None: unknown) and the level it compares with."""

    at: datetime
    value: float | None
    status: str
    words: str
    level: float | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place along an axis."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A window, at its place."""

    x: float
    y: float
    status: str
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A line over time.

    Parameters
    ----------
    lines : tuple of str
        Paths of the values, interrupted where they are unknown.
    levels : tuple of str
        Paths of what they compare with.
    dots : tuple of Dot
        One per known window.
    gaps : tuple of Dot
        One per unknown window, on the floor.
    across, up, marks : tuple of Label
        Dates, values, and events at their date.
    """

    lines: tuple[str, ...]
    levels: tuple[str, ...]
    dots: tuple[Dot, ...]
    gaps: tuple[Dot, ...]
    across: tuple[Label, ...]
    up: tuple[Label, ...]
    marks: tuple[Label, ...]


def time_chart(
    observations: Sequence[Observation], marks: Sequence[tuple[datetime, str]] = ()
) -> Chart | None:
    """The chart of some windows, oldest first; None when none of them has a value.

    Parameters
    ----------
    observations : sequence of Observation
    marks : sequence of (instant, text)
        Events; those outside the windows are left out.
    """
    known = [o for o in observations if o.value is not None]
    if not known:
        return None
    first, last = observations[0].at.timestamp(), observations[-1].at.timestamp()
    values = [o.value or 0.0 for o in known] + [o.level or 0.0 for o in observations]
    low, high = _bounds(min(0.0, *values), max(values))

    def x(at: datetime) -> float:
        return 50.0 if last == first else round(100 * (at.timestamp() - first) / (last - first), 2)

    def y(value: float) -> float:
        return round(100 - 100 * (value - low) / (high - low), 2)

    placed = [(x(o.at), None if o.value is None else y(o.value), o) for o in observations]
    step = _step(high - low)
    return Chart(
        lines=_paths([(place, up) for place, up, _ in placed]),
        levels=_level_paths([(place, o) for place, _, o in placed], y),
        dots=tuple(Dot(a, b, o.status, o.words) for a, b, o in placed if b is not None),
        gaps=tuple(Dot(a, 100.0, o.status, o.words) for a, b, o in placed if b is None),
        across=_dates(observations[0].at, observations[-1].at, x),
        up=tuple(
            Label(y(k * step), f"{k * step:.6g}")
            for k in range(ceil(low / step), floor(high / step) + 1)
        ),
        marks=tuple(Label(x(at), text) for at, text in marks if first <= at.timestamp() <= last),
    )


def _paths(points: Sequence[tuple[float, float | None]]) -> tuple[str, ...]:
    """A path for each run of known points."""
    runs: list[list[str]] = [[]]
    for across, up in points:
        if up is None:
            runs.append([])
        else:
            runs[-1].append(f"{across} {up}")
    return tuple(f"M{' L'.join(run)}" for run in runs if len(run) > 1)


def _level_paths(points: Sequence[tuple[float, Observation]], y: _Scale) -> tuple[str, ...]:
    """A flat path for each run of windows that compare with the same level."""
    found: list[tuple[float, float, float]] = []
    for across, one in points:
        if one.level is None:
            continue
        up = y(one.level)
        if found and found[-1][2] == up:
            found[-1] = (found[-1][0], across, up)
        else:
            # It begins where the one before ends: the level in force is never missing.
            found.append((found[-1][1] if found else across, across, up))
    return tuple(f"M{start} {up} L{end} {up}" for start, end, up in found)


def _bounds(low: float, high: float) -> tuple[float, float]:
    if high - low <= max(abs(low), abs(high)) * _NOTHING + _NOTHING:
        return low, low + 1.0
    return low * _HEADROOM, low + (high - low) * _HEADROOM


def _step(span: float) -> float:
    """A round step that divides the span about three times."""
    raw = span / _LEVELS
    power = 10.0 ** floor(log10(raw))
    return next(nice * power for nice in (1.0, 2.0, 2.5, 5.0, 10.0) if nice * power >= raw)


def _dates(first: datetime, last: datetime, x: _Place) -> tuple[Label, ...]:
    if first == last:
        return (Label(50.0, f"{first:%Y-%m-%d}"),)
    days = (last - first).total_seconds() / 86_400
    form = "%Y-%m-%d" if days > 3 else "%m-%d %H:%M"  # noqa: PLR2004
    step = (last - first) / (_TICKS - 1)
    instants = [first + step * number for number in range(_TICKS)]
    labels = [Label(x(at), f"{at:{form}}") for at in instants]
    return tuple(one for i, one in enumerate(labels) if i == 0 or one.text != labels[i - 1].text)
