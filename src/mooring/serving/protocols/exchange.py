"""What the protocols share: reading a request within its limits, and writing JSON."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from mooring.clock import parse_instant
from mooring.errors import MooringError, RequestError, UsageError

if TYPE_CHECKING:
    from starlette.requests import Request

    from mooring.lineage.overrides import Override
    from mooring.serving.answering import Service
    from mooring.serving.metrics import Metrics
    from mooring.serving.versions import ServedVersion

_logger = logging.getLogger(__name__)
JSON = "application/json"
CSV = "text/csv"
STATUS = {
    "malformed": 400,
    "contract": 400,
    "media_type": 415,
    "too_large": 413,
    "not_found": 404,
    "busy": 503,
}
KEY = "x-mooring-key"
TIME = "x-mooring-time"
VERSION = "X-Mooring-Model-Version"
OVERRIDE = "X-Mooring-Override"


@dataclass(frozen=True, slots=True)
class Server:
    """What the routes work with.

    Parameters
    ----------
    name : str
        The deployment, which is also the model's name in the protocols.
    service : Service
    metrics : Metrics
    max_body : int
        Bytes.
    accept_client_time : bool
        Whether a caller may set the instant of its records, which only a replay needs.
    hosts : frozenset of str or None
        The names that a Host header may hold (SEC-30); None for any.
    """

    name: str
    service: Service
    metrics: Metrics
    max_body: int
    accept_client_time: bool = False
    hosts: frozenset[str] | None = None


async def read_body(request: Request, limit: int) -> bytes:
    """The body, refused as soon as it is known to be over the limit."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    room = limit
    async for chunk in request.stream():
        room -= len(chunk)
        if room < 0:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def media_type(request: Request, *accepted: str) -> str:
    """The kind of body that was declared; it is never guessed from the body (SEC-12).

    Raises
    ------
    RequestError
        Of kind ``media_type``, for any other kind, or another charset than UTF-8.
    """
    declared = request.headers.get("content-type", "")
    kind, *parameters = (part.strip().lower() for part in declared.split(";"))
    listed = " or ".join(accepted)
    if kind not in accepted:
        raise RequestError(
            f"the media type is {kind[:60] or 'not given'}",
            kind="media_type",
            fix=f"send Content-Type: {listed}",
        )
    charsets = [p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset")]
    if any(charset not in {"utf-8", "utf8"} for charset in charsets):
        raise RequestError(
            f"the charset is {charsets[0][:60]}", kind="media_type", fix="send UTF-8"
        )
    return kind


def decode(body: bytes) -> object:
    """A JSON body; an error names the byte at which it stops making sense."""
    with_fix = "send valid JSON in UTF-8; it has no NaN or Infinity: a missing value is null"
    if not body.strip():
        raise RequestError("the body is empty", fix="send a JSON object")
    try:
        return msgspec.json.decode(body)
    except UnicodeDecodeError as error:
        place = f"byte {error.start}"
        raise RequestError("the body is not UTF-8", where=place, fix=with_fix) from error
    except RecursionError as error:
        raise RequestError("the body is nested too deeply", fix="send flat rows") from error
    except msgspec.MsgspecError as error:
        raise RequestError(f"the body cannot be read: {error}", fix=with_fix) from error


def key_of(request: Request) -> str | None:
    """The caller's sticky key, if one was given."""
    return request.headers.get(KEY) or None


def time_of(request: Request, server: Server) -> datetime | None:
    """The instant that a replay gives its records.

    Raises
    ------
    RequestError
        When one is given and the server does not accept it, or it is not an instant.
    """
    text = request.headers.get(TIME)
    if text is None:
        return None
    if not server.accept_client_time:
        raise RequestError(
            "this server keeps its own time",
            field=TIME,
            fix="leave the header out; only a replay starts a server that accepts it",
        )
    try:
        return parse_instant(text)
    except (UsageError, OverflowError) as error:
        raise RequestError(
            "the header is not an instant", field=TIME, fix="send 2026-03-01T10:00:00Z"
        ) from error


def respond(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """JSON; msgspec writes no NaN, and the answers hold none."""
    return Response(msgspec.json.encode(content), status, headers, JSON)


def versions_header(versions: Iterable[ServedVersion]) -> dict[str, str]:
    """The headers that name who answered, and which of them serve by an override.

    Several are separated by commas. Names and accounts are percent-encoded where a header could
    not hold them; why somebody overrode a gate stands in the body.

    Examples
    --------
    ``X-Mooring-Override: bikes/7; by=ana; until=2026-12-01T00:00:00+00:00``
    """
    named = {version.id: version.override for version in versions}
    overrides = [
        f"{name}; by={quote(one.by)}; until={one.until.isoformat()}"
        for name, one in named.items()
        if one is not None
    ]
    return {VERSION: ", ".join(named)} | ({OVERRIDE: ", ".join(overrides)} if overrides else {})


def overrides_of(versions: Iterable[ServedVersion]) -> dict[str, Override]:
    """The overrides that versions serve by, by version: for the body of an answer."""
    return {version.id: version.override for version in versions if version.override is not None}


def status_of(error: MooringError) -> tuple[int, dict[str, str]]:
    """The status code of an error, and the headers that go with it."""
    if not isinstance(error, RequestError):
        _logger.error("%s", error)  # ours or the model's, not the caller's
        return 500, {}
    status = STATUS.get(error.kind, 400)
    headers = {503: {"Retry-After": "1"}, 413: {"Connection": "close"}}
    return status, headers.get(status, {})


def _too_large(limit: int) -> RequestError:
    return RequestError(
        f"the body is larger than {limit} bytes",
        kind="too_large",
        fix="send fewer rows at once, or raise serving.max_body",
    )
