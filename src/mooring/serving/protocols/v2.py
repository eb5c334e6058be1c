"""The Open Inference Protocol, version 2, over HTTP: everything under ``/v2``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.routing import Route

import mooring
from mooring.errors import MooringError, RequestError
from mooring.serving import answering
from mooring.serving.protocols import exchange, tensors

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mooring.serving.protocols.exchange import Server
    from mooring.serving.versions import ServedVersion

_MODEL = "/v2/models/{model}"
_VERSION = f"{_MODEL}/versions/{{version}}"
Answer = Callable[["Request", "Server"], Awaitable["Response"]]


def routes(server: Server) -> list[Route]:
    """The routes of the protocol."""
    return [
        _route("/v2", _server, server),
        _route("/v2/health/live", _live, server),
        _route("/v2/health/ready", _ready, server),
        _route(_MODEL, _model, server),
        _route(f"{_MODEL}/ready", _model_ready, server),
        _route(f"{_MODEL}/infer", _infer, server, "POST"),
        _route(_VERSION, _model, server),
        _route(f"{_VERSION}/ready", _model_ready, server),
        _route(f"{_VERSION}/infer", _infer, server, "POST"),
    ]


def refuse(error: MooringError) -> Response:
    """An error as the protocol has it: one text, which says everything."""
    status, headers = exchange.status_of(error)
    where = error.where if isinstance(error, RequestError) else ""
    text = "; ".join(part for part in (error.what, where, error.fix) if part)
    return exchange.respond({"error": text}, status, headers)


def _route(path: str, answer: Answer, server: Server, method: str = "GET") -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            return await answer(request, server)
        except MooringError as error:
            return refuse(error)

    return Route(path, endpoint, methods=[method])


async def _server(request: Request, server: Server) -> Response:  # noqa: ARG001 - an Answer
    about = {"name": "mooring", "version": mooring.__version__, "extensions": []}
    return exchange.respond(about)


async def _live(request: Request, server: Server) -> Response:  # noqa: ARG001
    alive = server.service.batcher.alive
    return exchange.respond({"live": alive}, 200 if alive else 503)


async def _ready(request: Request, server: Server) -> Response:  # noqa: ARG001
    ready = server.service.following.split is not None
    return exchange.respond({"ready": ready}, 200 if ready else 503)


async def _model(request: Request, server: Server) -> Response:
    pinned = _asked_version(request, server)
    arms = server.service.split.arms
    version = pinned or max(arms, key=lambda arm: arm.weight).version
    about = {
        "name": server.name,
        "versions": [str(arm.version.number) for arm in arms],
        "platform": "mooring",
        **tensors.metadata_of(version.loaded),
    }
    return exchange.respond(about)


async def _model_ready(request: Request, server: Server) -> Response:
    _asked_version(request, server)
    return exchange.respond({"name": server.name, "ready": True})


async def _infer(request: Request, server: Server) -> Response:
    exchange.media_type(request, exchange.JSON)
    at = exchange.time_of(request, server)
    body = exchange.decode(await exchange.read_body(request, server.max_body))
    asked = tensors.read_request(body)
    pinned = _asked_version(request, server)
    service = server.service
    versions = [pinned] if pinned else [arm.version for arm in service.split.arms]
    table = tensors.table_of(asked, [version.loaded.fields for version in versions])
    key = exchange.key_of(request) or (None if service.key else asked.id)
    number = str(pinned.number) if pinned else None
    answered = await service.answer(answering.Request(table, key=key, at=at, number=number))
    content: dict[str, object] = {"model_name": server.name}
    if answered.only_version is not None:
        content["model_version"] = str(answered.only_version.number)
    content["id"] = answered.ids[0] if asked.id is None else asked.id
    if overrides := exchange.overrides_of(answered.versions):
        said = "; ".join(f"{name}: {one.words()}" for name, one in overrides.items())
        content["parameters"] = {"override": said}
    content["outputs"] = tensors.outputs_of(answered, asked.outputs)
    return exchange.respond(content, headers=exchange.versions_header(answered.versions))


def _asked_version(request: Request, server: Server) -> ServedVersion | None:
    """The version of the path, if it names one; a version without traffic does not answer."""
    if request.path_params["model"] != server.name:
        raise RequestError(
            "there is no such model here", kind="not_found", fix=f"the model is {server.name}"
        )
    number: str | None = request.path_params.get("version")
    split = server.service.split
    version = None if number is None else split.numbered(number)
    if number is not None and version is None:
        raise RequestError(
            "that version has no traffic",
            kind="not_found",
            fix=f"with traffic: {', '.join(str(arm.version.number) for arm in split.arms)}",
        )
    return version
