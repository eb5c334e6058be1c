"""Instants, durations and windows; the only module that asks the machine what time it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mooring.errors import UsageError

Clock = Callable[[], datetime]

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_DURATION = re.compile(r"(\d{1,12})\s*([smhdw])", re.ASCII)
_LONGEST = timedelta(days=36_525)


def system_clock() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(UTC)


def parse_duration(text: str) -> timedelta:
    """A span of time written as a number and a unit.

    Parameters
    ----------
    text : str
        One number and one of ``s m h d w``: ``90s``, ``12h``, ``7d``, ``4w``.

    Raises
    ------
    UsageError
        When the text is anything else, or longer than a century.

    Examples
    --------
    >>> parse_duration("2w").days
    14
    """
    match = _DURATION.fullmatch(text.strip())
    if match is not None and int(match[1]) <= _LONGEST // _UNITS[match[2]]:
        return int(match[1]) * _UNITS[match[2]]
    raise UsageError(
        f"{text!r} is not a duration", fix="write a number and a unit: 90s, 30m, 12h, 7d or 4w"
    )


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant in UTC; a date alone is its midnight, a missing zone is UTC.

    Raises
    ------
    UsageError
        When the text is not ISO 8601.

    Examples
    --------
    >>> parse_instant("2026-03-03T10:00").isoformat()
    '2026-03-03T10:00:00+00:00'
    """
    try:
        instant = datetime.fromisoformat(text.strip())
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise UsageError(
            f"{text!r} is not an instant", fix="write it as 2026-03-03 or 2026-03-03T10:00:00+00:00"
        ) from error


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span ``[start, end)`` of the prediction log, in UTC."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"[{self.start:%Y-%m-%d %H:%M}, {self.end:%Y-%m-%d %H:%M})"
