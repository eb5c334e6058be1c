from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import chdtrc

from mooring.serving.splits import choose

KEYS = [f"station {i}" for i in range(100_000)]


@pytest.mark.parametrize("weights", [(0.99, 0.01), (0.5, 0.3, 0.2)])
def test_fd_54_the_observed_split_is_the_configured_one(weights: tuple[float, ...]) -> None:
    arms = [(f"bikes/{i}", weight) for i, weight in enumerate(weights)]
    chosen = [choose(arms, key, "bikes") for key in KEYS]
    expected = [weight * len(KEYS) for weight in weights]
    found = [chosen.count(name) for name, _ in arms]
    statistic = sum((f - e) ** 2 / e for f, e in zip(found, expected, strict=True))
    assert chdtrc(len(weights) - 1, statistic) > 0.001, found


def test_fd_54_an_arm_without_weight_gets_nobody() -> None:
    arms = [("bikes/1", 0.0), ("bikes/2", 0.5), ("bikes/3", 0.5)]
    assert {choose(arms, key, "bikes") for key in KEYS[:5_000]} == {"bikes/2", "bikes/3"}


def test_fd_54_an_entity_stays_on_its_arm_across_processes() -> None:
    arms = [("bikes/1", 0.5), ("bikes/2", 0.5)]
    here = "".join(choose(arms, key, "bikes")[-1] for key in KEYS[:200])
    code = (
        "from mooring.serving.splits import choose\n"
        f"print(''.join(choose({arms}, f'station {{i}}', 'bikes')[-1] for i in range(200)))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONHASHSEED": "77"},
    )
    assert there.stdout.strip() == here


def test_the_choice_for_a_key_is_written_down() -> None:
    """Restarts and upgrades must not move anybody: these were recorded once."""
    arms = [("bikes/1", 0.5), ("bikes/2", 0.5)]
    assert "".join(choose(arms, key, "bikes")[-1] for key in KEYS[:24]) == RECORDED


RECORDED = "122212112221212222222211"


@given(st.floats(0.01, 0.98), st.floats(0.001, 0.01))
def test_a_key_moves_only_towards_the_arm_whose_share_rises(share: float, more: float) -> None:
    before = [("bikes/1", 1 - share), ("bikes/2", share)]
    after = [("bikes/1", 1 - share - more), ("bikes/2", share + more)]
    moved = [(choose(before, key, "s"), choose(after, key, "s")) for key in KEYS[:500]]
    assert {pair for pair in moved if pair[0] != pair[1]} <= {("bikes/1", "bikes/2")}
    assert sum(a != b for a, b in moved) <= 500 * more + 5 * (500 * more) ** 0.5 + 3


def test_a_third_arm_takes_from_both_and_moves_nobody_between_them() -> None:
    before = [("bikes/1", 0.5), ("bikes/2", 0.5)]
    after = [("bikes/1", 0.4), ("bikes/2", 0.4), ("bikes/3", 0.2)]
    for key in KEYS[:5_000]:
        now = choose(after, key, "s")
        assert now in {choose(before, key, "s"), "bikes/3"}


@given(st.permutations([("bikes/1", 0.2), ("bikes/2", 0.3), ("bikes/3", 0.5)]), st.text())
def test_the_order_of_the_arms_does_not_matter(arms: list[tuple[str, float]], key: str) -> None:
    assert choose(arms, key, "bikes") == choose(sorted(arms), key, "bikes")


def test_two_deployments_split_the_same_keys_independently() -> None:
    arms = [("1", 0.5), ("2", 0.5)]
    same = sum(choose(arms, key, "a") == choose(arms, key, "b") for key in KEYS[:10_000])
    assert 4_700 < same < 5_300
