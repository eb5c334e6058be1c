"""Running the server: one process, one socket, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlunsplit

import uvicorn

from mooring.errors import UsageError
from mooring.gates.contract import from_bytes
from mooring.gates.terms import keys
from mooring.gates.terms.model import FILE
from mooring.gates.terms.reading import parse_terms
from mooring.lineage.golden import golden_rows
from mooring.lineage.loading import load_version
from mooring.lineage.standing import record_expiry
from mooring.serving.answering import Service
from mooring.serving.app import make_app
from mooring.serving.batching import Batcher
from mooring.serving.buffering import BufferedLog
from mooring.serving.context import Kept
from mooring.serving.domain import Domain, domain_of
from mooring.serving.following import Following
from mooring.serving.metrics import Metrics
from mooring.serving.protocols.exchange import Server
from mooring.serving.remembering import FileMemory
from mooring.serving.requests import fields_of
from mooring.serving.versions import Loaded

if TYPE_CHECKING:
    from mooring.clock import Clock
    from mooring.ids import IdSource
    from mooring.lineage.artifacts import ArtifactStore
    from mooring.lineage.catalog.engine import Catalog
    from mooring.serving.log import PredictionLog
    from mooring.serving.requests import Fields
    from mooring.serving.versions import Load
    from mooring.settings.model import Serving, Settings

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_GRACE_SECONDS = 30
_logger = logging.getLogger(__name__)


def serve(  # noqa: PLR0913 - what it works with, by name
    settings: Settings,
    catalog: Catalog,
    store: ArtifactStore,
    log: PredictionLog,
    *,
    clock: Clock,
    ids: IdSource,
    host: str,
    port: int,
    accept_client_time: bool = False,
    allow_remote: bool = False,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Answers requests until SIGTERM or SIGINT, then finishes what it began and returns.

    Parameters
    ----------
    settings : Settings
        ``project.name`` is the deployment that is followed; ``serving`` has the limits.
    catalog : Catalog
    store : ArtifactStore
        Where model versions are loaded from, each verified first.
    log : PredictionLog
        Not closed here.
    clock : Clock
    ids : IdSource
        Makes the prediction ids.
    host, port : str, int
        Where to listen; port 0 picks a free one.
    accept_client_time : bool
        Lets ``X-Mooring-Time`` set the instant of a record, for replays of history.
    allow_remote : bool
        Lets other machines ask: there is no authentication (SEC-24).
    ready : callable, optional
        Called with the URL once the server listens and has had its first look at the catalog.

    Raises
    ------
    UsageError
        When the address cannot be listened at, or is not of this machine only.
    """
    hosts = _hosts(host, allow_remote=allow_remote)
    metrics, limits, name = Metrics(), settings.serving, settings.project.name
    kept = BufferedLog(log.append, metrics) if limits.log == "buffered" else None
    batcher = Batcher((kept or log).append, metrics, max_rows=limits.max_rows)
    following = Following(
        *(catalog, name, loader(store), metrics, clock),
        memory=FileMemory(settings.state / "predictions" / "served.json"),
        record_expiry=lambda: record_expiry(catalog, name, clock(), ids),
    )
    server = Server(
        name=name,
        service=_service(limits, following, batcher, clock, ids),
        metrics=metrics,
        max_body=limits.max_body,
        accept_client_time=accept_client_time,
        hosts=hosts,
    )
    with _listen(host, port) as listening, contextlib.ExitStack() as closing:
        if kept is not None:
            kept.start()
            closing.callback(kept.close)
        batcher.start()
        closing.callback(batcher.close)
        closing.callback(following.close)
        told = partial(ready, _url(host, listening)) if ready is not None else None
        _until_stopped(_run(server, listening, limits.poll_seconds, told))


def _service(
    limits: Serving, following: Following, batcher: Batcher, clock: Clock, ids: IdSource
) -> Service:
    kept = Kept(limits.log_keys, limits.features_at)
    return Service(following, batcher, clock, ids, limits.key, limits.max_rows, kept)


def loader(store: ArtifactStore) -> Load:
    """How model versions are loaded from an artifact store: verified, golden rows checked (P8)."""

    def load(digest: str) -> Loaded:
        version = load_version(store, digest)
        trained = dict(golden_rows(version.parts).schema)
        fields = fields_of(from_bytes(version.contract_bytes), trained)
        manifest, domain = version.manifest, _domain(version.parts, fields)
        for text, why in domain.unasked.items():
            _logger.info("requests are not held against %s: %s", text, why)
        return Loaded(version, fields, manifest.task, manifest.classes, domain)

    return load


def _domain(parts: Mapping[str, bytes], fields: Fields) -> Domain:
    written = parts.get(FILE)
    if written is None:
        return Domain()
    terms = parse_terms(written.decode()).terms
    return domain_of(terms, fields, keys.from_bytes(parts.get(keys.PART)))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host's address.

    Examples
    --------
    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hosts(host: str, *, allow_remote: bool) -> frozenset[str] | None:
    """The names that requests may call this server by; None where others may ask."""
    if is_loopback(host):
        return _LOOPBACK_NAMES | {_host_name(host)}
    if allow_remote:
        return None
    raise UsageError(
        f"{host} can be reached from other machines, and the server asks nobody who they are",
        where="serving.host",
        fix="listen at 127.0.0.1, or say --allow-remote behind something that authenticates",
    )


def _url(host: str, listening: socket.socket) -> str:
    address = f"{_host_name(host)}:{listening.getsockname()[1]}"
    return urlunsplit(("http", address, "", "", ""))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise UsageError(
            f"cannot listen at {host}:{port}: {error.strerror}",
            where="serving.host, serving.port",
            fix="stop what listens there, or choose another port: --port 0 takes a free one",
        ) from error


def _host_name(host: str) -> str:
    return f"[{host}]" if ":" in host else host.lower()


class _Uvicorn(uvicorn.Server):
    """Ends with a return, where uvicorn's own ends by raising the signal a second time."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Has SIGTERM and SIGINT end the server while it runs."""
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


async def _run(
    server: Server, listening: socket.socket, poll_seconds: float, ready: Callable[[], None] | None
) -> None:
    config = uvicorn.Config(
        make_app(server),
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    loop = asyncio.get_running_loop()
    looked = asyncio.Event()
    following = server.service.following

    def first_look() -> None:
        loop.call_soon_threadsafe(looked.set)

    following.start(poll_seconds, first_look)
    running = _Uvicorn(config)
    serving = asyncio.ensure_future(running.serve(sockets=[listening]))
    waiting = asyncio.ensure_future(looked.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        while not running.started and not serving.done():
            await asyncio.sleep(0.005)
        if running.started and ready is not None:
            ready()
    waiting.cancel()
    await serving


def _until_stopped(running: Coroutine[object, object, None]) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(running)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ModuleNotFoundError:  # there is none for Windows
        return asyncio.new_event_loop
    return uvloop.new_event_loop
