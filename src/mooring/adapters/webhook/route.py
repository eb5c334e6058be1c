"""Alerts as JSON in the words of Alertmanager, signed with HMAC-SHA256 (SEC-43).

Headers of every request:

- ``X-Mooring-Delivery``: the alert's id, the same however often it is sent;
- ``X-Mooring-Timestamp``: seconds since 1970 when it was sent;
- ``X-Mooring-Signature``: ``v1,`` and the base64 of the HMAC-SHA256 over
  ``<delivery>.<timestamp>.<body>``, when the route has a ``secret_env``.

A receiver recomputes the signature over the body's very bytes, refuses timestamps more than a few
minutes from its own clock, and drops a delivery id it has seen. :func:`verify` is that receiver.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mooring.lineage.canonical import canonical_json
from mooring.lineage.values import Alert
from mooring.monitoring.routes import Wiring

if TYPE_CHECKING:
    from mooring.settings.model import Alert as Declared

DELIVERY, TIMESTAMP = "X-Mooring-Delivery", "X-Mooring-Timestamp"
SIGNATURE = "X-Mooring-Signature"
REPLAY_WINDOW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class WebhookRoute:
    """Posts to the address that stands in an environment variable.

    Parameters
    ----------
    name : str
    url_env, secret_env : str or None
        A ``secret_env`` whose variable is missing is an error: nothing is sent unsigned.
    wiring : Wiring
    """

    name: str
    url_env: str | None
    secret_env: str | None
    wiring: Wiring

    def send(self, alert: Alert) -> None:
        """Posts the alert; errors as for ``AlertRoute.send``."""
        url = self.wiring.lookup(self.url_env)
        body = canonical_json(payload(alert))
        timestamp = str(int(self.wiring.clock().timestamp()))
        headers = {
            "Content-Type": "application/json",
            DELIVERY: alert.id,
            TIMESTAMP: timestamp,
        }
        if self.secret_env is not None:
            secret = self.wiring.lookup(self.secret_env)
            headers[SIGNATURE] = sign(secret, alert.id, timestamp, body)
        self.wiring.sender.post(url, body, headers)


def make_route(declared: Declared, wiring: Wiring) -> WebhookRoute:
    """The route of a declaration."""
    return WebhookRoute(declared.name, declared.url_env, declared.secret_env, wiring)


def payload(alert: Alert) -> dict[str, object]:
    """An alert with the fields of an Alertmanager alert, its id and its detail."""
    return {
        "id": alert.id,
        "status": alert.detail.get("status", "firing"),
        "severity": alert.severity,
        "labels": {
            "alertname": alert.rule,
            "severity": alert.severity,
            "deployment": alert.deployment,
            "model_version": alert.detail.get("model_version", ""),
        },
        "annotations": {"summary": alert.title, "description": alert.body},
        "startsAt": alert.at.isoformat(),
        "detail": alert.detail,
    }


def sign(secret: str, delivery: str, timestamp: str, body: bytes) -> str:
    """The signature of a delivery: version, comma, base64 of the HMAC."""
    signed = f"{delivery}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether a delivery is ours, unchanged and fresh: what a receiver should do."""
    delivery, timestamp = headers.get(DELIVERY, ""), headers.get(TIMESTAMP, "")
    expected = sign(secret, delivery, timestamp, body)
    if not hmac.compare_digest(expected.encode(), headers.get(SIGNATURE, "").encode()):
        return False
    return abs(now.timestamp() - int(timestamp)) <= REPLAY_WINDOW.total_seconds()
