from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.lineage.answers import Answers
from mooring.serving.versions import ServedVersion
from tests.unit.serving.support import (
    NOW,
    Doubling,
    Running,
    Weather,
    ask,
    post,
    running,
    version,
)

JSON = {"content-type": "application/json"}
TWO_ROWS: dict[str, object] = {
    "dataframe_split": {"columns": ["temp"], "data": [[1.0], [2.5]]},
    "dataframe_records": [{"temp": 1.0}, {"temp": 2.5}],
    "instances": [{"temp": 1.0}, {"temp": 2.5}],
    "inputs": {"temp": [1.0, 2.5]},
}


def invoke(server: Running, content: bytes, media_type: str = "application/json") -> Any:
    return ask(
        server, "POST", "/invocations", content=content, headers={"content-type": media_type}
    )


@pytest.mark.parametrize("form", TWO_ROWS)
def test_each_of_the_four_json_forms_is_answered(form: str) -> None:
    with running((version(2), 1.0)) as server:
        answer = post(server, {form: TWO_ROWS[form]})
        assert answer.status_code == 200
        assert answer.json() == {
            "predictions": [2.0, 5.0],
            "prediction_ids": [record.id for record in server.records],
            "model_versions": ["bikes/2", "bikes/2"],
        }
        assert answer.headers["x-mooring-model-version"] == "bikes/2"


def test_csv_is_answered() -> None:
    with running((version(2), 1.0)) as server:
        answer = invoke(server, b"temp\r\n1\r\n2.5\r\n", "text/csv; charset=utf-8")
        assert answer.json()["predictions"] == [2.0, 5.0]


def test_the_frame_may_bring_an_index_and_empty_params() -> None:
    split = {"columns": ["temp"], "data": [[1.0]], "index": [7]}
    with running((version(2), 1.0)) as server:
        assert post(server, {"dataframe_split": split, "params": {}}).status_code == 200


def test_a_classifier_answers_with_probabilities_and_classes() -> None:
    with running((version(2, Weather()), 1.0)) as server:
        answer = post(server, {"inputs": {"temp": [0.25, 0.75]}}).json()
        assert answer["predictions"] == ["dry", "wet"]
        assert answer["probabilities"] == [[0.75, 0.25], [0.25, 0.75]]
        assert answer["classes"] == ["dry", "wet"]
        assert server.records[0].probabilities == (0.75, 0.25)


def test_p4_what_was_answered_is_on_record_with_the_row_as_it_was_typed() -> None:
    with running((version(2), 1.0)) as server:
        post(server, {"inputs": {"temp": [1]}}, X_Mooring_Key="station 7")
        (record,) = server.records
        assert (record.deployment, record.model_version) == ("bikes", "bikes/2")
        assert (record.at, record.key) == (NOW, "station 7")
        assert (record.inputs, record.prediction) == (b'{"temp":1.0}', 2.0)


@pytest.mark.parametrize(
    ("body", "field", "fix"),
    [
        ({"inputs": {"temp": ["warm"]}}, "temp", "send a number"),
        ({"inputs": {"tmp": [1]}}, "temp", "add the field 'temp' to every row"),
        ({"instances": [[1.0]]}, "instances", "positions are never bound"),
        ({"instances": [1.0]}, "instances", "positions are never bound"),
        ({"input": {"temp": [1]}}, "input", "did you mean 'inputs'?"),
        ({"inputs": {"temp": 1}}, "inputs", '{"temp": [0.3, 0.4]}'),
        ({"inputs": {"temp": [1]}, "params": {"a": 1}}, "params", ""),
        ({"inputs": {"temp": [1]}, "instances": []}, "", "exactly one of"),
        ({}, "", "exactly one of"),
        ([], "", "exactly one of"),
        ({"inputs": {}}, "", "send at least one row"),
        ({"inputs": {"temp": [1], "a": []}}, "inputs", ""),
        ({"dataframe_split": {"columns": ["temp"]}}, "dataframe_split", ""),
        ({"dataframe_split": {"columns": ["temp", "temp"], "data": []}}, "temp", ""),
        ({"dataframe_split": {"columns": ["temp"], "data": [[1, 2]]}}, "", ""),
        ({"dataframe_split": {"columns": [1], "data": []}}, "columns", ""),
    ],
)
def test_a_body_that_does_not_fit_is_a_400_with_the_field_and_the_fix(
    body: object, field: str, fix: str
) -> None:
    with running((version(2), 1.0)) as server:
        answer = post(server, body)
        content = answer.json()
        assert (answer.status_code, content["error_code"]) == (400, "BAD_REQUEST")
        assert content.get("field", "") == field
        assert fix in content.get("fix", "")
        assert server.records == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"inputs": {"temp": [1, }}', "byte 24"),
        (b'{"inputs": {"temp": [NaN]}}', "byte 21"),
        (b'{"inputs": {"temp": [1e999]}}', "out of range"),
        (b'{"inputs": {"temp": [' + b"9" * 5_000 + b"]}}", "out of range"),
        (b"[" * 50_000, "nested too deeply"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"", "the body is empty"),
        (b'{"inputs": ', "truncated"),
        (b'{"inputs": {"temp": [NaN]}}', "a missing value is null"),
    ],
)
def test_sec_60_a_malformed_body_is_a_400_that_says_where(content: bytes, said: str) -> None:
    with running((version(2), 1.0)) as server:
        answer = invoke(server, content)
        assert answer.status_code == 400
        assert said in str(answer.json())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"temp\n", "no rows"),
        (b"temp,temp\n1,2\n", "twice"),
        (b"temp\n1,2\n", "row 1: 2 values"),
        (b'temp\n"1\n', "cannot be read"),
        (b"temp\n\xff\n", "not UTF-8"),
        (b"temp\nwarm\n", "row 1: 'warm'"),
        (b"temp\nNaN\n", "not a finite number"),
    ],
)
def test_a_malformed_csv_is_a_400_that_says_where(content: bytes, said: str) -> None:
    with running((version(2), 1.0)) as server:
        answer = invoke(server, content, "text/csv")
        assert answer.status_code == 400
        assert said in str(answer.json())


@pytest.mark.parametrize(
    "media_type",
    ["", "text/plain", "application/x-python-pickle", "application/json; charset=latin-1"],
)
def test_sec_12_any_other_media_type_is_a_415(media_type: str) -> None:
    with running((version(2), 1.0)) as server:
        assert invoke(server, b'{"inputs": {"temp": [1]}}', media_type).status_code == 415


def test_sec_60_a_body_over_the_limit_is_a_413() -> None:
    with running((version(2), 1.0), max_body=100) as server:
        assert invoke(server, b" " * 101).status_code == 413
        assert invoke(server, b'{"inputs": {"temp": [1]}}'.ljust(100)).status_code == 200


def test_sec_60_more_rows_than_the_limit_are_a_413() -> None:
    with running((version(2), 1.0), max_rows=3) as server:
        assert post(server, {"inputs": {"temp": [1, 2, 3]}}).status_code == 200
        assert post(server, {"inputs": {"temp": [1, 2, 3, 4]}}).status_code == 413


def test_without_traffic_the_server_says_what_to_do() -> None:
    with running() as server:
        answer = post(server, {"inputs": {"temp": [1]}})
        assert answer.status_code == 503
        assert answer.json()["error"] == "no model version has traffic yet: mooring run"
        assert answer.headers["retry-after"] == "1"
        assert ask(server, "GET", "/ping").status_code == 503


def test_fd_58_an_answer_that_is_not_finite_is_a_typed_500_and_not_on_record() -> None:
    with running((version(2), 1.0)) as server:
        answer = post(server, {"inputs": {"temp": [1, 101]}})
        assert answer.status_code == 500
        assert answer.json()["error"].endswith("answered a number that is not finite")
        assert server.records == []


def test_a_model_that_raises_is_a_500_without_a_traceback() -> None:
    with running((version(2), 1.0)) as server:
        answer = post(server, {"inputs": {"temp": [-101]}})
        assert answer.status_code == 500
        assert answer.json()["error"] == "model version bikes/2 raised an error"
        assert "Traceback" not in answer.text
        assert "too cold" not in answer.text


def test_a_key_column_keeps_an_entity_on_its_arm_and_is_no_input() -> None:
    keys = [f"station {i % 5}" for i in range(100)]
    with running((version(2), 0.5), (version(3), 0.5), key="station") as server:
        answer = post(server, {"inputs": {"temp": [1.0] * 100, "station": keys}}).json()
        seen = dict(zip(keys, answer["model_versions"], strict=True))
        assert [seen[key] for key in keys] == answer["model_versions"]
        assert set(answer["model_versions"]) == {"bikes/2", "bikes/3"}
        factors = [float(name[-1]) for name in answer["model_versions"]]
        assert answer["predictions"] == factors
        by_id = {record.id: record for record in server.records}
        assert [by_id[i].key for i in answer["prediction_ids"]] == keys
        assert by_id[answer["prediction_ids"][0]].inputs == b'{"temp":1.0}'


def test_a_key_in_the_header_goes_before_the_column() -> None:
    with running((version(2), 0.5), (version(3), 0.5), key="station") as server:
        body = {"inputs": {"temp": [1.0] * 9, "station": list(range(9))}}
        answer = post(server, body, X_Mooring_Key="me").json()
        assert len(set(answer["model_versions"])) == 1
        assert {record.key for record in server.records} == {"me"}


def test_a_key_that_is_neither_text_nor_number_is_refused() -> None:
    with running((version(2), 1.0), key="station") as server:
        answer = post(server, {"inputs": {"temp": [1], "station": [1.5]}})
        assert (answer.status_code, answer.json()["field"]) == (400, "station")


def test_each_arm_types_rows_by_its_own_contract() -> None:
    wider = version(3, Doubling(), temp="float", wind="float")
    with running((version(2), 0.5), (wider, 0.5), key="station") as server:
        body = {"inputs": {"temp": [1.0] * 20, "station": list(range(20))}}
        answer = post(server, body)
        assert (answer.status_code, answer.json()["field"]) == (400, "wind")
        assert server.records == []


@pytest.mark.parametrize("row", [1, 4, 20])
def test_a_row_is_named_by_its_number_in_the_request_whichever_arm_it_goes_to(row: int) -> None:
    with running((version(2), 0.5), (version(3), 0.5), key="station") as server:
        temps: list[object] = [1.0] * 20
        temps[row - 1] = "warm"
        answer = post(server, {"inputs": {"temp": temps, "station": list(range(20))}})
        assert answer.json()["where"] == f"row {row}: 'warm'"


def test_the_probabilities_of_several_arms_come_back_in_the_order_of_the_rows() -> None:
    with running((version(2, Weather()), 0.5), (version(3, Weather()), 0.5), key="k") as server:
        body = {"inputs": {"temp": [0.25] * 20, "k": list(range(20))}}
        answer = post(server, body).json()
        assert answer["probabilities"] == [[0.75, 0.25]] * 20


class Snow:
    """Knows a third class, between the other two."""

    def answers(self, rows: pl.DataFrame) -> Answers:
        """Snow, mostly."""
        shares = np.tile([0.125, 0.75, 0.125], (rows.height, 1))
        return Answers(np.full(rows.height, "snow"), shares, ("dry", "snow", "wet"))


def test_a_class_that_a_version_never_met_has_probability_zero() -> None:
    snow = ServedVersion("bikes/3", 3, replace(version(3, Weather()).loaded, model=Snow()))
    with running((version(2, Weather()), 0.5), (snow, 0.5), key="k") as server:
        body = {"inputs": {"temp": [0.25] * 20, "k": list(range(20))}}
        answer = post(server, body).json()
        at = [answer["classes"].index(label) for label in ("dry", "snow", "wet")]
        expected = {"bikes/2": [0.75, 0.0, 0.25], "bikes/3": [0.125, 0.75, 0.125]}
        for name, row in zip(answer["model_versions"], answer["probabilities"], strict=True):
            assert [row[i] for i in at] == expected[name]
        assert set(answer["model_versions"]) == set(expected)


def test_a_replay_may_say_when_its_records_were_made() -> None:
    with running((version(2), 1.0), accept_client_time=True) as server:
        post(server, {"inputs": {"temp": [1]}}, X_Mooring_Time="2011-05-01T10:00:00Z")
        assert server.records[0].at.isoformat() == "2011-05-01T10:00:00+00:00"
        answer = post(server, {"inputs": {"temp": [1]}}, X_Mooring_Time="soon")
        assert (answer.status_code, answer.json()["field"]) == (400, "x-mooring-time")


def test_any_other_server_keeps_its_own_time() -> None:
    with running((version(2), 1.0)) as server:
        answer = post(server, {"inputs": {"temp": [1]}}, X_Mooring_Time="2011-05-01")
        assert (answer.status_code, answer.json()["field"]) == (400, "x-mooring-time")


def _json() -> st.SearchStrategy[object]:
    names = st.sampled_from([*TWO_ROWS, "params", "temp", "columns", "data", "index", "x"])
    leaves = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=5)
    )
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=12,
    )


@given(body=_json())
def test_no_json_body_is_a_fault_of_the_server(body: object) -> None:
    with running((version(2, Weather()), 1.0)) as server:
        assert post(server, body).status_code in {200, 400}


@given(st.binary(max_size=200), st.sampled_from(["application/json", "text/csv", "text/plain"]))
def test_no_bytes_are_a_fault_of_the_server(content: bytes, media_type: str) -> None:
    with running((version(2), 1.0)) as server:
        assert invoke(server, content, media_type).status_code in {200, 400, 415}


@given(st.lists(st.sampled_from([b"temp", b",", b"\n", b'"', b"1", b"\r", b"\x00"]), max_size=20))
def test_no_csv_is_a_fault_of_the_server(pieces: list[bytes]) -> None:
    with running((version(2), 1.0)) as server:
        assert invoke(server, b"".join(pieces), "text/csv").status_code in {200, 400}
