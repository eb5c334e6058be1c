"""Each fault, by its id, is caught by the rule named for it; the same rows unbroken pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from mooring.drills import served
from mooring.drills.delivery import Delivery, deliver
from mooring.drills.drills import DRILLS, Drill
from mooring.drills.judges import Clean, judge_clean
from mooring.drills.run import exercise
from mooring.gates.data_gate import judge_data
from mooring.settings.model import Data, DataGate

DATA = Data(source="", target="sold", task="regression", time="at", keys=("ticket",))
RULES = DataGate()
DAYS = 160
SEED = 3


@cache
def shops(days: int = DAYS) -> pl.DataFrame:
    """Half-hours of three shops: weather, prices, what was sold, and the course of the day."""
    random = np.random.default_rng(11)
    n = 48 * days
    at = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * k) for k in range(n)]
    hour = np.arange(n) % 48 / 2
    warmth = 12 + 5 * np.sin((hour - 9) / 24 * 2 * np.pi) + random.normal(0, 2, n)
    return pl.DataFrame(
        {
            "at": at,
            "ticket": [f"t{k}" for k in range(n)],
            "shop": random.choice(["North", "South", "West"], n, p=[0.5, 0.4, 0.1]),
            "sky": random.choice(["clear", "cloud", "rain"], n, p=[0.6, 0.3, 0.1]),
            "warmth": warmth,
            "damp": random.normal(60, 8, n),
            "price": random.lognormal(3, 0.4, n),
            "visits": random.poisson(400, n),
            "sold": random.poisson(30 + 2 * warmth).astype(float),
        }
    )


@cache
def delivery() -> Delivery:
    return deliver(shops(), DATA)


@cache
def clean() -> Clean:
    return judge_clean(delivery(), RULES)


def of(id_: str) -> list[Drill]:
    return [drill for drill in DRILLS if drill.id == id_]


def hold(id_: str) -> None:
    """Every drill of this id has a place in the shops' rows, and is caught in each."""
    for drill in of(id_):
        done = list(exercise(delivery(), [drill], RULES, seed=SEED, most=2, clean=clean()))
        assert done, f"nowhere to put {drill.name}"
        for one in done:
            assert one.caught, f"{drill.name} into {one.place}: found by {one.by}: {one.said}"


def test_rows_without_a_fault_pass_without_a_word() -> None:
    assert clean().judged.outcome == "pass"
    assert clean().judged.findings == ()


def test_fd_01_a_change_of_unit_is_named_with_its_factor() -> None:
    hold("FD-01")


def test_fd_02_an_error_code_as_a_value_is_a_flood() -> None:
    hold("FD-02")


def test_fd_03_missing_values_are_told_from_two_in_a_hundred() -> None:
    hold("FD-03")


def test_fd_04_a_column_missing_in_one_group_is_found_there() -> None:
    hold("FD-04")


def test_fd_05_a_category_in_another_form_stands_beside_the_old() -> None:
    hold("FD-05")


def test_fd_06_explosions_and_doubled_rows_are_found() -> None:
    hold("FD-06")


def test_fd_07_columns_swapped_are_suspected() -> None:
    hold("FD-07")


def test_fd_08_a_type_widened_dropped_or_added_is_told() -> None:
    hold("FD-08")


def test_fd_09_floats_of_half_the_width_are_told() -> None:
    hold("FD-09")


def test_fd_10_another_zone_and_naive_time_stamps_are_found() -> None:
    hold("FD-10")


def test_fd_11_summer_time_does_not_stop() -> None:
    hold("FD-11")


def test_fd_12_rows_that_are_late_are_told() -> None:
    hold("FD-12")


def test_fd_13_a_batch_that_comes_again_is_found_under_any_time() -> None:
    hold("FD-13")


def test_fd_14_a_feed_that_stopped_is_told() -> None:
    hold("FD-14")


def test_fd_15_a_value_that_stands_still_is_frozen() -> None:
    hold("FD-15")


def test_fd_16_another_sample_is_found_by_its_rate_and_mix() -> None:
    hold("FD-16")


def test_fd_17_a_default_value_is_a_flood() -> None:
    hold("FD-17")


def test_fd_18_features_served_late_are_stale_by_their_lag_and_others_are_not() -> None:
    hold("FD-18")
    late, daily, as_is = of("FD-18")
    one, *_ = exercise(delivery(), [late], RULES, seed=SEED, most=1, clean=clean())
    assert one.said.startswith(f"{one.place}: ")
    assert "stale by about 3 h" in one.said
    again, *_ = exercise(delivery(), [daily], RULES, seed=SEED, most=1, clean=clean())
    assert "stale by 1" in again.said
    [fine] = exercise(delivery(), [as_is], RULES, seed=SEED, most=1, clean=clean())
    assert (fine.by, fine.said, fine.stopped) == ((), "", False)


def test_fd_18_a_lag_that_is_not_the_injected_one_is_a_miss() -> None:
    late, *_ = of("FD-18")
    wrong = replace(late, inject=served.late(9))
    one, *_ = exercise(delivery(), [wrong], RULES, seed=SEED, most=1, clean=clean())
    assert not one.caught
    assert "stale by about 4.5 h" in one.said


def test_fd_18_served_rows_with_any_unequal_column_are_not_called_fine() -> None:
    [*_, fine] = of("FD-18")
    broken = replace(fine, inject=lambda rows, _, seed: served.late(1)(rows, "warmth", seed))
    [one] = exercise(delivery(), [broken], RULES, seed=SEED, most=1, clean=clean())
    assert not one.caught


def test_fd_19_one_tenant_that_is_broken_is_named() -> None:
    [drill] = of("FD-19")
    one, *_ = exercise(delivery(), [drill], RULES, seed=SEED, most=1, clean=clean())
    assert one.caught
    assert "where shop is 'West'" in one.said


def test_fd_25_a_poisoned_day_stops() -> None:
    [drill] = of("FD-25")
    [one] = exercise(delivery(), [drill], RULES, seed=SEED, most=1, clean=clean())
    assert one.caught
    assert one.stopped


@pytest.mark.parametrize("id_", ["FD-01", "FD-02", "FD-13", "FD-15", "FD-16", "FD-19"])
def test_what_is_found_has_a_count_and_an_example(id_: str) -> None:
    for drill in of(id_):
        for one in exercise(delivery(), [drill], RULES, seed=SEED, most=1, clean=clean()):
            assert "rows, such as" in one.said, one.said


def test_fd_01_celsius_that_became_fahrenheit_is_called_so() -> None:
    drill = next(d for d in of("FD-01") if "F" in d.name)
    one, *_ = exercise(delivery(), [drill], RULES, seed=SEED, most=1, clean=clean())
    assert "Celsius to Fahrenheit (\N{MULTIPLICATION SIGN}1.8 +32) suspected" in one.said


def test_fd_05_a_renamed_category_is_told_beside_the_one_it_replaced() -> None:
    drill = next(d for d in of("FD-05") if "renamed" in d.name)
    one, *_ = exercise(delivery(), [drill], RULES, seed=SEED, most=1, clean=clean())
    assert "'North (new)'" in one.said
    assert "has the place of 'North'" in one.said


def test_the_rows_of_a_project_are_left_as_they_are() -> None:
    before = shops().clone()
    rows = delivery()
    for drill in DRILLS:
        for place in list(drill.places(rows))[:1]:
            drill.inject(rows, place, SEED)
    assert shops().equals(before)
    assert rows.rows.equals(before)


def test_the_same_seed_breaks_the_same_rows() -> None:
    rows = delivery()
    drill = next(d for d in of("FD-02"))
    place = next(drill.places(rows))
    once, again, other = (drill.inject(rows, place, seed).new for seed in (1, 1, 2))
    assert once.equals(again)
    assert not once.equals(other)


def test_without_a_time_the_new_rows_come_alone() -> None:
    data = Data(source="", target="sold", task="regression", exclude=("at", "ticket"))
    rows = deliver(shops(40), data)
    assert rows.rows.height == rows.new.height
    found = list(exercise(rows, of("FD-01")[:1] + of("FD-14"), RULES, seed=SEED, most=1))
    assert [one.caught for one in found] == [True, True, True]


def test_half_of_the_rows_is_no_finding_where_history_is_short() -> None:
    rows = deliver(shops(9), DATA)
    first = judge_data(rows.accepted, None, None, RULES, DATA)
    halved = rows.rows.gather_every(2)
    found = judge_data(halved, first.contract, first.profile, RULES, DATA, past=first.past)
    assert "sampling" not in {finding.rule for finding in found.findings}
