"""Tensors of the Open Inference Protocol: one column of rows each, bound by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from mooring.errors import RequestError
from mooring.serving.columns import shown
from mooring.serving.requests import Table

if TYPE_CHECKING:
    from mooring.serving.answering import Answered
    from mooring.serving.requests import Fields
    from mooring.serving.versions import Loaded

_INTEGERS = {f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
_FLOATS = {"FP16", "FP32", "FP64"}
_FITS = {
    "integer": _INTEGERS | _FLOATS,
    "float": _INTEGERS | _FLOATS,
    "boolean": {"BOOL"},
    "string": {"BYTES"},
    "date": {"BYTES"},
    "datetime": {"BYTES"},
}
_DATATYPE = {"integer": "INT64", "float": "FP64", "boolean": "BOOL"}
_HINTS = {"content_type", "binary_data", "binary_data_output"}
_COLUMN = 2


class Tensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An input: a column of n rows, of shape [n] or [n, 1], flat or nested."""

    name: str
    shape: list[int]
    datatype: str
    data: list[object]
    parameters: dict[str, object] = {}


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An output that the caller asks for."""

    name: str
    parameters: dict[str, object] = {}


class InferRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST …/infer``."""

    inputs: list[Tensor]
    id: str | None = None
    parameters: dict[str, object] = {}
    outputs: list[Wanted] | None = None


def read_request(body: object) -> InferRequest:
    """A decoded body as a request.

    Raises
    ------
    RequestError
        Naming the place in the body that has another shape.
    """
    try:
        return msgspec.convert(body, InferRequest)
    except msgspec.ValidationError as error:
        raise RequestError(
            f"not an inference request: {error}",
            fix='send {"inputs": [{"name": …, "shape": [1], "datatype": …, "data": […]}]}',
        ) from error


def table_of(asked: InferRequest, fields: Sequence[Fields]) -> Table:
    """The rows of a request; every tensor is checked against its own shape and datatype.

    Parameters
    ----------
    asked : InferRequest
    fields : sequence of Fields
        Of the model versions with traffic; a datatype must fit the column's logical type.

    Raises
    ------
    RequestError
        Naming the tensor.
    """
    _check_parameters(asked.parameters, "parameters")
    columns: dict[str, Sequence[object]] = {}
    for tensor in asked.inputs:
        if tensor.name in columns:
            raise _wrong(tensor, "there are two tensors of that name")
        _check_parameters(tensor.parameters, tensor.name)
        for known in fields:
            column = known.columns.get(tensor.name)
            if column is not None and tensor.datatype not in _FITS[column.type]:
                raise _wrong(tensor, f"{tensor.datatype[:20]} does not fit {column.type}")
        columns[tensor.name] = _column(tensor)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise RequestError("the tensors differ in their first dimension", field="inputs")
    return Table(columns, lengths.pop() if lengths else 0)


def outputs_of(answered: Answered, wanted: Sequence[Wanted] | None) -> list[dict[str, object]]:
    """The tensors of an answer: ``predict``, ``predict_proba``, and who answered under which id.

    Raises
    ------
    RequestError
        When an output is wanted that there is not.
    """
    rows = len(answered.ids)
    datatype = _datatype_of(answered.predictions)
    tensors = [_tensor("predict", datatype, [rows], answered.predictions)]
    if answered.probabilities is not None:
        flat = [share for row in answered.probabilities for share in row]
        tensors.append(_tensor("predict_proba", "FP64", [rows, len(answered.classes)], flat))
        classes = msgspec.json.encode(answered.classes).decode()
        tensors[-1]["parameters"] = {"classes": classes}
    numbers = [str(version.number) for version in answered.versions]
    tensors.append(_tensor("prediction_id", "BYTES", [rows], answered.ids))
    tensors.append(_tensor("model_version", "BYTES", [rows], numbers))
    if not wanted:
        return tensors
    known = {str(tensor["name"]): tensor for tensor in tensors}
    for one in wanted:
        _check_parameters(one.parameters, one.name)
        if one.name not in known:
            raise RequestError(
                f"there is no output {shown(one.name)}",
                field="outputs",
                fix=f"the outputs are {', '.join(known)}",
            )
    return [known[one.name] for one in wanted]


def metadata_of(loaded: Loaded) -> dict[str, list[dict[str, object]]]:
    """The inputs and outputs of a model version; -1 is a dimension that varies."""
    inputs: list[dict[str, object]] = [
        {"name": name, "datatype": _DATATYPE.get(column.type, "BYTES"), "shape": [-1]}
        for name, column in loaded.fields.columns.items()
    ]
    said = "FP64" if loaded.task == "regression" else _datatype_of(loaded.classes)
    outputs: list[dict[str, object]] = [{"name": "predict", "datatype": said, "shape": [-1]}]
    if loaded.classes:
        shape = [-1, len(loaded.classes)]
        outputs.append({"name": "predict_proba", "datatype": "FP64", "shape": shape})
    named = ("prediction_id", "model_version")
    outputs += [{"name": name, "datatype": "BYTES", "shape": [-1]} for name in named]
    return {"inputs": inputs, "outputs": outputs}


def _column(tensor: Tensor) -> Sequence[object]:
    shape = tensor.shape
    if len(shape) not in {1, _COLUMN} or shape[1:] not in ([], [1]) or shape[0] < 0:
        raise _wrong(tensor, f"the shape is {shown(shape)}; columns have shape [n] or [n, 1]")
    values: list[object] = []
    for cell in tensor.data:
        nested = isinstance(cell, list)
        if nested and len(shape) == 1:
            raise _wrong(tensor, "the data is nested and the shape is not")
        values += cell if isinstance(cell, list) else [cell]
    if len(values) != shape[0]:
        raise _wrong(tensor, f"{len(values)} values for the shape {shape}")
    _check_values(tensor, values)
    return values


def _check_values(tensor: Tensor, values: Sequence[object]) -> None:
    """The values are of the datatype that is declared; the contract is looked at later."""
    kind = tensor.datatype
    if kind in _INTEGERS:
        bits = int(kind.rpartition("T")[2])
        low, high = (0, 2**bits) if kind.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1))
        fits = all(v is None or (type(v) is int and low <= v < high) for v in values)
    elif kind in _FLOATS:
        fits = all(v is None or type(v) in {int, float} for v in values)
    elif kind in {"BOOL", "BYTES"}:
        wanted = bool if kind == "BOOL" else str
        fits = all(v is None or type(v) is wanted for v in values)
    else:
        raise _wrong(tensor, f"unknown datatype {shown(kind)}")
    if not fits:
        raise _wrong(tensor, f"a value is not a {kind}")


def _check_parameters(parameters: Mapping[str, object], where: str) -> None:
    """Hints of other servers' codecs change nothing here; what would is refused, not ignored."""
    for name, value in parameters.items():
        if name not in _HINTS or (name.startswith("binary") and value is not False):
            raise RequestError(
                f"the parameter {shown(name)} is not supported", field=where, fix="leave it out"
            )


def _tensor(
    name: str, datatype: str, shape: list[int], data: Sequence[object]
) -> dict[str, object]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def _datatype_of(values: Sequence[object]) -> str:
    kinds = set(map(type, values))
    known = ((bool, "BOOL"), (int, "INT64"), (float, "FP64"))
    return next((name for kind, name in known if kinds == {kind}), "BYTES")


def _wrong(tensor: Tensor, what: str) -> RequestError:
    return RequestError(f"tensor {shown(tensor.name)}: {what}", field=tensor.name, kind="contract")
