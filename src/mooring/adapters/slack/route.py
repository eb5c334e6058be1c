"""Alerts as Slack messages: ``text`` for the notification, ``blocks`` for the channel.

Follows Slack's "Sending messages using incoming webhooks" and "Formatting text": three characters
are escaped, so a column name can neither mention a channel nor link anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from mooring.errors import DeliveryError
from mooring.lineage.canonical import canonical_json
from mooring.lineage.values import Alert
from mooring.monitoring.routes import Wiring

if TYPE_CHECKING:
    from mooring.settings.model import Alert as Declared

_HEADER, _SECTION, _TEXT = 150, 3000, 4000
_SIGNS = {"page": "🔴", "notify": "🟠", "record": "⚪"}


@dataclass(frozen=True, slots=True)
class SlackRoute:
    """Posts to the webhook whose address stands in an environment variable.

    Parameters
    ----------
    name : str
    url_env : str or None
    wiring : Wiring
    """

    name: str
    url_env: str | None
    wiring: Wiring

    def send(self, alert: Alert) -> None:
        """Posts the message.

        Raises
        ------
        DeliveryError
            When it was not taken, an answer of 200 that says it failed included.
        """
        url = self.wiring.lookup(self.url_env)
        reply = self.wiring.sender.post(
            url, canonical_json(message(alert)), {"Content-Type": "application/json"}
        )
        if _says_no(reply.body):
            raise DeliveryError("the receiver answered 2xx, and that it did not take the message")


def make_route(declared: Declared, wiring: Wiring) -> SlackRoute:
    """The route of a declaration."""
    return SlackRoute(declared.name, declared.url_env, wiring)


def message(alert: Alert) -> dict[str, object]:
    """An alert as the JSON of Slack's incoming webhooks."""
    title = f"{_SIGNS[alert.severity]} {alert.title}"
    first, *rest = alert.body.splitlines() or [""]
    lines = [f"*{_escaped(first)}*", *(_escaped(line) for line in rest)]
    foot = f"{alert.severity} · {alert.rule} · {alert.at:%Y-%m-%d %H:%M} UTC · {alert.id}"
    return {
        "text": _cut(_escaped(title), _TEXT),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": _cut(title, _HEADER)}},
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": _cut("\n".join(lines), _SECTION)},
            },
            {"type": "context", "elements": [{"type": "mrkdwn", "text": _escaped(foot)}]},
        ],
    }


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _says_no(body: bytes) -> bool:
    """Whether a receiver that is only compatible reports an error under status 200 (FD-67)."""
    try:
        said = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return said.get("ok") is False or said.get("success") is False
