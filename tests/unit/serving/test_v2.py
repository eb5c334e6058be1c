from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.serving.support import Doubling, Running, Weather, ask, running, version

INFER = "/v2/models/bikes/infer"


def tensor(**changed: object) -> dict[str, object]:
    return {"name": "temp", "shape": [2], "datatype": "FP64", "data": [1.0, 2.5], **changed}


def infer(server: Running, *inputs: dict[str, object], path: str = INFER, **rest: object) -> Any:
    return ask(server, "POST", path, json={"inputs": list(inputs), **rest})


def outputs(answer: Any) -> dict[str, dict[str, Any]]:
    return {output["name"]: output for output in answer.json()["outputs"]}


def test_tensors_are_answered_with_tensors() -> None:
    with running((version(2), 1.0)) as server:
        answer = infer(server, tensor(), id="mine")
        assert answer.status_code == 200
        content = answer.json()
        ids = [record.id for record in server.records]
        assert content == {
            "model_name": "bikes",
            "model_version": "2",
            "id": "mine",
            "outputs": [
                {"name": "predict", "datatype": "FP64", "shape": [2], "data": [2.0, 5.0]},
                {"name": "prediction_id", "datatype": "BYTES", "shape": [2], "data": ids},
                {"name": "model_version", "datatype": "BYTES", "shape": [2], "data": ["2", "2"]},
            ],
        }
        assert answer.headers["x-mooring-model-version"] == "bikes/2"


@pytest.mark.parametrize(
    "changed",
    [
        {"shape": [2, 1]},
        {"shape": [2, 1], "data": [[1.0], [2.5]]},
        {"datatype": "FP32"},
        {"parameters": {"content_type": "np"}},
    ],
)
def test_columns_come_flat_or_nested(changed: dict[str, object]) -> None:
    with running((version(2), 1.0)) as server:
        assert outputs(infer(server, tensor(**changed)))["predict"]["data"] == [2.0, 5.0]


def test_classes_are_text_with_probabilities_beside_them() -> None:
    with running((version(2, Weather()), 1.0)) as server:
        found = outputs(infer(server, tensor(data=[0.25, 0.75])))
        assert found["predict"]["datatype"] == "BYTES"
        assert found["predict"]["data"] == ["dry", "wet"]
        assert found["predict_proba"]["shape"] == [2, 2]
        assert found["predict_proba"]["data"] == [0.75, 0.25, 0.25, 0.75]
        assert found["predict_proba"]["parameters"] == {"classes": '["dry","wet"]'}


def test_only_the_outputs_that_are_wanted_are_given() -> None:
    with running((version(2), 1.0)) as server:
        answer = infer(server, tensor(), outputs=[{"name": "predict"}])
        assert list(outputs(answer)) == ["predict"]
        assert infer(server, tensor(), outputs=[{"name": "loss"}]).status_code == 400


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"shape": [3]}, "2 values for the shape [3]"),
        ({"shape": [1, 2]}, "columns have shape [n] or [n, 1]"),
        ({"shape": []}, "columns have shape"),
        ({"shape": [-2]}, "columns have shape"),
        ({"data": [[1.0], [2.5]]}, "nested and the shape is not"),
        ({"datatype": "BYTES", "data": ["a", "b"]}, "BYTES does not fit float"),
        ({"datatype": "FP128"}, "does not fit float"),
        ({"datatype": "INT8", "data": [1, 128]}, "a value is not a INT8"),
        ({"datatype": "UINT8", "data": [1, -1]}, "a value is not a UINT8"),
        ({"datatype": "INT64", "data": [1, 2.5]}, "a value is not a INT64"),
        ({"data": [1.0, "x"]}, "a value is not a FP64"),
        ({"data": [1.0, True]}, "a value is not a FP64"),
        ({"data": [1.0, None]}, "row 2: null"),
        ({"name": "tmp"}, "temp is missing"),
        ({"parameters": {"binary_data_size": 4}}, "not supported"),
        ({"extra": 1}, "unknown field `extra`"),
    ],
)
def test_a_tensor_that_does_not_fit_is_a_400_that_names_it(
    changed: dict[str, object], said: str
) -> None:
    with running((version(2), 1.0)) as server:
        answer = infer(server, tensor(**changed))
        assert answer.status_code == 400
        assert list(answer.json()) == ["error"]
        assert said in answer.json()["error"]
        assert server.records == []


def test_tensors_of_different_lengths_are_refused() -> None:
    wide = version(2, Doubling(), temp="float", wind="float")
    with running((wide, 1.0)) as server:
        other = tensor(name="wind", shape=[1], data=[1.0])
        assert "differ in their first dimension" in infer(server, tensor(), other).text
        assert "two tensors" in infer(server, tensor(), tensor()).text
        assert infer(server).status_code == 400


def test_a_version_that_is_named_answers_alone_while_it_has_traffic() -> None:
    with running((version(2), 0.99), (version(3), 0.01)) as server:
        path = "/v2/models/bikes/versions/3/infer"
        answer = infer(server, tensor(), path=path)
        assert outputs(answer)["predict"]["data"] == [3.0, 7.5]
        assert answer.json()["model_version"] == "3"
        gone = infer(server, tensor(), path="/v2/models/bikes/versions/1/infer")
        assert gone.status_code == 404
        assert gone.json()["error"] == "that version has no traffic; with traffic: 2, 3"


def test_the_id_keeps_a_caller_on_its_arm_when_there_is_no_key_column() -> None:
    with running((version(2), 0.5), (version(3), 0.5)) as server:
        seen = {i: infer(server, tensor(), id=f"caller {i}").json() for i in range(8)}
        again = {i: infer(server, tensor(), id=f"caller {i}").json() for i in range(8)}
        assert len({content["model_version"] for content in seen.values()}) == 2
        assert {i: c["model_version"] for i, c in seen.items()} == {
            i: c["model_version"] for i, c in again.items()
        }


def test_an_answer_of_several_versions_names_each_row() -> None:
    with running((version(2), 0.5), (version(3), 0.5), key="k") as server:
        keys = tensor(name="k", datatype="INT64", shape=[20], data=list(range(20)))
        answer = infer(server, tensor(shape=[20], data=[1.0] * 20), keys)
        assert "model_version" not in answer.json()
        found = outputs(answer)
        assert set(found["model_version"]["data"]) == {"2", "3"}
        assert found["predict"]["data"] == [float(v) for v in found["model_version"]["data"]]


@pytest.mark.parametrize(
    ("path", "status", "part"),
    [
        ("/v2", 200, {"name": "mooring"}),
        ("/v2/health/live", 200, {"live": True}),
        ("/v2/health/ready", 200, {"ready": True}),
        ("/v2/models/bikes", 200, {"name": "bikes", "versions": ["2"], "platform": "mooring"}),
        ("/v2/models/bikes/ready", 200, {"name": "bikes", "ready": True}),
        ("/v2/models/bikes/versions/2", 200, {"versions": ["2"]}),
        ("/v2/models/bikes/versions/2/ready", 200, {"ready": True}),
        ("/v2/models/bikes/versions/9/ready", 404, {}),
        ("/v2/models/cars", 404, {}),
        ("/v2/models/cars/ready", 404, {}),
    ],
)
def test_what_the_server_says_about_itself(path: str, status: int, part: dict[str, object]) -> None:
    with running((version(2), 1.0)) as server:
        answer = ask(server, "GET", path)
        assert answer.status_code == status
        assert part.items() <= answer.json().items()


def test_metadata_lists_the_columns_with_a_free_dimension() -> None:
    with running((version(2, Weather(), temp="float", day="date", n="integer"), 1.0)) as server:
        content = ask(server, "GET", "/v2/models/bikes").json()
        assert content["inputs"] == [
            {"name": "temp", "datatype": "FP64", "shape": [-1]},
            {"name": "day", "datatype": "BYTES", "shape": [-1]},
            {"name": "n", "datatype": "INT64", "shape": [-1]},
        ]
        assert {o["name"]: o["datatype"] for o in content["outputs"]} == {
            "predict": "BYTES",
            "predict_proba": "FP64",
            "prediction_id": "BYTES",
            "model_version": "BYTES",
        }


def test_without_traffic_nothing_is_ready() -> None:
    with running() as server:
        assert ask(server, "GET", "/v2/health/ready").status_code == 503
        assert ask(server, "GET", "/v2/models/bikes/ready").status_code == 503
        assert infer(server, tensor()).status_code == 503
        assert ask(server, "GET", "/v2/health/live").status_code == 200


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["temp", "tmp"]),
            "shape": st.lists(st.integers(-1, 3), max_size=3) | VALUES,
            "datatype": st.sampled_from(["FP64", "INT8", "BYTES", "X"]) | VALUES,
            "data": st.lists(VALUES | st.lists(VALUES, max_size=2), max_size=3) | VALUES,
        }
    )
)
def test_no_tensor_is_a_fault_of_the_server(sent: dict[str, object]) -> None:
    with running((version(2, Weather()), 1.0)) as server:
        assert infer(server, sent).status_code in {200, 400}
