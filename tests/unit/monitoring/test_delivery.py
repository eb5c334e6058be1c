"""The outbox: what is owed is attempted, recorded, and attempted again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from mooring.errors import CatalogError, DeliveryError
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.values import Alert, AlertDelivery, Fact
from mooring.monitoring.delivery import ATTEMPTS, FIRST_PAUSE, KEPT, LONGEST_PAUSE, deliver_alerts
from mooring.monitoring.routes import make_routes
from tests.unit.monitoring.conftest import DEPLOYED, Living, living

TOML = """
[project]
name = "bikes"
[data]
source = "x"
target = "y"
task = "regression"
[[alerts]]
name = "pager"
kind = "webhook"
url_env = "PAGER_URL"
severities = ["page"]
[[alerts]]
name = "team"
kind = "slack"
url_env = "TEAM_URL"
"""


@dataclass
class Route:
    """A receiver that can be down."""

    name: str
    down: bool = False
    taken: list[str] = field(default_factory=list)

    def send(self, alert: Alert) -> None:
        """Takes it, or not."""
        if self.down:
            raise DeliveryError("the receiver answered 5xx")
        self.taken.append(alert.id)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Living]:
    """A project without a model, that declares two routes."""
    (tmp_path / "mooring.toml").write_text(TOML)
    with living(tmp_path, [DEPLOYED], 1) as opened:
        yield opened


ALERT = Alert("a1:1", "bikes", "drift", "page", "title", "body", DEPLOYED)


def record(project: Living, *alerts: Alert) -> None:
    with project.context.catalog.write() as tx:
        tx.append(*alerts)


def attempts(project: Living, alert: str = ALERT.id) -> list[AlertDelivery]:
    with project.context.catalog.read() as tx:
        return list(queries.deliveries(tx, alert))


def test_an_alert_goes_to_every_route_that_takes_its_severity(project: Living) -> None:
    pager, team = Route("pager"), Route("team")
    notice = replace(ALERT, id="a1:2", severity="notify")
    record(project, ALERT, notice, replace(ALERT, id="a1:3", severity="record"))
    deliver_alerts(project.context, [pager, team])
    assert pager.taken == [ALERT.id]
    assert sorted(team.taken) == [ALERT.id, notice.id]


def test_an_alert_that_nobody_got_is_warned_of(
    project: Living, caplog: pytest.LogCaptureFixture
) -> None:
    record(project, ALERT)
    deliver_alerts(
        project.context, make_routes(project.context.settings, {}, project.context.clock)
    )
    assert "alert not delivered: title" in caplog.text
    assert "PAGER_URL is not set" in caplog.text
    assert "export PAGER_URL=" in caplog.text


def test_what_was_delivered_is_not_sent_again(project: Living) -> None:
    route = Route("pager")
    record(project, ALERT)
    deliver_alerts(project.context, [route])
    project.sleep(timedelta(hours=2))
    assert not deliver_alerts(project.context, [route])
    assert route.taken == [ALERT.id]


def test_fd_67_a_receiver_that_is_down_for_three_hours_gets_its_alert(project: Living) -> None:
    route = Route("pager", down=True)
    record(project, ALERT)
    minutes = 0
    while minutes < 180:
        deliver_alerts(project.context, [route])
        project.sleep(timedelta(minutes=1))
        minutes += 1
    route.down = False
    project.sleep(LONGEST_PAUSE)
    deliver_alerts(project.context, [route])
    assert route.taken == [ALERT.id]
    tried = attempts(project)
    assert [attempt.delivered for attempt in tried] == [*[False] * (len(tried) - 1), True]
    assert len(tried) <= ATTEMPTS
    assert tried[1].at - tried[0].at == FIRST_PAUSE
    assert tried[3].at - tried[2].at == 4 * FIRST_PAUSE


def test_fd_67_attempts_are_bounded(project: Living) -> None:
    record(project, ALERT)
    for _ in range(40):
        deliver_alerts(project.context, [Route("pager", down=True)])
        project.sleep(LONGEST_PAUSE)
    assert len(attempts(project)) == ATTEMPTS


def test_fd_67_alerts_arrive_in_their_order(project: Living) -> None:
    later = replace(ALERT, id="a1:0", at=DEPLOYED + timedelta(hours=1))
    project.sleep(timedelta(hours=1))
    record(project, later, ALERT)
    route = Route("pager")
    deliver_alerts(project.context, [route])
    assert route.taken == [ALERT.id, later.id]


def test_one_route_that_is_down_does_not_hold_up_another(project: Living) -> None:
    record(project, ALERT)
    team = Route("team")
    deliver_alerts(project.context, [Route("pager", down=True), team])
    assert team.taken == [ALERT.id]


def test_a_missing_variable_is_recorded_and_the_alert_is_kept(project: Living) -> None:
    record(project, ALERT)
    routes = make_routes(project.context.settings, {}, project.context.clock)
    found = deliver_alerts(project.context, routes)
    assert [attempt.delivered for attempt in found] == [False, False]
    assert "PAGER_URL is not set" in found[0].detail
    assert [alert.id for alert in project.alerts()] == [ALERT.id]


def test_fd_70_killed_between_sending_and_recording_it_is_sent_again(
    project: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(project, ALERT)
    route = Route("pager")

    def killed(_self: Transaction, *_facts: Fact) -> None:
        raise CatalogError("killed here")

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "append", killed)
        with pytest.raises(CatalogError):
            deliver_alerts(project.context, [route])
    deliver_alerts(project.context, [route])
    assert route.taken == [ALERT.id, ALERT.id]


def test_old_news_is_not_sent(project: Living) -> None:
    record(project, ALERT)
    project.sleep(KEPT)
    assert not deliver_alerts(project.context, [Route("pager")])


def test_a_route_that_is_not_declared_gets_nothing(project: Living) -> None:
    record(project, ALERT)
    stranger = Route("stranger")
    deliver_alerts(project.context, [stranger])
    assert not stranger.taken
