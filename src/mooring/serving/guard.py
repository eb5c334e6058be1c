"""What stands around every route: who may ask, what is counted, and what an accident looks like."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from time import perf_counter
from typing import TYPE_CHECKING

from mooring.serving.protocols.exchange import respond

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mooring.serving.metrics import Metrics

_logger = logging.getLogger(__name__)
_TOO_LARGE = 413
_LINGER_SECONDS = 5.0
_ROUTES = frozenset(
    {"/invocations", "/ping", "/health", "/version", "/livez", "/readyz", "/metrics", "/v2"}
)


class Guard:
    """An ASGI application around another one.

    Parameters
    ----------
    app : ASGIApp
    metrics : Metrics
    hosts : frozenset of str or None
        The names a ``Host`` header may hold. A page on the web that has its own name resolve to
        this machine (DNS rebinding) says that name, and is refused. None allows any.
    incident : callable
        Makes the id under which an accident is logged; the caller is told nothing else.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        hosts: frozenset[str] | None,
        incident: Callable[[], str],
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._hosts = hosts
        self._incident = incident

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        status = 0
        ends = any(name == b"content-length" for name, _ in scope["headers"])
        body = _Body(receive)

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif status == _TOO_LARGE and ends:  # a stream without a length is cut
                await send({**message, "more_body": True})
                await body.discard()
                message = {"type": "http.response.body"}
            await send(message)

        try:
            app = self._app if self._knows(scope) else _misdirected
            await app(scope, body, watched)
        except Exception:
            incident = self._incident()
            _logger.exception("incident %s", incident)
            if status:
                raise  # too late for another answer
            content = {"error": "the server failed", "incident": incident}
            await respond(content, 500)(scope, body, watched)
        finally:
            route = _route_of(scope["path"])
            self._metrics.requests.labels(route, status or 500).inc()
            self._metrics.seconds.labels(route).observe(perf_counter() - started)

    def _knows(self, scope: Scope) -> bool:
        if self._hosts is None:
            return True
        headers = scope["headers"]
        asked = [value for name, value in headers if name == b"host"]
        origins = [value for name, value in headers if name == b"origin"]
        hosts = [*asked, *(origin.partition(b"://")[2] for origin in origins)]
        return len(asked) == 1 and all(host_name(host) in self._hosts for host in hosts)


class _Body:
    """What a caller sends; the rest of it can be let go by.

    A connection that is closed while its caller still writes is reset, and most clients then show
    a broken pipe in place of the answer they were given.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._unread = True

    async def __call__(self) -> Message:
        """The next part."""
        message = await self._receive()
        self._unread = message.get("more_body", False)
        return message

    async def discard(self) -> None:
        """Reads to the end, for some seconds, and keeps nothing."""
        with contextlib.suppress(TimeoutError):  # swallow: the answer is on its way already
            async with asyncio.timeout(_LINGER_SECONDS):
                while self._unread:
                    await self()


def host_name(host: bytes) -> str:
    """The name of a Host header, without its port, in lower case.

    Examples
    --------
    >>> host_name(b"[::1]:8000"), host_name(b"LOCALHOST:8000")
    ('[::1]', 'localhost')
    """
    text = host.decode("latin-1").lower()
    return text.partition("]")[0] + "]" if text.startswith("[") else text.partition(":")[0]


async def _misdirected(scope: Scope, receive: Receive, send: Send) -> None:
    content = {"error": "this server does not answer to that host", "fix": "ask 127.0.0.1"}
    await respond(content, 421)(scope, receive, send)


def _route_of(path: str) -> str:
    """A label for the metrics: few, whatever paths are asked for."""
    if path in _ROUTES:
        return path
    if path.startswith("/v2/models/"):
        return "/v2/models/infer" if path.endswith("/infer") else "/v2/models"
    return "/v2/health" if path.startswith("/v2/health/") else "other"
