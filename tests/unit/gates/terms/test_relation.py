"""Relations between columns: what is read, what is refused, and what holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import DataError, UsageError
from mooring.gates.terms.expressing import expression_of
from mooring.gates.terms.relation import (
    LONGEST,
    Comparison,
    Reference,
    columns_of,
    parse_relation,
)

Value = float | int | str | bool | datetime | None


def holds(text: str, **columns: object) -> object:
    """Whether a relation holds in a table of one row."""
    frame = pl.DataFrame({name: [value] for name, value in columns.items()})
    relation = parse_relation(text)
    assert isinstance(relation, Comparison)
    return frame.select(expression_of(relation, frame.schema).alias("held"))["held"].item()


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("end >= start", {"end": 2, "start": 1}, True),
        ("end >= start", {"end": 1, "start": 2}, False),
        ("casual + registered == cnt", {"casual": 1, "registered": 2, "cnt": 3}, True),
        ("casual + registered == cnt", {"casual": 1, "registered": 2, "cnt": 4}, False),
        ("price * 2 - 1 < total", {"price": 2, "total": 3}, False),
        ("0 <= x <= 1", {"x": 0.5}, True),
        ("0 <= x <= 1", {"x": 1.5}, False),
        ("x >= -1", {"x": -1}, True),
        ("x > -y", {"x": 0, "y": 1}, True),
        ("x != 1e3", {"x": 1000}, False),
        ("city == 'Bern'", {"city": "Bern"}, True),
        ('city != "Bern"', {"city": "Bern"}, False),
        ("paid == true", {"paid": False}, False),
        ("`left side` < `right side`", {"left side": 1, "right side": 2}, True),
        ("at >= 2026-01-01", {"at": datetime(2025, 12, 31, tzinfo=UTC)}, False),
        ("at < 2026-01-01T09:30", {"at": datetime(2026, 1, 1, 9, 29, tzinfo=UTC)}, True),
    ],
)
def test_a_relation_says_what_it_says(text: str, columns: dict[str, Value], expected: bool) -> None:
    assert holds(text, **columns) is expected


def test_instants_are_compared_in_utc_whatever_zone_they_are_shown_in() -> None:
    east = datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert holds("at < 2026-01-01", at=east) is True


def test_a_span_may_lie_between_two_instants() -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    assert holds("end <= start + 3d", start=day, end=day + timedelta(days=3)) is True
    assert holds("end - start <= 3d", start=day, end=day + timedelta(days=4)) is False


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_where_a_value_is_missing_nothing_is_said(missing: float | None) -> None:
    frame = pl.DataFrame({"x": [missing], "y": [1.0]}, schema={"x": pl.Float64, "y": pl.Float64})
    relation = parse_relation("x > y")
    assert isinstance(relation, Comparison)
    assert frame.select(expression_of(relation, frame.schema)).item() is None


def test_sums_of_floats_are_equal_as_people_mean_it() -> None:
    assert holds("a + b == c", a=0.1, b=0.2, c=0.3) is True
    assert holds("a + b == c", a=0.1, b=0.2, c=0.3001) is False


def test_small_integers_do_not_overflow() -> None:
    frame = pl.DataFrame({"a": [100], "b": [100]}, schema={"a": pl.Int8, "b": pl.Int8})
    relation = parse_relation("a + b == 200")
    assert isinstance(relation, Comparison)
    assert frame.select(expression_of(relation, frame.schema)).item() is True


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a < b", {"a": 1, "b": "x"}),
        ("a + b > 1", {"a": "x", "b": 1}),
        ("a > 1", {"a": True}),
        ("at + at > 2026-01-01", {"at": datetime(2026, 1, 1, tzinfo=UTC)}),
        ("-a == 'x'", {"a": "x"}),
    ],
)
def test_what_cannot_be_compared_is_an_error_and_not_a_guess(
    text: str, columns: dict[str, Value]
) -> None:
    with pytest.raises(DataError):
        holds(text, **columns)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        ("end", 4),
        ("end >=", 7),
        ("end = start", 4),
        ("end >= start extra", 14),
        ("a + b in stations.id", 7),
        ("a in stations", 14),
        ("__import__('os') == 1", 11),
        ("a; b", 2),
        ("a > (b)", 4),
        ("1x > a", 1),
        ("in in in.in.", 12),
    ],
)
def test_what_is_no_relation_is_refused_with_its_place(text: str, place: int) -> None:
    with pytest.raises(UsageError) as error:
        parse_relation(text)
    assert f"character {place} of" in error.value.where


def test_a_relation_without_a_column_says_nothing_about_rows() -> None:
    with pytest.raises(UsageError, match="names no column"):
        parse_relation("1 < 2")


def test_sec_61_an_endless_relation_is_refused() -> None:
    with pytest.raises(UsageError, match="characters"):
        parse_relation("a + " * LONGEST)


def test_a_reference_names_the_dataset_and_its_column() -> None:
    assert parse_relation("station in stations.`the id`") == Reference(
        "station", "stations", "the id"
    )


def test_columns_are_listed_once() -> None:
    assert columns_of(parse_relation("a <= b <= a + 1")) == ("a", "b")


@given(st.text(max_size=40))
def test_any_text_is_a_relation_or_a_usage_error(text: str) -> None:
    try:
        relation = parse_relation(text)
    except UsageError:
        return
    assert columns_of(relation)


numbers = st.one_of(st.integers(-(2**40), 2**40), st.floats(-1e9, 1e9))


@given(numbers, numbers)
def test_exactly_one_of_less_equal_and_greater_holds(a: float, b: float) -> None:
    if a != b and abs(a - b) <= 1e-9 * max(abs(a), abs(b)):
        return  # equal as far as a relation can tell
    said = [holds(f"a {sign} b", a=float(a), b=float(b)) for sign in ("<", "==", ">")]
    assert said.count(True) == 1
