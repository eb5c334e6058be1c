"""A relation says of one row in Python what it says of the row in a table."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import DataError, UsageError
from mooring.gates.terms.cells import breaks
from mooring.gates.terms.model import Terms
from mooring.gates.terms.relation import columns_of, parse_relation
from mooring.gates.terms.rules import row_rules

TYPES = {
    "a": "integer",
    "b": "integer",
    "x": "float",
    "z": "float",
    "s": "string",
    "t": "string",
    "f": "boolean",
    "start": "datetime",
    "end": "datetime",
    "day": "date",
}
DTYPES = {
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "string": pl.String(),
    "boolean": pl.Boolean(),
    "datetime": pl.Datetime("us"),
    "date": pl.Date(),
}
NUMBERS = st.sampled_from(["a", "b", "x", "z", "2", "0.5", "-1", "1e3"])
MOMENTS = st.sampled_from(["start", "end", "day", "2026-01-02", "start + 2h", "day - 1d"])
SIGNS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
WHOLE = st.integers(-50, 50)
INSTANTS = st.datetimes(datetime(2025, 12, 30), datetime(2026, 1, 5))  # noqa: DTZ001
VALUES = {
    "integer": WHOLE,
    "float": st.one_of(WHOLE.map(float), st.floats(-1e6, 1e6, width=32)),
    "string": st.sampled_from(["", "a", "b", "é", "日本"]),
    "boolean": st.booleans(),
    "datetime": INSTANTS,
    "date": INSTANTS.map(datetime.date),
}


@st.composite
def sums(draw: st.DrawFn) -> str:
    products = [" * ".join(draw(st.lists(NUMBERS, min_size=1, max_size=2))) for _ in range(2)]
    text = draw(st.sampled_from([" + ", " - "])).join(products[: draw(st.integers(1, 2))])
    return text.replace("-1", "1") if "-1" in text else text


@st.composite
def relations(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["numbers", "moments", "spans", "texts", "flags"]))
    parts = {
        "numbers": sums(),
        "moments": MOMENTS,
        "spans": st.sampled_from(["end - start", "end - day", "2h", "a * 1h", "3 * 30m"]),
        "texts": st.sampled_from(["s", "t", "'a'"]),
        "flags": st.sampled_from(["f", "true", "false"]),
    }[kind]
    sides = draw(st.lists(parts, min_size=2, max_size=3))
    text = sides[0]
    for side in sides[1:]:
        text += f" {draw(SIGNS)} {side}"
    return text


@given(text=relations(), data=st.data())
def test_a_row_breaks_a_relation_in_python_as_it_does_in_a_table(
    text: str, data: st.DataObject
) -> None:
    try:
        relation = parse_relation(text)
    except UsageError:  # of constants only: it names no column
        return
    rows = data.draw(
        st.lists(
            st.fixed_dictionaries({n: st.none() | VALUES[TYPES[n]] for n in TYPES}),
            min_size=1,
            max_size=8,
        )
    )
    frame = pl.DataFrame(rows, schema={name: DTYPES[kind] for name, kind in TYPES.items()})
    [rule] = row_rules(Terms(relations={text: "stop"}), {})
    names = columns_of(relation)
    broken = breaks(relation, TYPES)
    found = [broken([row[name] for name in names]) for row in rows]
    assert found == rule.catch(frame).to_list()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "row", "broken"),
    [
        ("end >= start", [datetime(2026, 1, 1), datetime(2026, 1, 2)], True),  # noqa: DTZ001
        ("day <= end", [date(2026, 1, 1), datetime(2026, 1, 1)], False),  # noqa: DTZ001
        ("x + z == a", [0.1, 0.2, None], False),
        ("x <= z <= a", [3.0, 2.0, None], True),
        ("x * z < 1", [1e200, 1e200], True),
        ("start + 36500d > 2026-01-01", [datetime(9990, 1, 1)], True),  # noqa: DTZ001
        ("a * a * a * a * a * a * a * x > 0", [2**62, 0.5], False),
    ],
)
def test_what_a_relation_says_of_one_row(text: str, row: list[object], broken: bool) -> None:
    assert breaks(parse_relation(text), TYPES)(row) is broken


def test_a_foreign_key_is_among_the_keys_or_missing() -> None:
    broken = breaks(parse_relation("s in stations.id"), TYPES, ["a", "b"])
    assert [broken([value]) for value in ("a", "c", None)] == [False, True, False]


def test_sides_that_cannot_be_compared_are_refused_before_any_row_is_seen() -> None:
    with pytest.raises(DataError, match="number >= text"):
        breaks(parse_relation("a >= s"), TYPES)
