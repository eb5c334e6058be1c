"""One suite over every route that alerts can take, against a real receiver."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mooring.adapters.webhook.route import DELIVERY, TIMESTAMP, verify
from mooring.errors import DeliveryError
from mooring.lineage.values import Alert
from mooring.monitoring.outbound import OutboundClient
from mooring.monitoring.routes import AlertRoute, make_routes
from mooring.settings.model import Alert as Declared
from mooring.settings.model import Data, Project, Settings
from tests.contract.receiving import Receiver, receiving

pytestmark = pytest.mark.contract

NOW = datetime(2026, 3, 8, tzinfo=UTC)
SENDER = OutboundClient(wait_seconds=0.4, total_seconds=0.6)
ALERT = Alert(
    id="a1:0123456789abcdef",
    deployment="bikes",
    rule="drift",
    severity="page",
    title="bikes: drift in temp & <!channel>",
    body="Drift in temp\nwindow: 2026-03-01 to 2026-03-08\nnext: mooring monitor",
    at=NOW,
    detail={"status": "firing", "model_version": "bikes/1"},
)
DECLARED = {
    "log": Declared(name="log", kind="log"),
    "slack": Declared(name="team", kind="slack", url_env="SLACK_URL"),
    "webhook": Declared(
        name="hook",
        kind="webhook",
        url_env="HOOK_URL",
        secret_env="HOOK_KEY",  # noqa: S106 - the name of a variable
    ),
}
Make = Callable[..., AlertRoute]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Takes what is sent."""
    with receiving() as found:
        yield found


@pytest.fixture
def make(receiver: Receiver) -> Make:
    """Makes a route of a kind, its variables set."""
    variables = {"SLACK_URL": receiver.url, "HOOK_URL": receiver.url, "HOOK_KEY": "hush"}

    def route(kind: str, **changed: str) -> AlertRoute:
        settings = Settings(
            project=Project(name="bikes"),
            data=Data(source="x", target="y", task="regression"),
            alerts=(DECLARED[kind],),
            root=Path(),
        )
        environment = {name: value for name, value in {**variables, **changed}.items() if value}
        return make_routes(settings, environment, lambda: NOW, SENDER)[0]

    return route


@pytest.mark.parametrize("kind", DECLARED)
def test_a_route_carries_the_name_it_was_declared_under(kind: str, make: Make) -> None:
    assert make(kind).name == DECLARED[kind].name


@pytest.mark.parametrize("kind", DECLARED)
def test_a_route_takes_the_same_alert_twice(kind: str, make: Make) -> None:
    route = make(kind)
    route.send(ALERT)
    route.send(ALERT)


@pytest.mark.parametrize("severity", ["page", "notify", "record"])
@pytest.mark.parametrize("kind", DECLARED)
def test_a_route_takes_every_severity(kind: str, severity: str, make: Make) -> None:
    changed = {"page": ALERT, "notify": replace(ALERT, severity="notify")}
    make(kind).send(changed.get(severity, replace(ALERT, severity="record")))


SENDING = [kind for kind in DECLARED if kind != "log"]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500, 503])
@pytest.mark.parametrize("kind", SENDING)
def test_fd_67_any_answer_but_success_is_an_error(
    kind: str, status: int, make: Make, receiver: Receiver
) -> None:
    receiver.status, receiver.location = status, receiver.url
    with pytest.raises(DeliveryError, match=f"{status // 100}xx"):
        make(kind).send(ALERT)
    assert len(receiver.requests) == 1  # a redirect is not followed, nothing is retried here


@pytest.mark.parametrize("kind", SENDING)
def test_fd_67_a_receiver_that_is_silent_is_given_up_on(
    kind: str, make: Make, receiver: Receiver
) -> None:
    receiver.silent = 1.0
    with pytest.raises(DeliveryError, match="no answer in time"):
        make(kind).send(ALERT)


@pytest.mark.parametrize("kind", SENDING)
def test_a_receiver_that_is_gone_is_an_error(kind: str, make: Make) -> None:
    gone = {"SLACK_URL": "http://127.0.0.1:9/x", "HOOK_URL": "http://127.0.0.1:9/x"}
    with pytest.raises(DeliveryError, match="could not be reached"):
        make(kind, **gone).send(ALERT)


@pytest.mark.parametrize("kind", SENDING)
def test_a_missing_variable_is_named(kind: str, make: Make, receiver: Receiver) -> None:
    variable = str(DECLARED[kind].url_env)
    with pytest.raises(DeliveryError, match=variable):
        make(kind, **{variable: ""}).send(ALERT)
    assert not receiver.requests


@pytest.mark.parametrize("status", [302, 500])
@pytest.mark.parametrize("kind", SENDING)
def test_sec_26_no_error_and_no_log_holds_an_address_or_an_answer(
    kind: str, status: int, make: Make, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status, receiver.body, receiver.location = status, b"CANARY-BODY", receiver.url
    caplog.set_level(logging.DEBUG)
    with pytest.raises(DeliveryError) as caught:
        make(kind).send(ALERT)
    said = f"{caught.value} {caught.value!r} {caught.value.__cause__} {caplog.text}"
    assert "CANARY" not in said
    assert "127.0.0.1" not in said


def test_the_log_route_writes_title_and_body(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    make("log").send(replace(ALERT, title="forged\nERROR all fine"))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.name == "mooring.alerts"
    assert all(line.startswith("  ") for line in record.getMessage().splitlines()[1:])


def test_slack_gets_text_and_blocks_that_mention_nobody(make: Make, receiver: Receiver) -> None:
    make("slack").send(ALERT)
    sent = json.loads(receiver.requests[0][2])
    assert "<!channel>" not in sent["text"] + json.dumps(sent["blocks"][1:])
    assert "&lt;!channel&gt;" in sent["text"]
    assert [block["type"] for block in sent["blocks"]] == ["header", "section", "context"]


def test_a_slack_message_stays_within_its_limits(make: Make, receiver: Receiver) -> None:
    make("slack").send(replace(ALERT, title="t" * 9000, body="b" * 9000))
    blocks = json.loads(receiver.requests[0][2])["blocks"]
    assert len(blocks[0]["text"]["text"]) <= 150
    assert len(blocks[1]["text"]["text"]) <= 3000


@pytest.mark.parametrize("body", [b'{"ok": false, "error": "x"}', b'{"success": false}'])
def test_fd_67_slack_success_that_says_error_is_an_error(
    body: bytes, make: Make, receiver: Receiver
) -> None:
    receiver.body = body
    with pytest.raises(DeliveryError, match="did not take"):
        make("slack").send(ALERT)


def test_a_webhook_has_the_fields_of_alertmanager(make: Make, receiver: Receiver) -> None:
    make("webhook").send(ALERT)
    sent = json.loads(receiver.requests[0][2])
    assert sent["id"] == ALERT.id
    assert sent["labels"] == {
        "alertname": "drift",
        "severity": "page",
        "deployment": "bikes",
        "model_version": "bikes/1",
    }
    assert sent["annotations"]["summary"] == ALERT.title
    assert sent["startsAt"] == "2026-03-08T00:00:00+00:00"
    assert (sent["severity"], sent["status"]) == ("page", "firing")


def test_sec_43_a_webhook_is_signed_and_its_delivery_id_is_stable(
    make: Make, receiver: Receiver
) -> None:
    for _ in range(2):
        make("webhook").send(ALERT)
    for _, headers, body in receiver.requests:
        assert headers[DELIVERY] == ALERT.id
        signed = f"{ALERT.id}.{int(NOW.timestamp())}.".encode() + body
        digest = hmac.new(b"hush", signed, hashlib.sha256).digest()
        assert headers["X-Mooring-Signature"] == f"v1,{base64.b64encode(digest).decode()}"
        assert verify("hush", headers, body, NOW)
        assert not verify("other", headers, body, NOW)
        assert not verify("hush", headers, body + b" ", NOW)
        assert not verify("hush", {**headers, TIMESTAMP: "1"}, body, NOW)
        assert not verify("hush", headers, body, NOW + timedelta(minutes=6))


def test_sec_43_nothing_is_sent_unsigned_when_a_key_is_declared(
    make: Make, receiver: Receiver
) -> None:
    with pytest.raises(DeliveryError, match="HOOK_KEY"):
        make("webhook", HOOK_KEY="").send(ALERT)
    assert not receiver.requests
