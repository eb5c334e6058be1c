"""The one module that sends anything to another machine (SEC-40).

One POST to one address that an operator put into an environment variable: no redirects, no proxies
from the environment, a bound on time and on the bytes of the answer. The name is resolved once and
the connection goes to that very address, with the name kept for TLS, so an answer that changes in
between leads nowhere. Link-local addresses (the metadata services of clouds) are always refused;
without TLS only loopback and private networks are reached. No error names the address.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import Event, Timer
from typing import Protocol

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import parse_url

from mooring.errors import DeliveryError

Resolve = Callable[[str, int], list[str]]
_SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered: its status, and the first bytes of the body."""

    status: int
    body: bytes


class Sender(Protocol):
    """What a route needs of the network."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Sends a body and returns the answer, of a status from 200 to 299.

        Raises
        ------
        DeliveryError
            When it was not taken: the class of the status, or why there was none.
        """
        ...


class _TooLate(OSError):
    """The exchange took longer than it may."""


def addresses(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


@dataclass(frozen=True, slots=True)
class OutboundClient:
    """Sends over HTTPS, and over HTTP within private networks.

    Parameters
    ----------
    wait_seconds : float
        For the connection, and for the next bytes.
    total_seconds : float
        For all of the exchange, however slowly it drips.
    max_bytes : int
        Of the answer's body; the rest is not read.
    resolve : callable of (host, port) to addresses
    """

    wait_seconds: float = 10.0
    total_seconds: float = 15.0
    max_bytes: int = 4096
    resolve: Resolve = addresses

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Sends a body once.

        Raises
        ------
        DeliveryError
            When the address cannot be used, nobody answers in time, or the status is not 2xx.
        """
        target = _target(url)
        try:
            address = _vetted(self.resolve(target.host, target.port), encrypted=target.encrypted)
            reply = self._send(target, address, body, headers)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            raise DeliveryError(
                f"the receiver could not be reached: {_kind(error)}",
                fix="check the address, and the network between here and there",
            ) from None  # the cause may name the address
        if reply.status not in _SUCCESS:
            raise DeliveryError(f"the receiver answered {reply.status // 100}xx")
        return reply

    def _send(
        self, target: _Target, address: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        connection = self._connection(target, address)
        late = Event()
        try:
            connection.connect()
            timer = Timer(self.total_seconds, _cut, [connection.sock, late])
            timer.daemon = True
            timer.start()
            try:
                reply = self._exchange(connection, target, body, headers)
                if late.is_set():  # a body that was cut off ends like a whole one
                    raise _TooLate
                return reply
            except (HTTPError, HTTPException, OSError):
                if late.is_set():
                    raise _TooLate from None
                raise
            finally:
                timer.cancel()
        finally:
            connection.close()

    def _exchange(
        self,
        connection: HTTPConnection,
        target: _Target,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Reply:
        connection.request(
            "POST",
            target.path,
            body=body,
            headers={**headers, "Host": target.authority, "User-Agent": "mooring"},
            preload_content=False,
            decode_content=False,
            enforce_content_length=False,
        )
        response = connection.getresponse()
        return Reply(response.status, response.read(self.max_bytes, decode_content=False))

    def _connection(self, target: _Target, address: str) -> HTTPConnection:
        if not target.encrypted:
            return HTTPConnection(address, target.port, timeout=self.wait_seconds)
        return HTTPSConnection(
            address,
            target.port,
            timeout=self.wait_seconds,
            server_hostname=target.host,
            assert_hostname=target.host,
        )


@dataclass(frozen=True, slots=True)
class _Target:
    encrypted: bool
    host: str
    port: int
    path: str
    authority: str


def _target(url: str) -> _Target:
    fix = "put an address that begins with https into the route's variable"
    try:
        parsed = parse_url(url.strip())
    except LocationParseError:
        raise DeliveryError("the route's address is not an address", fix=fix) from None
    if parsed.scheme not in {"https", "http"} or not parsed.host or parsed.auth:
        raise DeliveryError("the route's address cannot be used", fix=fix)
    encrypted = parsed.scheme == "https"
    return _Target(
        encrypted=encrypted,
        host=parsed.host.strip("[]"),
        port=parsed.port or (443 if encrypted else 80),
        path=parsed.request_uri,
        authority=parsed.netloc or parsed.host,
    )


def _vetted(found: list[str], *, encrypted: bool) -> str:
    """The first address, if all of them may be reached."""
    if not found:
        raise DeliveryError("the receiver's name has no address")
    for text in found:
        address = _plain(text)
        if (
            address.is_link_local
            or address.is_unspecified
            or address.is_multicast
            or address.is_reserved
        ):
            raise DeliveryError("the receiver's name leads to an address that is never sent to")
        if not encrypted and address.is_global:
            raise DeliveryError(
                "an alert is not sent beyond private networks without TLS",
                fix="use an address that begins with https",
            )
    return found[0]


def _plain(text: str) -> IPv4Address | IPv6Address:
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _cut(opened: socket.socket, late: Event) -> None:
    """Ends an exchange that takes too long, whatever its other end does."""
    late.set()
    with contextlib.suppress(OSError):  # swallow: closed in the meantime, as was wanted
        # Not SSLSocket's own: it drops its state while the other thread reads.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)


def _kind(error: Exception) -> str:
    """What went wrong, without what it went wrong with."""
    if isinstance(error, TimeoutError | _TooLate) or "Timeout" in type(error).__name__:
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return "its certificate was not accepted, or TLS failed"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    return type(error).__name__
