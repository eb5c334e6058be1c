"""The web application: one table of routes, JSON for every answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from mooring.serving.guard import Guard
from mooring.serving.protocols import mlflow, v2
from mooring.serving.protocols.exchange import Server, respond

if TYPE_CHECKING:
    from starlette.requests import Request

    from mooring.serving.versions import Split

_METRICS = "text/plain; version=0.0.4; charset=utf-8"


def make_app(server: Server) -> Starlette:
    """The application of one server.

    Parameters
    ----------
    server : Server
        Its batcher and its following are started and closed by the caller.

    Examples
    --------
    ``httpx.AsyncClient(transport=httpx.ASGITransport(make_app(server)))``
    """
    clock, ids = server.service.clock, server.service.ids
    return Starlette(
        routes=[*_routes(server), *mlflow.routes(server), *v2.routes(server)],
        middleware=[
            Middleware(Guard, server.metrics, server.hosts, lambda: ids(clock())),
        ],
        exception_handlers={HTTPException: _refuse},
    )


def _routes(server: Server) -> list[Route]:
    async def livez(request: Request) -> Response:  # noqa: ARG001 - what a route is
        alive = server.service.batcher.alive
        return respond({"live": alive}, 200 if alive else 503)

    async def readyz(request: Request) -> Response:  # noqa: ARG001
        following = server.service.following
        split = following.split
        content: dict[str, object] = {"ready": split is not None, "deployment": server.name}
        if split is not None:
            content |= {"revision": split.revision, "arms": _arms(split, server)}
        if following.detail:
            content["detail"] = following.detail
        return respond(content, 200 if split is not None else 503)

    async def metrics(request: Request) -> Response:  # noqa: ARG001
        return Response(server.metrics.text(), media_type=_METRICS)

    return [
        Route("/livez", livez, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


def _arms(split: Split, server: Server) -> list[dict[str, object]]:
    """Who serves; an override is shown, and so is that it has expired since."""
    arms: list[dict[str, object]] = []
    for arm in split.arms:
        shown: dict[str, object] = {"model_version": arm.version.id, "weight": arm.weight}
        override = arm.version.override
        if override is not None:
            expired = override.expired(server.service.clock())
            shown["override"] = {**asdict(override), "expired": expired}
        arms.append(shown)
    return arms


async def _refuse(request: Request, error: Exception) -> Response:  # noqa: ARG001
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    what = {404: "there is no such route", 405: "the route has another method"}
    return respond({"error": what.get(status, "the request cannot be answered")}, status, headers)
