"""What a request says beside its inputs: which entity it is about, and how old its features are."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import RequestError
from mooring.serving.columns import MISSING
from mooring.serving.context import CLOCKS, FeatureAge, Kept, context_rows, feature_age
from mooring.serving.requests import Table
from tests.unit.serving.support import NOW, post, running, version

KEPT = Kept(keys=("shop",), features_at="computed_at")


@pytest.mark.parametrize(
    ("value", "age"),
    [
        ((NOW - timedelta(hours=2)).isoformat(), 7200.0),
        ("2026-03-01T11:59:30", 30.0),
        ("2026-03-01", 43_200.0),
        ("2026-03-01T13:30:00+02:00", 1800.0),
        ((NOW + CLOCKS).isoformat(), 0.0),
        ((NOW + 2 * CLOCKS).isoformat(), "future"),
        ("9999-12-31T23:59:59", "future"),
        (None, "missing"),
        (MISSING, "missing"),
        ("", "missing"),
        ("an hour ago", "unreadable"),
        (1_772_000_000, "unreadable"),
    ],
)
def test_fd_18_an_instant_to_come_or_none_is_never_fresh(value: object, age: FeatureAge) -> None:
    assert feature_age(value, NOW) == age


@given(st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.booleans()))
def test_no_value_of_a_caller_ends_the_server(value: object) -> None:
    age = feature_age(value, NOW)
    assert isinstance(age, str) or age >= 0


@given(st.datetimes(timezones=st.just(UTC)))
def test_fd_18_an_age_is_the_time_that_has_passed(computed: datetime) -> None:
    age = feature_age(computed.isoformat(), NOW)
    if computed <= NOW:
        assert age == (NOW - computed).total_seconds()
    elif computed > NOW + CLOCKS:
        assert age == "future"


def test_only_the_declared_fields_are_kept_and_only_where_they_came() -> None:
    said: dict[str, list[object]] = {
        "shop": [7, None],
        "computed_at": ["2026-03-01", MISSING],
        "temp": [1.0, 2.0],
    }
    rows = context_rows(Table(said, 2), KEPT)
    assert rows == [b'{"computed_at":"2026-03-01","shop":7}', b"{}"]
    assert context_rows(Table(said, 2), Kept()) == []


def test_a_key_that_names_nothing_is_refused_with_its_row() -> None:
    with pytest.raises(RequestError, match="shop: a key is text or a whole number") as caught:
        context_rows(Table({"shop": ["a", 0.5]}, 2), KEPT)
    assert caught.value.where == "row 2: 0.5"


def test_fd_18_every_answer_is_logged_with_its_keys_and_counted_by_its_feature_age() -> None:
    hour_ago = (NOW - timedelta(hours=1)).isoformat()
    records: list[dict[str, object]] = [
        {"temp": 1.0, "shop": 7, "computed_at": hour_ago},
        {"temp": 2.0, "shop": "x", "computed_at": (NOW + timedelta(hours=1)).isoformat()},
        {"temp": 3.0, "shop": None, "computed_at": "?"},
    ]
    with running((version(2), 1.0), kept=KEPT) as server:
        answer = post(server, {"dataframe_records": records})
        assert answer.status_code == 200, answer.text
        text = server.server.metrics.text().decode()
    kept = [json.loads(r.context or b"") for r in server.records]
    assert [one.get("shop") for one in kept] == [7, "x", None]
    assert kept[0]["computed_at"] == hour_ago
    assert [msgspec.json.decode(r.inputs) for r in server.records] == [
        {"temp": r["temp"]} for r in records
    ]
    labels = '{model_version="bikes/2"}'
    assert f"mooring_feature_age_seconds_count{labels} 1.0" in text
    assert f"mooring_feature_age_seconds_sum{labels} 3600.0" in text
    for reason in ("future", "unreadable"):
        told = f'mooring_feature_age_unknown_total{{model_version="bikes/2",reason="{reason}"}} 1.0'
        assert told in text


def test_a_key_is_an_input_of_the_version_that_has_it_and_of_no_other() -> None:
    with_shop = version(3, temp="float", shop="integer")
    rows = [{"temp": 1.0, "shop": shop} for shop in range(40)]
    with running((version(2), 0.5), (with_shop, 0.5), kept=KEPT, key="shop") as server:
        answer = post(server, {"dataframe_records": rows})
        assert answer.status_code == 200, answer.text
    inputs = {r.model_version: set(msgspec.json.decode(r.inputs)) for r in server.records}
    assert inputs == {"bikes/2": {"temp"}, "bikes/3": {"temp", "shop"}}
    assert all(json.loads(r.context or b"").keys() == {"shop"} for r in server.records)
