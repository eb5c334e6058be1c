"""What a contract says of rows that were accepted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.gates.data.case import Case
from mooring.gates.terms.inferring import Inferred, infer_terms
from mooring.gates.terms.judging import InForce, hold
from mooring.gates.terms.reading import Written, parse_terms
from mooring.gates.terms.writing import to_toml
from mooring.settings.model import Data, DataGate

START = datetime(2026, 1, 1, tzinfo=UTC)
DATA = Data(source="", target="y", task="regression", time="at", keys=("shop",), exclude=("note",))


def rows(count: int = 400) -> pl.DataFrame:
    random = np.random.default_rng(3)
    return pl.DataFrame(
        {
            "at": [START + timedelta(hours=hour) for hour in range(count)],
            "shop": [f"shop {place % 5}" for place in range(count)],
            "note": [f"said {place}" for place in range(count)],
            "count": [*random.poisson(3, count - 1), 0],
            "warmth": random.normal(10, 5, count),
            "month": [1 + hour // 200 for hour in range(count)],
            "sky": random.choice(["clear", "rain"], count),
            "y": random.normal(size=count),
        }
    )


def inferred(
    frame: pl.DataFrame | None = None, data: Data = DATA, after: timedelta = timedelta(hours=401)
) -> Inferred:
    case = Case(rows() if frame is None else frame, data, DataGate())
    return infer_terms(case, START + after)


def test_the_rows_themselves_and_the_next_ones_meet_it() -> None:
    contract = InForce(Written(inferred().terms, ""), {})
    for count in (400, 800):
        found = hold(Case(rows(count), DATA, DataGate()), contract)
        assert found.findings == ()


def test_values_of_keys_and_of_excluded_columns_are_not_written_down() -> None:
    text = to_toml(inferred().terms, (), inferred().notes)
    assert "shop 1" not in text
    assert "said" not in text


def test_a_count_never_falls_below_zero_and_a_temperature_may() -> None:
    columns = inferred().terms.columns
    assert columns["count"].min == 0
    assert columns["warmth"].min is not None
    assert columns["warmth"].min < -10


def test_what_moves_with_the_time_has_no_range() -> None:
    assert inferred().terms.columns["month"].max is None
    assert "moves with the time" in inferred().notes["month"]


def test_keys_name_a_row_with_the_time_when_they_do_not_by_themselves() -> None:
    assert inferred().terms.table.unique == (("shop", "at"),)
    assert not inferred().terms.columns["shop"].unique
    single = inferred(rows().with_columns(shop=pl.int_range(pl.len())))
    assert single.terms.columns["shop"].unique
    assert single.terms.table.unique == ()


@pytest.mark.parametrize(
    ("after", "age"), [(timedelta(hours=400), "2h"), (timedelta(days=365), None)]
)
def test_an_age_is_demanded_of_a_live_feed_only(after: timedelta, age: str | None) -> None:
    assert inferred(after=after).terms.columns["at"].max_age == age


def test_an_order_is_demanded_where_there_was_one() -> None:
    assert inferred().terms.columns["at"].monotone
    assert not inferred(rows().reverse()).terms.columns["at"].monotone


def test_fd_21_classes_are_all_there_are() -> None:
    data = Data(source="", target="y", task="multiclass")
    frame = rows().with_columns(y=pl.Series([place % 3 for place in range(400)]))
    target = inferred(frame, data).terms.columns["y"]
    assert (target.categories, target.tolerance) == ((0, 1, 2), 0.0)


def test_the_text_is_the_same_each_time_and_reads_back() -> None:
    found = inferred()
    text = to_toml(found.terms, (), found.notes)
    assert text == to_toml(inferred().terms, (), inferred().notes)
    assert parse_terms(text).terms == found.terms


numbers = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=False, width=32))


@given(st.lists(numbers, min_size=1, max_size=40))
def test_any_column_of_numbers_meets_what_was_inferred_from_it(values: list[float | None]) -> None:
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    data = Data(source="", target="y", task="regression")
    case = Case(frame, data, DataGate())
    terms = infer_terms(case, START).terms
    assert hold(case, InForce(Written(terms, ""), {})).findings == ()
    bounds = (terms.columns["x"].min, terms.columns["x"].max)
    assert bounds == (None, None) or bounds[0] <= bounds[1]  # type: ignore[operator]
