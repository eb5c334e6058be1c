"""Windows are agreed on by anyone who looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mooring.monitoring.windows import CATCH_UP, due_windows, latest_window

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
instants = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
spans = st.sampled_from([timedelta(hours=1), DAY, 7 * DAY])


@given(now=instants, later=st.timedeltas(timedelta(), timedelta(hours=3)), every=spans)
def test_fd_70_two_monitors_agree_on_the_windows(
    now: datetime, later: timedelta, every: timedelta
) -> None:
    first = now - 10 * DAY
    one = due_windows(first, [], every=every, length=7 * DAY, now=now)
    other = due_windows(first, [], every=every, length=7 * DAY, now=now + later)
    assert one == tuple(window for window in other if window.end <= now)


@given(now=instants, every=spans)
def test_the_latest_window_is_complete_and_less_than_one_step_old(
    now: datetime, every: timedelta
) -> None:
    window = latest_window(now, every=every, length=7 * DAY)
    assert window.end <= now < window.end + every
    assert window.end - window.start == 7 * DAY


def test_a_window_that_has_a_score_is_not_due() -> None:
    now = START + 5 * DAY
    every = due_windows(START, [], every=DAY, length=DAY, now=now)
    rest = due_windows(START, [every[1].end], every=DAY, length=DAY, now=now)
    assert rest == (every[0], *every[2:])


def test_the_first_window_due_holds_a_whole_step_of_the_log() -> None:
    due = due_windows(START, [], every=DAY, length=7 * DAY, now=START + 3 * DAY)
    assert due[0].end == datetime(2026, 3, 3, tzinfo=UTC)


def test_after_a_long_silence_only_the_newest_windows_are_made_up_for() -> None:
    now = START + 5000 * DAY
    due = due_windows(START, [], every=DAY, length=DAY, now=now)
    assert len(due) == CATCH_UP
    assert due[-1] == latest_window(now, every=DAY, length=DAY)


def test_no_day_is_longer_than_another_where_clocks_change() -> None:
    due = due_windows(START, [], every=DAY, length=DAY, now=START + 60 * DAY)
    assert {window.end - window.start for window in due} == {DAY}
    assert {window.end.hour for window in due} == {0}
