from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from mooring.lineage.overrides import Override
from mooring.serving.app import make_app
from mooring.serving.versions import ServedArm, ServedVersion, Split
from tests.unit.serving.support import NAME, NOW, Running, ask, post, running, version

ROUTES = {
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/ping"),
    ("GET", "/health"),
    ("GET", "/version"),
    ("POST", "/invocations"),
    ("GET", "/v2"),
    ("GET", "/v2/health/live"),
    ("GET", "/v2/health/ready"),
    ("GET", "/v2/models/{model}"),
    ("GET", "/v2/models/{model}/ready"),
    ("POST", "/v2/models/{model}/infer"),
    ("GET", "/v2/models/{model}/versions/{version}"),
    ("GET", "/v2/models/{model}/versions/{version}/ready"),
    ("POST", "/v2/models/{model}/versions/{version}/infer"),
}


def from_host(server: Running, host: str, **headers: str) -> httpx.Response:
    async def once() -> httpx.Response:
        async with server.client() as client:
            return await client.get("/livez", headers={"host": host, **headers})

    return asyncio.run(once())


def test_sec_20_the_routes_are_these_and_no_others() -> None:
    with running((version(2), 1.0)) as server:
        found = {
            (method, route.path)  # type: ignore[attr-defined]
            for route in make_app(server.server).routes
            for method in route.methods  # type: ignore[attr-defined]
        }
        assert found - {("HEAD", path) for _, path in ROUTES} == ROUTES


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("evil.example:8000", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost@evil.example", 421),
        ("", 421),
    ],
)
def test_sec_30_a_loopback_server_answers_only_to_its_own_names(host: str, status: int) -> None:
    with running((version(2), 1.0)) as server:
        assert from_host(server, host).status_code == status


def test_sec_31_a_page_of_another_origin_is_refused() -> None:
    with running((version(2), 1.0)) as server:
        own = {"origin": "http://localhost:3000"}
        assert from_host(server, "localhost", **own).status_code == 200
        other = {"origin": "https://evil.example"}
        assert from_host(server, "localhost", **other).status_code == 421
        assert from_host(server, "localhost", origin="null").status_code == 421


def test_sec_30_unknown_hosts_are_refused_on_every_path() -> None:
    with running((version(2), 1.0)) as server:
        for path in ("/nowhere", "/metrics", "/v2/models/bikes"):
            answer = ask(server, "GET", path, headers={"host": "evil.example"})
            assert answer.status_code == 421


def test_unknown_routes_and_methods_are_json() -> None:
    with running((version(2), 1.0)) as server:
        missing = ask(server, "GET", "/nowhere")
        assert (missing.status_code, missing.json()["error"]) == (404, "there is no such route")
        wrong = ask(server, "GET", "/invocations")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
        assert "error" in wrong.json()


def test_an_accident_is_an_incident_without_details(caplog: pytest.LogCaptureFixture) -> None:
    with running((version(2), 1.0)) as server:
        object.__setattr__(server.server.service, "max_rows", "not a number")
        answer = post(server, {"inputs": {"temp": [1]}})
        assert answer.status_code == 500
        assert answer.json().keys() == {"error", "incident"}
        assert "TypeError" not in answer.text
        assert answer.json()["incident"] in caplog.text
        assert "TypeError" in caplog.text


def test_readyz_says_who_serves_and_shows_an_override() -> None:
    with running((version(2), 1.0)) as server:
        following = server.server.service.following
        allowed = Override("ana", "the launch", NOW - timedelta(hours=1))
        served = replace(version(2), override=allowed)
        following.split = Split(NAME, 4, (ServedArm(served, 1.0),))
        content = ask(server, "GET", "/readyz").json()
        assert content == {
            "ready": True,
            "deployment": "bikes",
            "revision": 4,
            "arms": [
                {
                    "model_version": "bikes/2",
                    "weight": 1.0,
                    "override": {
                        "by": "ana",
                        "because": "the launch",
                        "until": "2026-03-01T11:00:00Z",
                        "expired": True,
                    },
                }
            ],
        }


def overridden(by: str = "ana") -> ServedVersion:
    """A version that serves by an override."""
    return replace(version(7), override=Override(by, "the launch", NOW + timedelta(hours=1)))


def test_an_answer_by_override_says_by_whom_why_and_until_when() -> None:
    with running((overridden("Zoë"), 1.0)) as server:
        answer = post(server, {"dataframe_records": [{"temp": 1.0}]})
        shown = "bikes/7; by=Zo%C3%AB; until=2026-03-01T13:00:00+00:00"
        assert answer.headers["X-Mooring-Override"] == shown
        assert answer.json()["overrides"] == {
            "bikes/7": {"by": "Zoë", "because": "the launch", "until": "2026-03-01T13:00:00Z"}
        }
        asked = {"inputs": [{"name": "temp", "shape": [1], "datatype": "FP64", "data": [1.0]}]}
        answer = ask(server, "POST", "/v2/models/bikes/infer", json=asked)
        assert answer.headers["X-Mooring-Override"] == shown
        assert answer.json()["parameters"] == {
            "override": "bikes/7: override by Zoë until 2026-03-01 13:00 UTC: the launch"
        }
        answer = ask(server, "GET", "/version")
        assert answer.headers["X-Mooring-Model-Version"] == "bikes/7"
        assert answer.headers["X-Mooring-Override"] == shown


def test_a_version_that_passed_says_nothing_of_overrides() -> None:
    with running((version(2), 1.0)) as server:
        answer = post(server, {"dataframe_records": [{"temp": 1.0}]})
        assert "X-Mooring-Override" not in answer.headers
        assert "overrides" not in answer.json()
        assert "X-Mooring-Override" not in ask(server, "GET", "/version").headers
    with running() as server:
        assert "X-Mooring-Model-Version" not in ask(server, "GET", "/version").headers


def test_readyz_says_why_it_is_not_ready() -> None:
    with running() as server:
        answer = ask(server, "GET", "/readyz")
        assert answer.status_code == 503
        assert answer.json()["detail"] == "no model version has traffic yet: mooring run"
        assert ask(server, "GET", "/livez").status_code == 200


def test_the_server_is_not_live_once_nobody_answers() -> None:
    with running((version(2), 1.0)) as server:
        server.server.service.batcher.close()
        assert ask(server, "GET", "/livez").status_code == 503


def test_fd_62_metrics_count_what_was_asked_and_answered() -> None:
    with running((version(2), 1.0)) as server:
        post(server, {"inputs": {"temp": [1, 2, 3]}})
        post(server, {"inputs": {"temp": ["warm"]}})
        ask(server, "GET", "/no/such/path")
        text = ask(server, "GET", "/metrics").text
        assert 'mooring_requests_total{route="/invocations",status="200"} 1.0' in text
        assert 'mooring_requests_total{route="/invocations",status="400"} 1.0' in text
        assert 'mooring_requests_total{route="other",status="404"} 1.0' in text
        assert 'mooring_predicted_rows_total{model_version="bikes/2"} 3.0' in text


def test_sec_60_a_stream_without_a_length_is_cut_at_the_limit() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 10_000
            yield b" " * 10_000

    async def once(server: Running) -> httpx.Response:
        async with server.client() as client:
            headers = {"content-type": "application/json"}
            return await client.post("/invocations", content=endless(), headers=headers)

    with running((version(2), 1.0), max_body=50_000) as server:
        assert asyncio.run(once(server)).status_code == 413
        assert sent <= 70_000
