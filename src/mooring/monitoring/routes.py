"""Where alerts go: the port, the route into the log, and the routes that the settings declare."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mooring.clock import Clock
from mooring.errors import DeliveryError
from mooring.lineage.values import Alert
from mooring.profiling.words import short

if TYPE_CHECKING:
    from mooring.monitoring.outbound import Sender
    from mooring.settings import Settings
    from mooring.settings.model import Alert as Declared

logger = logging.getLogger("mooring.alerts")
_LEVELS = {"page": logging.ERROR, "notify": logging.WARNING, "record": logging.INFO}
_ADAPTERS = {"slack": "mooring.adapters.slack.route", "webhook": "mooring.adapters.webhook.route"}
"""The module of each kind, imported when a route of that kind is used; each has ``make_route``."""
_LINE = 500


class AlertRoute(Protocol):
    """A receiver of alerts."""

    @property
    def name(self) -> str:
        """The route's name in the settings."""
        ...

    def send(self, alert: Alert) -> None:
        """Hands an alert over; returns when the receiver has taken it.

        Called again with the same alert when it is not known whether the receiver did.

        Raises
        ------
        DeliveryError
            When it was not taken. The message holds no address, no secret and no answer's body.
        """
        ...


@dataclass(frozen=True, slots=True)
class LogRoute:
    """Writes alerts to the Python logger ``mooring.alerts``: error, warning and info."""

    name: str

    def send(self, alert: Alert) -> None:
        """Writes title and body; lines that are not ours cannot be forged in it."""
        lines = [short(line, _LINE) for line in alert.body.splitlines()]
        text = "\n  ".join([f"{alert.severity}: {short(alert.title, _LINE)}", *lines])
        logger.log(_LEVELS[alert.severity], "%s", text)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a route that sends needs; ``lookup`` raises DeliveryError for a missing variable."""

    lookup: Callable[[str | None], str]
    sender: Sender
    clock: Clock


def make_routes(
    settings: Settings,
    environment: Mapping[str, str],
    clock: Clock,
    sender: Sender | None = None,
) -> tuple[AlertRoute, ...]:
    """The routes that ``[[alerts]]`` declares, in that order.

    A variable that is missing is found out when an alert is sent, and recorded: the alert is kept.

    Parameters
    ----------
    settings : Settings
    environment : mapping of str to str
        Holds the addresses and secrets that the settings only name.
    clock : Clock
        Of the timestamps that are signed.
    sender : Sender, optional
        The network; an ``OutboundClient`` when absent.
    """
    return tuple(_make(declared, environment, clock, sender) for declared in settings.alerts)


def _make(
    declared: Declared, environment: Mapping[str, str], clock: Clock, sender: Sender | None
) -> AlertRoute:
    if declared.kind == "log":
        return LogRoute(declared.name)
    if sender is None:
        from mooring.monitoring.outbound import OutboundClient

        sender = OutboundClient()

    def lookup(variable: str | None) -> str:
        found = environment.get(variable or "", "").strip()
        if not found:
            raise DeliveryError(
                f"route {declared.name!r}: the environment variable {variable} is not set",
                where="mooring.toml, [[alerts]]",
                fix=f"export {variable}=… where mooring runs",
            )
        return found

    module = importlib.import_module(_ADAPTERS[declared.kind])
    route: AlertRoute = module.make_route(declared, Wiring(lookup, sender, clock))
    return route
