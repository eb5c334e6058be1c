"""The policy: one ruling, and what holds it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.retraining.evidence import Evidence, PastRun
from mooring.retraining.policy import Ruling, rule
from mooring.retraining.triggers import Reading
from mooring.settings.model import Policy

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIRES = Reading("drifted", True, "temp moved", "2026-03-15")
ENDS = st.sampled_from(["succeeded", "rejected", "failed", "crashed", "started"])


def evidence(*runs: tuple[float, str]) -> Evidence:
    """Evidence with runs so many days ago that ended so, the newest first."""
    return Evidence(NOW, None, tuple(PastRun(NOW - d * DAY, ended, None) for d, ended in runs), ())


def ruled(policy: Policy, *runs: tuple[float, str]) -> Ruling:
    """The ruling when one trigger fires."""
    found = rule([FIRES], evidence(*runs), policy)
    assert found is not None
    return found


POLICY = Policy(cooldown="2d", budget_per_month=4, back_off=2.0)


@pytest.mark.parametrize("fires", [False, None])
def test_nothing_is_ruled_when_nothing_fires(fires: bool | None) -> None:
    quiet = Reading("a", fires, "", "k")
    assert rule([quiet, quiet], evidence(), POLICY) is None
    assert rule([], evidence(), POLICY) is None


def test_fd_40_fifty_alarms_a_schedule_and_a_hand_are_one_ruling() -> None:
    storm = [Reading(f"t{n}", n != 7, "so", f"k{n}") for n in range(52)]
    found = rule(storm, evidence(), POLICY)
    assert found is not None
    assert (found.action, found.cause, found.window_key) == ("retrain", "t0", "k0")
    assert len(found.coalesced) == 50
    assert "t7: so" not in found.coalesced


@pytest.mark.parametrize(
    ("days_ago", "action"), [(1.9, "wait"), (2, "retrain"), (30, "retrain"), (-400, "wait")]
)
def test_a_run_is_followed_by_a_cooldown(days_ago: float, action: str) -> None:
    assert ruled(POLICY, (days_ago, "succeeded")).action == action


def test_a_ruling_says_what_fired_and_what_held_it_back() -> None:
    found = ruled(POLICY, (1, "succeeded"))
    assert found.because == "temp moved; cooling down until 2026-03-16 12:00"
    assert (found.cause, found.window_key) == ("drifted", "2026-03-15")


@pytest.mark.parametrize(("rejected", "days"), [(0, 2), (1, 4), (2, 8), (3, 16), (4, 16), (9, 16)])
def test_a_rejected_candidate_makes_the_next_wait_longer(rejected: int, days: int) -> None:
    newest = "succeeded" if rejected == 0 else "rejected"
    older = [(60.0 + n, "rejected") for n in range(rejected - 1)]
    for days_ago, held in ((days - 0.1, True), (days, False)):
        found = ruled(POLICY, (days_ago, newest), *older, (90, "succeeded"), (91, "rejected"))
        assert (found.action != "retrain") == held


def test_the_schedule_is_the_floor_that_rejections_do_not_lift() -> None:
    due = Reading("weekly", True, "it was due", "2026-03-08", floor=True)
    runs = evidence(*((2.0 + 40 * n, "rejected") for n in range(4)))
    found = rule([FIRES, due], runs, POLICY)
    assert found is not None
    assert (found.action, found.cause) == ("retrain", "weekly")
    assert found.coalesced == ("drifted: temp moved",)
    early = rule([FIRES, due], evidence((1.9, "rejected")), POLICY)
    assert early is not None
    assert early.action == "wait", "the cooldown itself holds for it too"


def test_after_three_rejections_a_person_is_asked() -> None:
    for count, action in ((1, "wait"), (2, "wait"), (3, "ask"), (4, "ask")):
        runs = [(1.0 + n * 40, "rejected") for n in range(count)]
        found = ruled(POLICY, *runs)
        assert found.action == action
    assert "rejected the last 4 candidates: a person must look" in found.because
    assert "not again before 2026-03-30" in found.because


def test_failures_and_crashes_are_not_rejections() -> None:
    policy = Policy(cooldown="2d", budget_per_month=99)
    found = ruled(policy, (3, "failed"), (4, "rejected"), (5, "rejected"), (6, "rejected"))
    assert found.action == "retrain"


def test_a_months_budget_is_counted_in_its_own_month() -> None:
    this_month = [(3.0 + n, "succeeded") for n in range(4)]
    assert ruled(POLICY, *this_month[:3], (20, "succeeded")).action == "retrain"
    found = ruled(POLICY, *this_month, (20, "succeeded"))
    assert found.action == "wait"
    assert "this month's budget of 4 runs is spent" in found.because
    years = [(365.0 * n, "succeeded") for n in range(1, 9)]
    assert ruled(POLICY, *years).action == "retrain", "another year's March is another month"


def test_a_budget_of_nothing_never_retrains_not_even_first() -> None:
    assert ruled(Policy(budget_per_month=0)).action == "wait"
    assert ruled(POLICY).action == "retrain"


@given(st.floats(1, 1e300), st.integers(0, 200), st.floats(0, 100))
def test_no_back_off_waits_longer_than_eight_cooldowns(
    back_off: float, rejected: int, days_ago: float
) -> None:
    policy = Policy(cooldown="2d", budget_per_month=10_000, back_off=back_off)
    found = ruled(policy, *((days_ago, "rejected") for _ in range(rejected)))
    if days_ago >= 16 or not rejected:
        assert found.action == "retrain"


@given(st.lists(st.tuples(st.floats(-30, 90), ENDS)), st.integers(0, 9), st.booleans())
def test_p7_whatever_has_happened_the_budget_holds(
    runs: list[tuple[float, str]], budget: int, hasty: bool
) -> None:
    policy = Policy(cooldown="0s" if hasty else "1d", budget_per_month=budget)
    found = ruled(policy, *sorted(runs))
    in_march = sum((NOW - days * DAY).strftime("%Y-%m") == "2026-03" for days, _ in runs)
    if in_march >= budget:
        assert found.action == "wait"
    elif hasty and all(days >= 0 for days, _ in runs):
        assert found.action == "retrain"
