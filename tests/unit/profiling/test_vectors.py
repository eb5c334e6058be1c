"""Embeddings: a dimension whose mean or spread moved is seen, and chance alone is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.embeddings import ALPHA, LAWS, REPORTED, embedding, tails
from mooring.profiling import ColumnDrift, compare, merge, profile
from mooring.profiling.codec import from_bytes, to_bytes
from mooring.profiling.evidence import Found
from mooring.profiling.findings import DriftRules
from mooring.profiling.vectors import CENTRE_FLOOR, SPREAD_FLOOR, dimensions_moved

Floats = NDArray[np.float64]
RULES = DriftRules()


def draw(rows: int, seed: int, dimensions: int = 16) -> Floats:
    return np.random.default_rng(seed).normal(size=(rows, dimensions))


def evidence(before: Floats, now: Floats, rules: DriftRules = RULES) -> dict[str, Found]:
    found = dimensions_moved(embedding(before), embedding(now), rules)
    return {item.kind: item for item in found}


def compared(before: Floats, now: Floats) -> ColumnDrift:
    base = profile({"x": before.tolist()})
    return compare(base, profile({"x": now.tolist()}, baseline=base)).columns[0]


@pytest.mark.parametrize("law", LAWS)
def test_p6_without_drift_centre_and_spread_alarm_as_rarely_as_they_say(law: str) -> None:
    for sizes in ((2000, 100), (500, 500)):
        found = tails(law, sizes, width=64, windows=40)
        for kind in ("centre", "spread"):
            p_values, beyond = found[kind].T
            assert np.mean(p_values <= ALPHA) <= 0.15, (sizes, kind)
            assert np.mean((p_values <= REPORTED) & (beyond >= 0)) <= 0.05, (sizes, kind)


@pytest.mark.parametrize("law", ["normal", "uniform", "laplace"])
def test_a_dimension_a_third_wider_is_seen_in_nearly_every_window(law: str) -> None:
    p_values, beyond = tails(law, (5000, 1000), width=64, windows=30)["wider"].T
    assert np.mean((p_values <= REPORTED) & (beyond >= 0)) >= 0.95


def test_a_narrower_dimension_is_drift_and_says_so() -> None:
    now = draw(800, 2)
    now[:, 5] *= 0.7
    assert compared(draw(3000, 1), draw(800, 3)).status == "ok"
    found = compared(draw(3000, 1), now)
    assert found.status == "drift"
    assert "spread changed" in found.reason
    (spread,) = (item for item in found.evidence if item.kind == "spread")
    assert spread.effect == pytest.approx(-np.log(0.7), abs=0.1)


def test_a_change_too_small_to_matter_is_no_drift_however_certain() -> None:
    now = draw(50_000, 2, dimensions=4)
    now[:, 1] *= 1.1
    spread = evidence(draw(50_000, 1, dimensions=4), now)["spread"]
    assert spread.p_value < 1e-6
    assert spread.effect < SPREAD_FLOOR


def test_a_small_certain_move_does_not_hide_a_larger_one() -> None:
    now = draw(20_000, 2, dimensions=4)
    now[:, 0] += 0.19
    now[:200, 1] += 0.3 * 100
    now[200:, 1] = draw(19_800, 5, dimensions=1)[:, 0]
    centre = evidence(draw(20_000, 1, dimensions=4), now)["centre"]
    assert centre.effect >= CENTRE_FLOOR


def test_one_sentinel_alarms_in_no_dimension() -> None:
    now = draw(500, 2)
    now[7, 3] = 1e9
    found = evidence(draw(3000, 1), now)
    assert found["spread"].p_value > RULES.alpha
    assert found["centre"].p_value > RULES.alpha


def test_a_dimension_that_died_is_drift_and_one_that_was_always_dead_is_not() -> None:
    dead, dying = draw(2000, 1), draw(400, 2)
    dead[:, 2] = 0.3
    dying[:, 2] = 0.3
    assert evidence(dead, dying)["spread"].p_value > RULES.alpha
    dying[:, 6] = 0.0
    assert evidence(dead, dying)["spread"].p_value < 1e-9
    assert evidence(dying, dead)["spread"].p_value < 1e-9


def test_a_dimension_that_is_nearly_always_zero_may_be_so_in_a_whole_window() -> None:
    rng = np.random.default_rng(4)
    before = draw(4000, 3) * (rng.random((4000, 16)) < 0.01)
    assert evidence(before, np.zeros((150, 16)))["spread"].p_value > RULES.alpha


def test_rows_that_are_alike_say_as_much_as_fewer_rows() -> None:
    now = draw(400, 2)
    now[:, 1] *= 1.3
    plain, alike = (evidence(draw(3000, 1), now, DriftRules(inflation=one)) for one in (1.0, 8.0))
    assert plain["spread"].p_value < RULES.alpha < alike["spread"].p_value
    assert plain["spread"].effect == pytest.approx(alike["spread"].effect, rel=0.1)


def test_what_the_spread_says_is_the_same_from_parts_and_after_storage() -> None:
    base = profile({"x": draw(1000, 1).tolist()})
    rows = draw(900, 2) * 1.2
    whole = profile({"x": rows.tolist()}, baseline=base)
    parts = [profile({"x": part.tolist()}, baseline=base) for part in np.split(rows, 9)]
    stored = from_bytes(to_bytes(merge(*parts)))
    one, other = (compare(base, now).columns[0].evidence for now in (whole, stored))
    for a, b in zip(one, other, strict=True):
        assert a.kind == b.kind
        assert b.p_value == pytest.approx(a.p_value, rel=1e-9)
        assert b.effect == pytest.approx(a.effect, rel=1e-9)


def test_a_baseline_from_before_fourth_moments_is_judged_by_its_centre_alone() -> None:
    old = embedding(draw(1000, 1))
    old = replace(old, dimensions=tuple(replace(d, m3=None, m4=None) for d in old.dimensions))
    kinds = [item.kind for item in dimensions_moved(old, embedding(draw(500, 2) * 3), RULES)]
    assert kinds == ["centre"]
