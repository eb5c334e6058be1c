"""The outbox: every alert reaches every route that takes its severity, at least once.

What is owed is read from the catalog, so a process that is killed owes the same afterwards; an
alert that was sent and not recorded is sent again, under the same id (FD-67, FD-70).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mooring.errors import DeliveryError
from mooring.lineage.catalog import queries
from mooring.lineage.values import Alert, AlertDelivery

if TYPE_CHECKING:
    from mooring.monitoring.routes import AlertRoute
    from mooring.pipeline.context import Context
    from mooring.settings.model import Alert as Declared

_log = logging.getLogger(__name__)
ATTEMPTS = 12
"""Together some seven hours: a receiver may be down for a night shift's half."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
KEPT = timedelta(days=3)
"""Alerts older than this are no news, and are not sent any more."""
_NEWEST = 200


@dataclass(frozen=True, slots=True)
class _Owed:
    alert: Alert
    route: AlertRoute


def due_again(attempts: Sequence[AlertDelivery], now: datetime) -> bool:
    """Whether an alert is owed to a route, given what was tried: once a minute, two, four …

    Examples
    --------
    >>> due_again([], datetime(2026, 1, 1))
    True
    """
    if any(attempt.delivered for attempt in attempts) or len(attempts) >= ATTEMPTS:
        return False
    if not attempts:
        return True
    pause: timedelta = min(FIRST_PAUSE * 2 ** (len(attempts) - 1), LONGEST_PAUSE)
    last: datetime = max(attempt.at for attempt in attempts)
    return now >= last + pause


def deliver_alerts(context: Context, routes: Sequence[AlertRoute]) -> tuple[AlertDelivery, ...]:
    """Attempts every delivery that is owed now, oldest alert first, and records each attempt.

    Parameters
    ----------
    context : Context
    routes : sequence of AlertRoute
        Those of the settings; a route takes the severities declared under its name.

    Returns
    -------
    tuple of AlertDelivery
        What was attempted; a receiver that refuses does not raise, and is warned of.
    """
    return tuple(_attempt(context, owed) for owed in _owed(context, routes))


def _owed(context: Context, routes: Sequence[AlertRoute]) -> list[_Owed]:
    declared: dict[str, Declared] = {one.name: one for one in context.settings.alerts}
    now = context.clock()
    found = []
    with context.catalog.read() as tx:
        alerts = [a for a in queries.alerts(tx, context.name, _NEWEST) if a.at > now - KEPT]
        for alert in reversed(alerts):
            tried = queries.deliveries(tx, alert.id)
            for route in routes:
                takes = route.name in declared and alert.severity in declared[route.name].severities
                if takes and due_again([t for t in tried if t.route == route.name], now):
                    found.append(_Owed(alert, route))
    return found


def _attempt(context: Context, owed: _Owed) -> AlertDelivery:
    delivered, detail = True, "delivered"
    try:
        owed.route.send(owed.alert)
    except DeliveryError as error:
        delivered, detail = False, error.what
        # Whoever looks must not believe that somebody was woken.
        _log.warning("alert not delivered: %s: %s", owed.alert.title, error)
    with context.catalog.write() as tx:
        tried = queries.deliveries(tx, owed.alert.id)
        number = 1 + sum(attempt.route == owed.route.name for attempt in tried)
        name = owed.route.name
        attempt = AlertDelivery(owed.alert.id, name, number, context.clock(), delivered, detail)
        tx.append(attempt)
    return attempt
