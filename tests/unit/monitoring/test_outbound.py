"""The one client that sends: where it goes, how long it waits, what it gives away."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from mooring.errors import DeliveryError
from mooring.monitoring.outbound import OutboundClient
from tests.contract.receiving import Receiver, receiving

QUICK = OutboundClient(wait_seconds=0.5, total_seconds=0.6)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Takes what is sent."""
    with receiving() as found:
        yield found


def test_it_posts_once_to_the_path_with_its_headers(receiver: Receiver) -> None:
    reply = QUICK.post(f"{receiver.url}?a=1", b"hello", {"X-Test": "yes"})
    ((path, headers, body),) = receiver.requests
    assert (reply.status, reply.body) == (200, b"ok")
    assert path == "/services/CANARY-SECRET?a=1"
    assert headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert headers["X-Test"] == "yes"
    assert body == b"hello"


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "::ffff:169.254.169.254", "fe80::1%eth0", "fe80::1"),
        *("0.0.0.0", "::", "224.0.0.1", "240.0.0.1"),  # noqa: S104 - refused
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_sec_40_some_addresses_are_never_sent_to(scheme: str, address: str) -> None:
    client = OutboundClient(resolve=lambda _host, _port: ["10.0.0.1", address])
    with pytest.raises(DeliveryError, match="never sent to"):
        client.post(f"{scheme}://metadata.example/", b"", {})


def test_sec_40_numbers_in_disguise_are_resolved_before_they_are_judged() -> None:
    for host in ("2852039166", "0xa9fea9fe", "0251.0376.0251.0376"):
        with pytest.raises(DeliveryError):
            QUICK.post(f"http://{host}/latest/meta-data", b"", {})


def test_without_tls_an_alert_stays_within_private_networks() -> None:
    client = OutboundClient(resolve=lambda _host, _port: ["93.184.216.34"])
    with pytest.raises(DeliveryError, match="without TLS"):
        client.post("http://hooks.example/x", b"", {})


def test_sec_41_the_name_is_resolved_once(receiver: Receiver) -> None:
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    client = OutboundClient(resolve=rebinding)
    client.post(f"http://rebind.example:{receiver.port}/x", b"", {})
    assert asked == ["rebind.example"]
    assert receiver.requests[0][1]["Host"] == f"rebind.example:{receiver.port}"


def test_sec_41_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with receiving() as other:
        receiver.status, receiver.location = 302, other.url
        with pytest.raises(DeliveryError, match="3xx"):
            QUICK.post(receiver.url, b"", {})
        assert not other.requests


def test_sec_41_a_body_that_drips_is_cut_off(receiver: Receiver) -> None:
    receiver.dripping = 5.0
    start = time.monotonic()
    with pytest.raises(DeliveryError, match="no answer in time"):
        QUICK.post(receiver.url, b"", {})
    assert time.monotonic() - start < 2


def test_sec_41_only_the_first_bytes_of_a_body_are_read(receiver: Receiver) -> None:
    receiver.body = b"x" * 5_000_000
    assert len(OutboundClient(max_bytes=100).post(receiver.url, b"", {}).body) == 100


def test_proxies_of_the_environment_are_ignored(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    QUICK.post(receiver.url, b"", {})
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "url",
    ["", "hooks.example/x", "file:///etc/passwd", "ftp://x/y", "http://user:word@h/", "http://"],
)
def test_what_is_not_an_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        QUICK.post(url, b"", {})
    assert not url or url not in str(caught.value)


def test_tls_is_verified(receiver: Receiver) -> None:
    with pytest.raises(DeliveryError, match="could not be reached"):
        QUICK.post(receiver.url.replace("http:", "https:"), b"", {})
    assert not receiver.requests
