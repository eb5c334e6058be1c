from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import ArtifactError, RequestError
from mooring.gates.contract import ColumnContract, Contract
from mooring.serving.columns import MISSING
from mooring.serving.requests import (
    Table,
    canonical_rows,
    fields_of,
    frame_of,
    inputs_frame,
    type_rows,
)
from tests.unit.serving.support import contract

at = datetime.fromisoformat

ALL = contract(
    hour="integer",
    temp="float",
    holiday="boolean",
    season="string",
    day="date",
    at="datetime",
    wind="float?",
)
FIELDS = fields_of(ALL)
INSTANT = 'send an instant as ISO 8601 text: "2026-03-01T10:00:00"'
IN_PANDAS = 'in pandas: to_json(date_format="iso")'
ROW: dict[str, object] = {
    "hour": 17,
    "temp": 0.3,
    "holiday": False,
    "season": "spring",
    "day": "2026-03-01",
    "at": "2026-03-01T17:00:00",
    "wind": None,
}


def table(*rows: dict[str, object], textual: bool = False) -> Table:
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name, MISSING) for row in rows] for name in names}
    return Table(columns, len(rows), textual)


def refusal(*rows: dict[str, object]) -> RequestError:
    with pytest.raises(RequestError) as caught:
        type_rows(table(*rows), FIELDS)
    assert caught.value.kind == "contract"
    return caught.value


def test_the_target_is_refused_by_its_name() -> None:
    error = refusal(ROW | {ALL.target: 12})
    assert (error.what, error.field) == ("rentals is what the model predicts", "rentals")
    assert error.fix == "leave it out of the rows"


def test_rows_become_a_frame_of_the_logical_types() -> None:
    frame = frame_of([type_rows(table(ROW), FIELDS)], FIELDS)
    assert frame.schema == {
        "hour": pl.Int64,
        "temp": pl.Float64,
        "holiday": pl.Boolean,
        "season": pl.String,
        "day": pl.Date,
        "at": pl.Datetime("us"),
        "wind": pl.Float64,
    }
    expected = (17, 0.3, False, "spring", date(2026, 3, 1), at("2026-03-01T17:00:00"), None)
    assert frame.rows() == [expected]


def test_fd_07_the_order_of_the_fields_never_matters() -> None:
    turned = dict(reversed(ROW.items()))
    one, other = type_rows(table(ROW), FIELDS), type_rows(table(turned), FIELDS)
    assert frame_of([one], FIELDS).equals(frame_of([other], FIELDS))
    assert canonical_rows(one) == canonical_rows(other)


@pytest.mark.parametrize(
    ("field", "sent", "kept"),
    [
        ("hour", 3.0, 3),
        ("temp", 3, 3.0),
        ("at", "2026-03-01T17:00:00+02:00", at("2026-03-01T15:00:00")),
        ("at", "2026-03-01", at("2026-03-01T00:00:00")),
        ("at", "2026-03-01T17:00:00.5Z", at("2026-03-01T17:00:00.500000")),
        ("day", "2026-03-01T00:00:00", date(2026, 3, 1)),
        ("wind", 2, 2.0),
    ],
)
def test_a_value_is_kept_as_its_column_has_it(field: str, sent: object, kept: object) -> None:
    typed = type_rows(table({**ROW, field: sent}), FIELDS)
    assert list(typed.columns[field]) == [kept]
    assert type(typed.columns[field][0]) is type(kept)


@pytest.mark.parametrize(
    ("field", "sent", "cure"),
    [
        ("temp", "warm", "send a number"),
        ("temp", True, "send a number"),
        ("temp", [1.0], "send a number"),
        ("temp", None, "send a value"),
        ("temp", float("nan"), "send a number"),
        ("wind", float("inf"), "send a number"),
        ("temp", 10**400, "send a number"),
        ("hour", 3.5, "send a whole number"),
        ("hour", True, "send a whole number"),
        ("hour", "3", "send a whole number"),
        ("hour", 2**63, "send a whole number"),
        ("hour", 1e300, "send a whole number"),
        ("holiday", 1, "send true or false"),
        ("holiday", "true", "send true or false"),
        ("season", 3, "send text, in quotes"),
        ("day", 1_700_000_000, f'send a day as ISO 8601 text: "2026-03-01"; {IN_PANDAS}'),
        ("day", "2026-03-01T10:00", 'send a day as ISO 8601 text: "2026-03-01"'),
        ("at", 1_700_000_000, f"{INSTANT}; {IN_PANDAS}"),
        ("at", "tomorrow", INSTANT),
        ("at", "0001-01-01T00:00+14:00", INSTANT),
    ],
)
def test_fd_58_a_value_that_does_not_fit_is_refused_by_name(
    field: str, sent: object, cure: str
) -> None:
    error = refusal(ROW, {**ROW, field: sent})
    assert error.field == field
    assert error.where.startswith("row 2: ")
    assert error.fix == cure


def test_the_message_shows_the_value() -> None:
    error = refusal(ROW, ROW, {**ROW, "temp": "warm"})
    assert (error.what, error.where) == ("temp: expected float", "row 3: 'warm'")


def test_the_first_few_problems_are_told_together() -> None:
    error = refusal({**ROW, "temp": "warm", "hour": "x"}, {**ROW, "season": 3})
    assert error.where == "row 1: 'x'; temp row 1: 'warm'; season row 2: 3"


def test_a_long_value_is_cut_short() -> None:
    assert len(refusal({**ROW, "temp": "x" * 10_000}).where) < 100


def test_a_missing_field_is_named() -> None:
    error = refusal({name: v for name, v in ROW.items() if name != "temp"})
    assert (error.what, error.field) == ("temp is missing", "temp")


def test_a_field_missing_from_one_record_is_named_with_its_row() -> None:
    error = refusal(ROW, {name: v for name, v in ROW.items() if name != "temp"})
    assert (error.field, error.where) == ("temp", "row 2: is missing")


def test_an_unknown_field_is_refused_with_the_nearest_name() -> None:
    error = refusal({**ROW, "tempp": 0.3})
    assert (error.field, error.fix) == ("tempp", "did you mean 'temp'?")


def test_an_unknown_field_unlike_any_other_gets_the_list() -> None:
    assert refusal({**ROW, "zzz": 1}).fix.startswith("the fields are hour, temp")


OPTIONAL = Contract(
    (ColumnContract("temp", "float", False, 0.0), ColumnContract("note", "string", False, 0.0)),
    10,
    "y",
    inputs=("temp",),
    optional=("note",),
)


def test_an_optional_field_may_come_with_some_rows_only() -> None:
    fields = fields_of(OPTIONAL)
    typed = type_rows(table({"temp": 1.0}, {"temp": 2.0, "note": "wet"}), fields)
    assert canonical_rows(typed) == [b'{"temp":1.0}', b'{"note":"wet","temp":2.0}']
    assert frame_of([typed], fields)["note"].to_list() == [None, "wet"]


def test_an_optional_field_may_be_null_and_is_still_typed() -> None:
    fields = fields_of(OPTIONAL)
    typed = type_rows(table({"temp": 1.0, "note": None}), fields)
    assert canonical_rows(typed) == [b'{"note":null,"temp":1.0}']
    with pytest.raises(RequestError, match="note: expected string"):
        type_rows(table({"temp": 1.0, "note": 7}), fields)


def test_a_column_that_training_hid_may_come_and_goes_nowhere() -> None:
    """``data.keys`` and ``data.exclude``: what leaks, or is private, or names an entity."""
    fields = fields_of(OPTIONAL, {"temp": pl.Float64()})
    typed = type_rows(table({"temp": 1.0, "note": ["anything"]}), fields)
    assert canonical_rows(typed) == [b'{"temp":1.0}']
    assert frame_of([typed], fields).columns == ["temp"]


def test_a_frame_has_the_same_columns_whatever_its_neighbours_sent() -> None:
    fields = fields_of(OPTIONAL)
    alone = type_rows(table({"temp": 1.0}), fields)
    other = type_rows(table({"temp": 2.0, "note": "wet"}), fields)
    together = frame_of([alone, other], fields)
    assert frame_of([alone], fields).equals(together.head(1))


def test_the_frame_has_the_types_and_the_order_of_training() -> None:
    trained: dict[str, pl.DataType] = {
        "wind": pl.Float32(),
        "at": pl.Datetime("ms", "Europe/Prague"),
        "hour": pl.Int8(),
        "season": pl.Categorical(),
        "holiday": pl.Boolean(),
        "day": pl.Date(),
        "temp": pl.Float64(),
    }
    fields = fields_of(ALL, trained)
    frame = frame_of([type_rows(table(ROW), fields)], fields)
    assert list(frame.schema.items()) == list(trained.items())
    assert frame["at"].dt.hour().to_list() == [18]  # 17 UTC as Prague shows it


def test_a_value_beyond_the_type_of_training_is_refused_by_name() -> None:
    fields = fields_of(ALL, {"hour": pl.Int8()})
    with pytest.raises(RequestError, match="hour: a value does not fit Int8"):
        frame_of([type_rows(table({**ROW, "hour": 300}), fields)], fields)


def test_a_column_that_no_request_can_carry_is_found_when_the_version_loads() -> None:
    with pytest.raises(ArtifactError, match="'tags' cannot be sent"):
        fields_of(contract(tags="list<string>"))


def test_csv_text_is_read_as_the_types_of_the_columns() -> None:
    text = {"hour": "17", "temp": "3", "holiday": "True", "season": "7", "wind": ""}
    texts = {**ROW, **text}
    typed = type_rows(table(texts, textual=True), FIELDS)
    read = {name: typed.columns[name][0] for name in text}
    assert read == {"hour": 17, "temp": 3.0, "holiday": True, "season": "7", "wind": None}


@pytest.mark.parametrize("sent", ["nan", "inf", "1_000", "x", "1e999", "9" * 5_000])
def test_csv_text_that_is_no_number_is_refused(sent: str) -> None:
    with pytest.raises(RequestError) as caught:
        type_rows(table({**ROW, "temp": sent}, textual=True), FIELDS)
    assert caught.value.field == "temp"


VALUES = st.fixed_dictionaries(
    {
        "hour": st.integers(-(2**63), 2**63 - 1),
        "temp": st.floats(allow_nan=False, allow_infinity=False),
        "holiday": st.booleans(),
        "season": st.text(st.characters(exclude_categories=["Cs"])),
        "day": st.dates(date(1600, 1, 1)).map(date.isoformat),
        "at": st.datetimes(at("1700-01-01T00:00:00")).map(datetime.isoformat),
        "wind": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    }
)


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_what_the_log_keeps_reads_back_as_the_frame_that_was_predicted(
    rows: list[dict[str, object]],
) -> None:
    typed = type_rows(table(*rows), FIELDS)
    assert inputs_frame(canonical_rows(typed), ALL).equals(frame_of([typed], FIELDS))


def test_rows_of_another_contract_read_back_as_far_as_they_fit() -> None:
    frame = inputs_frame([b'{"temp":1.5,"old":2}', b'{"temp":2}'], OPTIONAL)
    assert frame.to_dict(as_series=False) == {"temp": [1.5, 2.0], "note": [None, None]}


def test_logged_rows_that_do_not_fit_are_an_error_and_not_nulls() -> None:
    with pytest.raises(RequestError) as caught:
        inputs_frame([b'{"temp":1.5}', b'{"temp":"warm"}'], OPTIONAL)
    assert caught.value.where == "row 2: 'warm'"


def test_no_rows_are_an_empty_frame_of_the_right_types() -> None:
    assert inputs_frame([], OPTIONAL).schema == {"temp": pl.Float64, "note": pl.String}
