"""Requests meet the contract of the version that answers them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest

from mooring.gates.terms.reading import parse_terms
from mooring.serving.domain import domain_of
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


def guarded(number: int = 1, text: str = CONTRACT) -> ServedVersion:
    made = version(number, temp="float", sky="string", floor="integer", wind="float?")
    return replace(made, loaded=replace(made.loaded, domain=domain_of(parse_terms(text).terms)))


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
