"""Which windows of the prediction log are complete and have no score yet; all in UTC."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from mooring.clock import Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CATCH_UP = 400
"""The most windows made up for at once: a year of days, or two weeks of hours."""


def latest_window(now: datetime, *, every: timedelta, length: timedelta) -> Window:
    """The newest complete window.

    Ends are multiples of ``every`` since 1970 in UTC, so that two daemons, or one that was
    restarted, agree on the same windows (FD-70), and no day has 23 hours.

    Examples
    --------
    >>> day = timedelta(days=1)
    >>> now = datetime(2026, 3, 9, 14, tzinfo=UTC)
    >>> str(latest_window(now, every=day, length=7 * day))
    '[2026-03-02 00:00, 2026-03-09 00:00)'
    """
    end = _EPOCH + (now - _EPOCH) // every * every
    return Window(end - length, end)


def due_windows(  # noqa: PLR0913 - six instants and spans, by name
    first: datetime,
    scored: Collection[datetime],
    *,
    every: timedelta,
    length: timedelta,
    now: datetime,
    limit: int = CATCH_UP,
) -> tuple[Window, ...]:
    """The complete windows without a score, oldest first.

    Parameters
    ----------
    first : datetime
        The first prediction of the log. The first window due holds at least one whole ``every``
        after it: a few hours of an evening are not compared with whole days.
    scored : collection of datetime
        The ends of the windows that have a score.
    every, length : timedelta
        A window of ``length`` ends every ``every``; they overlap when ``length`` is larger.
    now : datetime
    limit : int
        Only the newest ``limit`` are made up for after a long silence.

    Examples
    --------
    >>> day = timedelta(days=1)
    >>> start, now = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
    >>> [w.end.day for w in due_windows(start, [], every=day, length=day, now=now)]
    [2, 3]
    """
    done = {end.astimezone(UTC) for end in scored}
    newest = latest_window(now, every=every, length=length).end
    found: list[Window] = []
    end = newest
    while end - every >= first and newest - end < limit * every:
        if end not in done:
            found.append(Window(end - length, end))
        end -= every
    return tuple(reversed(found))
