"""Durations, instants and windows."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.clock import Window, parse_duration, parse_instant, system_clock
from mooring.errors import UsageError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@given(st.integers(0, 5000), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " "]))
def test_a_duration_is_a_number_and_a_unit(number: int, unit: str, space: str) -> None:
    assert parse_duration(f" {number}{space}{unit} ").total_seconds() == number * UNITS[unit]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "d",
        "7y",
        "-1d",
        "1.5h",
        "1d2h",
        "7 days",
        "\u0667d",
        "99999999999999999999w",
        "5219w",
        "1e3s",
    ],
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration") as refused:
        parse_duration(text)
    assert "7d" in refused.value.fix


@given(st.text())
def test_rel_13_no_text_breaks_the_reading_of_durations_and_instants(text: str) -> None:
    for parse in (parse_duration, parse_instant):
        with contextlib.suppress(UsageError):
            parse(text)


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_is_read_back_in_utc(instant: datetime) -> None:
    offset = instant.utcoffset()
    assert offset is not None
    try:
        expected = instant.astimezone(UTC)
    except OverflowError:  # the first and the last day there is
        with pytest.raises(UsageError):
            parse_instant(instant.isoformat())
        return
    found = parse_instant(instant.isoformat())
    assert found == expected
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-03", "2026-03-03T00:00:00+00:00"),
        (" 2026-03-03T10:00 ", "2026-03-03T10:00:00+00:00"),
        ("2026-03-03T10:00Z", "2026-03-03T10:00:00+00:00"),
        ("2026-03-03T10:00:00.000001+02:00", "2026-03-03T08:00:00.000001+00:00"),
    ],
)
def test_what_is_left_out_of_an_instant(text: str, expected: str) -> None:
    assert parse_instant(text).isoformat() == expected


@pytest.mark.parametrize("text", ["", "now", "2026-13-01", "0001-01-01T00:00+05:00", "1700000000"])
def test_anything_else_is_no_instant(text: str) -> None:
    with pytest.raises(UsageError, match="is not an instant"):
        parse_instant(text)


def test_the_machines_time_is_in_utc() -> None:
    assert system_clock().tzinfo is UTC


def test_a_window_shows_that_its_end_is_outside() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    assert str(Window(start, start + timedelta(days=1))) == "[2026-03-01 00:00, 2026-03-02 00:00)"
