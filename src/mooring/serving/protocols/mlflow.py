"""MLflow's scoring protocol: ``POST /invocations``, ``GET /ping``, ``/health``, ``/version``.

Source: the protocol of ``mlflow models serve`` (3.x). What it allows without column names is
refused: values are never bound by their position.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import mooring
from mooring.errors import MooringError, RequestError
from mooring.serving import answering
from mooring.serving.columns import MISSING, shown
from mooring.serving.protocols import exchange
from mooring.serving.requests import Table

if TYPE_CHECKING:
    from starlette.requests import Request

    from mooring.serving.answering import Answered
    from mooring.serving.protocols.exchange import Server

_ERROR_CODES = {
    400: "BAD_REQUEST",
    404: "RESOURCE_DOES_NOT_EXIST",
    413: "BAD_REQUEST",
    415: "BAD_REQUEST",
    503: "TEMPORARILY_UNAVAILABLE",
}


def routes(server: Server) -> list[Route]:
    """The routes of the protocol."""

    async def invocations(request: Request) -> Response:
        try:
            return await _invocations(request, server)
        except MooringError as error:
            return refuse(error)

    async def ping(request: Request) -> Response:  # noqa: ARG001 - what a route receives
        ready = server.service.following.split is not None
        return PlainTextResponse("\n" if ready else "not ready\n", 200 if ready else 503)

    async def version(request: Request) -> Response:  # noqa: ARG001
        split = server.service.following.split
        serving = [arm.version for arm in split.arms] if split is not None else []
        headers = exchange.versions_header(serving) if serving else None
        return PlainTextResponse(mooring.__version__, headers=headers)

    return [
        Route("/invocations", invocations, methods=["POST"]),
        Route("/ping", ping, methods=["GET"]),
        Route("/health", ping, methods=["GET"]),
        Route("/version", version, methods=["GET"]),
    ]


async def _invocations(request: Request, server: Server) -> Response:
    kind = exchange.media_type(request, exchange.JSON, exchange.CSV)
    at = exchange.time_of(request, server)
    body = await exchange.read_body(request, server.max_body)
    table = read_csv(body) if kind == exchange.CSV else read_json(exchange.decode(body))
    asked = answering.Request(table, key=exchange.key_of(request), at=at)
    answered = await server.service.answer(asked)
    return exchange.respond(write(answered), headers=exchange.versions_header(answered.versions))


def refuse(error: MooringError) -> Response:
    """An error as the protocol's clients expect it, with the field and the cure beside it."""
    status, headers = exchange.status_of(error)
    content = {
        "error_code": _ERROR_CODES.get(status, "INTERNAL_ERROR"),
        "error": error.what,
        "message": error.what,
        "field": error.field if isinstance(error, RequestError) else "",
        "where": error.where if isinstance(error, RequestError) else "",
        "fix": error.fix,
    }
    return exchange.respond({k: v for k, v in content.items() if v}, status, headers)


def write(answered: Answered) -> dict[str, object]:
    """The body of an answer.

    Examples
    --------
    ``{"predictions": [12.5], "prediction_ids": ["0198…"], "model_versions": ["bikes/3"]}``
    """
    content: dict[str, object] = {
        "predictions": answered.predictions,
        "prediction_ids": answered.ids,
        "model_versions": [version.id for version in answered.versions],
    }
    if overrides := exchange.overrides_of(answered.versions):
        content["overrides"] = overrides
    if answered.probabilities is not None:
        content["probabilities"] = answered.probabilities
        content["classes"] = answered.classes
    return content


def read_json(body: object) -> Table:
    """The rows of one of the four JSON forms.

    Parameters
    ----------
    body : object
        Decoded: an object with one of ``dataframe_split``, ``dataframe_records``, ``instances``
        and ``inputs``, and possibly ``params``, which must be empty.

    Raises
    ------
    RequestError
        When it is anything else.

    Examples
    --------
    >>> read_json({"inputs": {"temp": [0.3, 0.4]}}).rows
    2
    """
    if not isinstance(body, dict):
        raise RequestError(f"the body is {_kind(body)}, not an object", fix=_FORMS_LISTED)
    forms = [name for name in body if name in _FORMS]
    for name in body:
        if name not in _FORMS and name != "params":
            near = difflib.get_close_matches(str(name), [*_FORMS, "params"], n=1)
            fix = f"did you mean {near[0]!r}?" if near else _FORMS_LISTED
            raise RequestError(f"unknown key {shown(name)}", field=str(name), fix=fix)
    if len(forms) != 1:
        raise RequestError(f"the body has {len(forms)} of the four forms", fix=_FORMS_LISTED)
    if body.get("params"):
        raise RequestError(
            "params are not supported", field="params", fix="send what the model needs as fields"
        )
    return _FORMS[forms[0]](forms[0], body[forms[0]])


def read_csv(body: bytes) -> Table:
    """The rows of a CSV body; its first line names the fields, an empty field is null."""
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise RequestError("the body is not UTF-8", where=f"byte {error.start}") from error
    except csv.Error as error:
        raise RequestError(f"the CSV cannot be read: {error}") from error
    if not lines:
        raise RequestError("the CSV is empty", fix="begin with a line that names the fields")
    return _table(lines[0], [line for line in lines[1:] if line], textual=True)


def _split(form: str, body: object) -> Table:
    if not isinstance(body, dict) or not {"columns", "data"} <= body.keys():
        raise RequestError(f"{form} needs columns and data", field=form)
    unknown = [name for name in body if name not in {"columns", "data", "index"}]
    if unknown:
        raise RequestError(f"unknown key {shown(unknown[0])} in {form}", field=str(unknown[0]))
    columns, data = body["columns"], body["data"]
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise RequestError("columns must be a list of names", field="columns")
    if not isinstance(data, list):
        raise RequestError("data must be a list of rows", field="data")
    return _table(columns, data)


def _records(form: str, body: object) -> Table:
    if not isinstance(body, list) or not all(isinstance(record, dict) for record in body):
        raise RequestError(
            f"{form} must be a list of objects",
            field=form,
            fix='name the fields of every row: [{"temp": 0.3}]; positions are never bound',
        )
    names = dict.fromkeys(name for record in body for name in record)
    columns = {name: [record.get(name, MISSING) for record in body] for name in names}
    return Table(columns, len(body))


def _inputs(form: str, body: object) -> Table:
    if isinstance(body, list):
        return _records(form, body)
    if not isinstance(body, dict) or not all(isinstance(v, list) for v in body.values()):
        raise RequestError(
            f"{form} must map each field to a list", field=form, fix='{"temp": [0.3, 0.4]}'
        )
    lengths = {name: len(values) for name, values in body.items()}
    if len(set(lengths.values())) > 1:
        where = ", ".join(f"{shown(name)}: {n}" for name, n in list(lengths.items())[:5])
        raise RequestError(f"the lists of {form} differ in length", field=form, where=where)
    return Table(body, next(iter(lengths.values()), 0))


_FORMS: Mapping[str, Callable[[str, object], Table]] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _records,
    "inputs": _inputs,
}
_FORMS_LISTED = f"send an object with exactly one of {', '.join(_FORMS)}"


def _table(names: Sequence[str], rows: Sequence[object], *, textual: bool = False) -> Table:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise RequestError(f"the field {shown(min(twice))} is there twice", field=min(twice))
    full: list[list[object]] = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(names):
            found = f"{len(row)} values" if isinstance(row, list) else _kind(row)
            raise RequestError(
                f"a row does not have the {len(names)} values that the columns name",
                where=f"row {number}: {found}",
            )
        full.append(row)
    columns = zip(*full, strict=True) if full else [()] * len(names)
    return Table(dict(zip(names, columns, strict=True)), len(full), textual)


def _kind(value: object) -> str:
    kinds = {list: "a list", str: "text", bool: "a boolean", dict: "an object"}
    return "null" if value is None else kinds.get(type(value), "a number")
