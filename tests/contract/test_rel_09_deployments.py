"""REL-09: whatever is done to a deployment in whatever order, it says what a dictionary says."""

from __future__ import annotations

import math
from datetime import datetime

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mooring.errors import CatalogError, NoVerdict, UnknownName, UsageError
from mooring.lineage import deployments
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction, open_catalog
from mooring.lineage.catalog.queries import Traffic
from mooring.lineage.values import Outcome, Verdict
from tests.facts import AT, HOUR, NAME, Story, verdict

Weights = dict[str, float]
VERSIONS = st.integers(1, 4)


class Deployments(RuleBasedStateMachine):
    """The catalog beside a model of it in plain dictionaries."""

    def __init__(self) -> None:
        """An empty catalog in memory."""
        super().__init__()
        self.catalog = open_catalog("sqlite://")
        self.story = Story(self.catalog)
        self.made = 0
        self.passed: set[str] = set()
        self.overrides: dict[str, datetime] = {}
        self.history: list[tuple[datetime, Weights, str]] = []
        self.stack: list[str] = []

    def teardown(self) -> None:
        """Gives the memory back."""
        self.catalog.close()

    def _may_serve(self, version: str) -> bool:
        in_force = self.overrides.get(version, AT) > self.story.now
        return version in self.passed or in_force

    def _moved(self, weights: Weights, champion: str) -> None:
        self.history.append((self.story.now, weights, champion))
        self.story.later()

    def _append(self, tx: Transaction, traffic: Traffic) -> None:
        tx.append(traffic.revision, *traffic.arms)

    @rule(outcome=st.sampled_from(["pass", "fail", "not_enough_evidence", None]))
    def register(self, outcome: Outcome | None) -> None:
        """A run makes a version, judged or not yet."""
        self.made += 1
        version = self.story.made(self.made, outcome)
        if outcome == "pass":
            self.passed.add(version.id)

    @rule(number=VERSIONS)
    def judge(self, number: int) -> None:
        """A version passes later."""
        version = f"{NAME}/{number}"
        if number <= self.made:
            with self.catalog.write() as tx:
                id_ = self.story.ids(self.story.now)
                tx.append(verdict(id_, version, at=self.story.now))
            self.passed.add(version)

    @rule(number=VERSIONS, hours=st.integers(-1, 6))
    def override(self, number: int, hours: int) -> None:
        """Somebody lets a version serve for a time."""
        version, until = f"{NAME}/{number}", self.story.now + hours * HOUR
        if hours <= 0:
            with pytest.raises(UsageError):
                deployments.override(self.story.change(), version, until)
        elif number <= self.made:
            with self.catalog.write() as tx:
                tx.append(deployments.override(self.story.change(), version, until))
            self.overrides[version] = max(until, self.overrides.get(version, until))

    @rule(number=VERSIONS)
    def promote(self, number: int) -> None:
        """A version takes all of the traffic, if it may."""
        version = f"{NAME}/{number}"
        with self.catalog.write() as tx:
            if not self._may_serve(version):
                with pytest.raises(NoVerdict):
                    deployments.promote(tx, self.story.change(), version)
                return
            self._append(tx, deployments.promote(tx, self.story.change(), version))
        self._moved({version: 1.0}, version)
        if not self.stack or self.stack[-1] != version:
            self.stack.append(version)

    @rule(number=VERSIONS, share=st.sampled_from([0.05, 0.3, 0.5, 1.0]))
    def split(self, number: int, share: float) -> None:
        """A version takes a share, and the champion keeps the rest."""
        version = f"{NAME}/{number}"
        wanted = {version: share}
        if not self.history:
            with self.catalog.read() as tx, pytest.raises(UnknownName):
                deployments.split_traffic(tx, self.story.change(), wanted)
            return
        champion = self.history[-1][2]
        alone = version == champion
        weights = wanted if share == 1 or alone else {version: share, champion: 1 - share}
        with self.catalog.write() as tx:
            if alone and share < 1:
                with pytest.raises(UsageError):
                    deployments.split_traffic(tx, self.story.change(), wanted)
                return
            if not all(map(self._may_serve, weights)):
                with pytest.raises(NoVerdict):
                    deployments.split_traffic(tx, self.story.change(), wanted)
                return
            self._append(tx, deployments.split_traffic(tx, self.story.change(), wanted))
        leads = champion if champion in weights else version
        self._moved(weights, leads)
        if self.stack[-1] != leads:
            self.stack.append(leads)

    @rule()
    def roll_back(self) -> None:
        """The champion before gets all of the traffic back, if it still may."""
        with self.catalog.write() as tx:
            if len(self.stack) < 2 or not self._may_serve(self.stack[-2]):
                with pytest.raises(CatalogError):
                    deployments.roll_back(tx, self.story.change())
                return
            self._append(tx, deployments.roll_back(tx, self.story.change()))
        self.stack.pop()
        self._moved({self.stack[-1]: 1.0}, self.stack[-1])

    @rule(hours=st.integers(1, 4))
    def time_passes(self, hours: int) -> None:
        """Overrides expire."""
        self.story.later(hours)

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def ask_about_the_past(self, data: st.DataObject) -> None:
        """P1: the traffic then is still what it was."""
        index = data.draw(st.integers(0, len(self.history) - 1))
        at, weights, champion = self.history[index]
        end = self.history[index + 1][0] if index + 1 < len(self.history) else self.story.now
        with self.catalog.read() as tx:
            for instant in (at, at + (end - at) / 2):
                traffic = queries.traffic(tx, NAME, instant)
                assert traffic is not None
                assert {a.model_version: a.weight for a in traffic.arms} == pytest.approx(weights)
                assert traffic.champion.model_version == champion
            assert queries.traffic(tx, NAME, self.history[0][0] - HOUR / 9) is None

    @invariant()
    def every_arm_had_a_usable_verdict(self) -> None:
        """P2, and shares that add up to 1, for all revisions there ever were."""
        with self.catalog.read() as tx:
            found = queries.revisions(tx, NAME)
            assert [r.number for r in found] == list(range(1, len(self.history) + 1))
            for revision in found[-3:]:
                arms = queries.arms_of(tx, revision.id)
                assert math.isclose(math.fsum(a.weight for a in arms), 1.0)
                assert [a.role for a in arms].count("champion") == 1
                for arm in arms:
                    judged = queries.get(tx, Verdict, arm.verdict)
                    assert judged.model_version == arm.model_version
                    assert judged.outcome == arm.outcome
                    if judged.outcome != "pass":
                        assert judged.until is not None
                        assert judged.until > revision.at


Deployments.TestCase.settings = settings(
    settings.get_profile("fast"),
    max_examples=25,
    stateful_step_count=30,
    phases=[Phase.explicit, Phase.generate],  # shrinking thirty steps takes minutes
)
TestRel09Deployments = Deployments.TestCase
