"""Charts show what is known, and that something is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mooring.monitoring.charts import Observation, time_chart

START = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


def seen(*values: float | None, level: float | None = None) -> list[Observation]:
    """A week for each value."""
    return [Observation(START + i * WEEK, v, "ok", "", level) for i, v in enumerate(values)]


def test_nothing_known_is_no_chart() -> None:
    assert time_chart([]) is None
    assert time_chart(seen(None, None)) is None


def test_an_unknown_window_interrupts_the_line() -> None:
    chart = time_chart(seen(1.0, 2.0, None, 3.0, 2.0))
    assert chart is not None
    assert len(chart.lines) == 2
    assert [gap.x for gap in chart.gaps] == [50.0]


def test_a_single_window_stands_in_the_middle() -> None:
    chart = time_chart(seen(1.0))
    assert chart is not None
    assert [dot.x for dot in chart.dots] == [50.0]
    assert chart.lines == ()


def test_a_level_runs_until_another_begins() -> None:
    chart = time_chart([*seen(1.0, 1.0, level=2.0), *seen(1.0, 1.0, level=3.0)[2:]])
    assert chart is not None
    assert len(chart.levels) == 1
    changed = seen(1.0, 1.0, level=2.0)
    changed += [Observation(START + 2 * WEEK, 1.0, "ok", "", 3.0)]
    assert len(getattr(time_chart(changed), "levels", ())) == 2


def test_a_change_outside_the_windows_is_not_marked() -> None:
    marks = [(START - WEEK, "early"), (START + WEEK, "v2")]
    chart = time_chart(seen(1.0, 1.0, 1.0), marks)
    assert chart is not None
    assert [(mark.text, mark.place) for mark in chart.marks] == [("v2", 50.0)]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_everything_stays_in_its_box(values: list[float]) -> None:
    chart = time_chart(seen(*values))
    assert chart is not None
    assert all(0 <= dot.x <= 100 and 0 <= dot.y <= 100 for dot in chart.dots)
    assert all(-0.1 <= tick.place <= 100.1 for tick in (*chart.up, *chart.across))
    assert len(chart.up) <= 12
