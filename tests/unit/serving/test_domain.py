"""Requests meet the contract of the version that answers them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest

from mooring.errors import RequestError
from mooring.gates.terms.keys import Keys
from mooring.gates.terms.reading import parse_terms
from mooring.serving.columns import MISSING
from mooring.serving.domain import check_domain, domain_of
from mooring.serving.requests import TypedRows
from mooring.serving.versions import ServedVersion
from tests.unit.serving.support import Running, running, version

CONTRACT = """
[columns.temp]
type = "float"
min = -50
max = 50
[columns.sky]
type = "string"
categories = ["clear", "rain"]
[columns.floor]
type = "integer"
categories = [0, 1]
serving = "stop"
[columns.wind]
type = "float"
max = 20
serving = "warn"
"""
FINE = {"temp": 1.0, "sky": "rain", "floor": 1, "wind": 3.0}


def guarded(number: int = 1, text: str = CONTRACT, keys: Keys | None = None) -> ServedVersion:
    made = version(number, temp="float", sky="string", floor="integer", wind="float?")
    domain = domain_of(parse_terms(text).terms, made.loaded.fields, keys or {})
    return replace(made, loaded=replace(made.loaded, domain=domain))


def ask(server: Running, *rows: Mapping[str, object]) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with server.client() as client:
            return await client.post("/invocations", json={"dataframe_records": list(rows)})

    return asyncio.run(asked())


def test_fd_58_values_of_the_domain_are_answered_and_nothing_is_counted() -> None:
    with running((guarded(), 1.0)) as server:
        assert ask(server, FINE, {**FINE, "wind": None}).status_code == 200
        assert b"mooring_outside_contract_total{" not in server.server.metrics.text()


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("temp", 1e308, "temp: expected -50 to 50"),
        ("temp", -51, "temp: expected -50 to 50"),
        ("floor", 2, "floor: expected one of 0, 1"),
    ],
)
def test_fd_58_a_value_beyond_what_stops_is_a_400_that_names_it(
    field: str, value: object, expected: str
) -> None:
    with running((guarded(), 1.0)) as server:
        answer = ask(server, FINE, {**FINE, field: value})
    assert answer.status_code == 400
    assert expected in answer.text
    assert "row 2" in answer.text
    assert server.records == [], "a request is answered as a whole or not at all"


def test_fd_58_a_value_beyond_what_warns_is_answered_and_counted() -> None:
    with running((guarded(), 1.0)) as server:
        answer = ask(server, {**FINE, "sky": "hail"}, {**FINE, "sky": "fog", "wind": 99}, FINE)
        text = server.server.metrics.text().decode()
    assert answer.status_code == 200
    assert len(server.records) == 3
    labels = 'field="{}",model_version="bikes/1",rule="{}"'
    assert f"outside_contract_total{{{labels.format('sky', 'categories')}}} 2.0" in text
    assert f"outside_contract_total{{{labels.format('wind', 'range')}}} 1.0" in text


def test_each_version_holds_requests_against_its_own_contract() -> None:
    lax = guarded(2, CONTRACT.replace("max = 50", "max = 5000"))
    with running((guarded(1), 0.5), (lax, 0.5)) as server:
        said = {ask(server, {**FINE, "temp": 99.0}).status_code for _ in range(40)}
    assert said == {200, 400}


def test_a_version_without_a_contract_asks_for_types_only() -> None:
    with running((version(1, temp="float"), 1.0)) as server:
        assert ask(server, {"temp": 99.0}).status_code == 200


# --- relations and checks -------------------------------------------------------------------------

RELATIONS = """
[datasets]
skies = "skies.csv"
people = "people.csv"
[relations]
"temp >= wind - 50" = "stop"
"temp + wind < 60" = "quarantine"
"floor <= wind" = "warn"
"sky in skies.name" = "stop"
"sky in people.sky" = "stop"
"temp < sold" = "stop"
[checks]
"checks.py:whole" = "stop"
[columns.sold]
type = "float"
"""
FEW = CONTRACT.replace("min = -50\nmax = 50\n", "").replace("max = 20\n", "")
KEYS: Keys = {"sky in skies.name": ("clear", "rain")}


@pytest.mark.parametrize(
    ("row", "expected", "where"),
    [
        ({"temp": -60.0, "wind": 1.5}, "expected temp >= wind - 50", "temp -60.0 and wind 1.5"),
        ({"temp": 59.0, "wind": 1.5}, "expected temp + wind < 60", "temp 59.0 and wind 1.5"),
    ],
)
def test_fd_58_a_row_that_breaks_a_relation_is_a_400_that_names_it_and_its_values(
    row: dict[str, object], expected: str, where: str
) -> None:
    with running((guarded(text=FEW + RELATIONS, keys=KEYS), 1.0)) as server:
        answer = ask(server, FINE, {**FINE, **row}, {**FINE, **row})
    assert answer.status_code == 400
    assert expected in answer.text
    assert f"row 2: {where}, and 1 rows more" in answer.text
    assert server.records == []


def test_fd_58_a_relation_that_warns_is_answered_and_counted_by_its_text() -> None:
    strange = {**FINE, "sky": "hail", "floor": 1, "wind": 0.5}
    with running((guarded(text=FEW + RELATIONS, keys=KEYS), 1.0)) as server:
        assert ask(server, strange, FINE, {**strange, "sky": "rain"}).status_code == 200
        text = server.server.metrics.text().decode()
    assert len(server.records) == 3
    labels = 'field="{}",model_version="bikes/1",rule="{}"'
    assert f"contract_total{{{labels.format('floor', 'floor <= wind')}}} 2.0" in text
    assert f"contract_total{{{labels.format('sky', 'sky in skies.name')}}} 1.0" in text


@pytest.mark.parametrize("wind", [None, MISSING])
def test_a_relation_says_nothing_of_a_value_that_did_not_come(wind: object) -> None:
    domain = guarded(text=FEW + RELATIONS, keys=KEYS).loaded.domain
    temp, sky, floor = [-99.0, -99.0], ["rain", "rain"], [1, 1]
    absent = TypedRows({"temp": temp, "sky": sky, "floor": floor}, 2)
    assert check_domain(absent, domain, [1, 2]) == {}
    some = TypedRows({**absent.columns, "wind": [wind, 3.0]}, 2)
    with pytest.raises(RequestError, match=r"row 2: temp -99\.0 and wind 3\.0"):
        check_domain(some, domain, [1, 2])


def test_serving_says_otherwise_and_what_only_warns_never_refuses() -> None:
    swapped = 'relation = "warn"\nreference = "stop"'
    text = f"[serving]\n{swapped}\n" + FEW + RELATIONS
    with running((guarded(text=text, keys=KEYS), 1.0)) as server:
        assert ask(server, {**FINE, "temp": -99.0}).status_code == 200
        refused = ask(server, {**FINE, "sky": "hail"})
    assert refused.status_code == 400
    assert "expected sky in skies.name" in refused.text
    assert "sky 'hail'" in refused.text
    text = text.replace('skies.name" = "stop"', 'skies.name" = "warn"')
    with running((guarded(text=text, keys=KEYS), 1.0)) as server:
        assert ask(server, {**FINE, "sky": "hail"}).status_code == 200


def test_what_requests_are_not_held_against_is_told_with_the_reason() -> None:
    domain = guarded(text=FEW + RELATIONS, keys=KEYS).loaded.domain
    assert domain.unasked == {
        "sky in people.sky": "the version does not carry the keys: too many, or of another type",
        "temp < sold": "'sold' is no field of a request",
        "checks.py:whole": "a check may need the whole table",
    }
    assert len(domain.relations) == 4


def test_instants_are_compared_as_they_were_sent() -> None:
    made = version(1, temp="float", start="datetime", end="datetime")
    text = '[relations]\n"end >= start" = "stop"\n'
    text += '[columns.start]\ntype = "datetime"\n[columns.end]\ntype = "datetime"\n'
    domain = domain_of(parse_terms(text).terms, made.loaded.fields, {})
    made = replace(made, loaded=replace(made.loaded, domain=domain))
    with running((made, 1.0)) as server:
        later = {"temp": 1.0, "start": "2026-01-01T10:00:00+02:00", "end": "2026-01-01T08:30:00"}
        assert ask(server, later).status_code == 200
        refused = ask(server, {**later, "end": "2026-01-01T07:30:00"})
    assert refused.status_code == 400
    assert "end 2026-01-01T07:30:00 and start 2026-01-01T08:00:00" in refused.text
