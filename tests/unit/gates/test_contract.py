"""What a contract writes down about a table."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Literal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import ArtifactError
from mooring.gates.contract import Contract, from_bytes, infer_contract, to_bytes


def described(**columns: pl.Series) -> Contract:
    return infer_contract(pl.DataFrame(columns), target="y", time=None)


def test_types_are_logical_whatever_the_width() -> None:
    contract = described(
        a=pl.Series([1], dtype=pl.Int8),
        b=pl.Series([1.0], dtype=pl.Float32),
        c=pl.Series([True]),
        d=pl.Series(["x"], dtype=pl.Categorical),
        e=pl.Series([date(2025, 1, 1)]),
        f=pl.Series([datetime(2025, 1, 1, tzinfo=UTC)]),
        g=pl.Series([1], dtype=pl.Decimal(10, 2)),
        h=pl.Series([[1]]),
    )
    kinds = [column.type for column in contract.columns]
    assert kinds[:4] == ["integer", "float", "boolean", "string"]
    assert kinds[4:] == ["date", "datetime", "float", "list<integer>"]


def test_nan_is_a_missing_value_and_infinity_no_maximum() -> None:
    x = described(x=pl.Series([1.0, 2.0, float("nan"), float("inf")])).columns[0]
    assert (x.nullable, x.null_rate, x.minimum, x.maximum) == (True, 0.25, 1.0, 2.0)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_instants_are_seconds_since_1970(unit: Literal["ms", "us", "ns"]) -> None:
    instants = pl.Series([datetime(1970, 1, 2, tzinfo=UTC)]).cast(pl.Datetime(unit, "UTC"))
    assert described(x=instants).columns[0].minimum == 86_400.0


def test_text_that_hardly_repeats_or_is_a_date_has_no_categories() -> None:
    contract = described(
        few=pl.Series(["b", "a", None] * 100),
        ids=pl.Series([f"id {number}" for number in range(300)]),
        pairs=pl.Series([f"id {number % 199}" for number in range(300)]),
        days=pl.Series(["2025-01-01", "2025-01-02", None] * 100),
    )
    assert [column.categories for column in contract.columns] == [("a", "b"), None, None, None]


def test_values_of_hidden_columns_are_not_written_down() -> None:
    frame = pl.DataFrame({"name": ["Ann", "Bob"] * 50, "age": [31, 46] * 50})
    data = to_bytes(infer_contract(frame, target="y", time=None, hidden=("name", "age")))
    assert b"Ann" not in data
    assert b"46" not in data


def test_a_contract_comes_back_from_its_bytes() -> None:
    frame = pl.DataFrame({"x": [0.1, None], "s": ["a", "a"], "y": [0, 1]})
    contract = infer_contract(
        frame, target="y", time="t", inputs=("x",), optional=("s",), classes=(0, 1)
    )
    assert from_bytes(to_bytes(contract)) == contract
    assert to_bytes(from_bytes(to_bytes(contract))) == to_bytes(contract)
    assert json.loads(to_bytes(contract))["version"] == 1


@given(st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=30))
def test_any_column_of_numbers_comes_back(values: list[float | None]) -> None:
    contract = described(x=pl.Series(values, dtype=pl.Float64))
    assert from_bytes(to_bytes(contract)) == contract


@given(st.permutations(range(12)))
def test_the_order_of_the_rows_does_not_matter(order: list[int]) -> None:
    frame = pl.DataFrame({"x": [*range(10), None, None], "s": ["b", "a", None] * 4})
    contract = infer_contract(frame, target="x", time=None)
    assert to_bytes(infer_contract(frame[order], target="x", time=None)) == to_bytes(contract)


@pytest.mark.parametrize("data", [b"", b"no", b"{}", b'{"version": 1}', b"\xff"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ArtifactError, match="not a contract"):
        from_bytes(data)


def test_a_newer_format_is_refused_with_what_to_do() -> None:
    newer = to_bytes(described(x=pl.Series([1]))).replace(b'"version":1', b'"version":2')
    with pytest.raises(ArtifactError, match="format 2") as error:
        from_bytes(newer)
    assert error.value.fix == "upgrade mooring"
