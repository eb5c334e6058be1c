"""Comparing a window with its baseline: what alarms, what does not, and what cannot be told."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mooring.errors import UsageError
from mooring.profiling import (
    ColumnDrift,
    Comparison,
    DriftRules,
    Profile,
    compare,
    merge,
    profile,
)

COLUMNS = 30


def normal(rng: np.random.Generator, rows: int, columns: int = COLUMNS) -> pl.DataFrame:
    return pl.DataFrame(rng.normal(size=(rows, columns)), schema=[f"x{i}" for i in range(columns)])


def judged(before: object, after: object, rules: DriftRules | None = None) -> ColumnDrift:
    """One column named x, compared."""
    base = profile(pl.DataFrame({"x": before}))
    window = profile(pl.DataFrame({"x": after}), base)
    return compare(base, window, rules=rules or DriftRules()).columns[0]


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.fixture(scope="module")
def wide() -> Profile:
    return profile(normal(np.random.default_rng(12), 2000))


@pytest.mark.parametrize("rows", [100, 1000])
def test_p6_without_drift_at_most_one_window_in_twenty_alarms(rows: int, wide: Profile) -> None:
    rng = np.random.default_rng(rows)
    alarms = [compare(wide, profile(normal(rng, rows), wide)).drifted for _ in range(40)]
    assert np.mean(alarms) <= 0.05


def test_p6_a_shift_of_half_a_deviation_in_one_column_of_thirty_is_caught(wide: Profile) -> None:
    rng = np.random.default_rng(5)
    caught = []
    for _ in range(40):
        window = normal(rng, 500).with_columns(pl.col("x7") + 0.5)
        found = compare(wide, profile(window, wide))
        caught.append([c.name for c in found.columns if c.status == "drift"] == ["x7"])
    assert np.mean(caught) >= 0.95


def test_p5_one_sentinel_neither_raises_an_alarm_nor_hides_a_shift(
    rng: np.random.Generator,
) -> None:
    before = rng.normal(size=5000)
    quiet, shifted = rng.normal(size=5000), rng.normal(0.5, 1, size=5000)
    quiet[17] = shifted[17] = 1e9
    still = judged(before, quiet)
    assert still.status == "ok"
    assert still.score("wasserstein") < 0.1
    moved = judged(before, shifted)
    assert moved.status == "drift"
    assert moved.score("psi") > 0.2
    assert moved.score("wasserstein") == pytest.approx(0.5, abs=0.05)


def test_p5_a_sentinel_in_the_baseline_does_not_hide_a_shift(rng: np.random.Generator) -> None:
    before = np.append(rng.normal(size=4999), 1e9)
    assert judged(before, rng.normal(0.5, 1, size=5000)).status == "drift"
    assert judged(before, rng.normal(size=5000)).status == "ok"


def test_nulls_that_appear_are_drift(rng: np.random.Generator) -> None:
    after = [None if i < 50 else float(x) for i, x in enumerate(rng.normal(size=1000))]
    found = judged(rng.normal(size=5000), after)
    assert found.status == "drift"
    assert "missing values rose from 0.0% to 5.0%" in found.reason
    assert found.null_rate == (0.0, 0.05)
    assert [e.kind for e in found.evidence if e.drift and e.kind == "missing"] == ["missing"]


def test_a_few_more_nulls_than_before_are_not() -> None:
    before = [None if i % 20 == 0 else 1.0 for i in range(2000)]
    after = [None if i % 17 == 0 else 1.0 for i in range(500)]
    assert judged(before, after).status == "ok"


def test_infinities_that_appear_are_drift(rng: np.random.Generator) -> None:
    after = rng.normal(size=1000)
    after[:50] = np.inf
    found = judged(rng.normal(size=5000), after)
    assert found.status == "drift"
    assert "5.0% values beyond the baseline's range" in found.reason


def test_a_sentinel_that_stands_for_missing_is_drift(rng: np.random.Generator) -> None:
    found = judged(rng.integers(0, 24, 5000), np.append(rng.integers(0, 24, 950), [-999] * 50))
    assert found.status == "drift"


def test_categories_never_seen_are_drift(rng: np.random.Generator) -> None:
    found = judged(
        list(rng.choice(["a", "b"], 2000)), [*rng.choice(["a", "b"], 480), *["new"] * 20]
    )
    assert found.status == "drift"
    assert "4.0% unseen values" in found.reason
    assert found.unseen_rate == pytest.approx(0.04)
    assert "unseen" in [shift.label for shift in found.moved]


def test_p6_rare_categories_that_always_come_and_go_are_not(rng: np.random.Generator) -> None:
    shares = 1 / np.arange(1, 1001)
    names = [f"v{i}" for i in range(1000)]

    def draw(rows: int) -> list[str]:
        return list(rng.choice(names, rows, p=shares / shares.sum()))

    base = profile(pl.DataFrame({f"s{i}": draw(450) for i in range(5)}))
    assert base.columns[0].bins.complete
    for _ in range(10):
        window = profile(pl.DataFrame({f"s{i}": draw(1000) for i in range(5)}), base)
        assert compare(base, window).status == "ok"


def test_a_constant_that_stays_is_ok_and_one_that_moves_is_drift() -> None:
    assert judged([7.0] * 500, [7.0] * 100).status == "ok"
    moved = judged([7.0] * 500, [8.0] * 100)
    assert moved.status == "drift"
    assert [shift.label for shift in moved.moved] == ["7", "above 7"]


def test_integers_held_as_floats_do_not_drift(rng: np.random.Generator) -> None:
    before = rng.integers(0, 10, 2000)
    assert judged(before, rng.integers(0, 10, 500).astype(float)).status == "ok"


def test_a_huge_offset_hides_nothing(rng: np.random.Generator) -> None:
    assert judged(1e12 + rng.normal(size=3000), 1e12 + rng.normal(0.6, 1, 500)).status == "drift"
    assert judged(1e12 + rng.normal(size=3000), 1e12 + rng.normal(size=500)).status == "ok"


def test_a_zero_inflated_column_that_fills_up_is_drift(rng: np.random.Generator) -> None:
    def draw(rows: int, zeros: float) -> NDArray[np.float64]:
        return np.where(rng.random(rows) < zeros, 0.0, rng.lognormal(size=rows))

    found = judged(draw(5000, 0.7), draw(500, 0.4))
    assert found.status == "drift"
    assert found.moved[0].label == "0"


def test_p5_an_index_that_is_not_the_score_beside_it_says_why() -> None:
    rng = np.random.default_rng(5)
    codes = [f"c{i:02d}" for i in range(80)]
    tilt = np.linspace(1.5, 0.5, 80) / 80
    sparse = judged(rng.choice(codes, 8000, p=tilt), rng.choice(codes, 100, p=tilt[::-1]))
    assert f"{sparse.score('psi'):.3f}" != f"{sparse.effect:.3f}"
    assert sparse.reason.startswith(f"PSI {sparse.effect:.3f} with rare values joined, no drift")
    plain = judged(rng.normal(size=2000), rng.normal(2, 1, 500))
    assert plain.reason.startswith(f"PSI {plain.score('psi'):.3f}, no drift")


def test_a_rare_flag_that_becomes_common_is_drift() -> None:
    assert judged([True] * 60 + [False] * 1940, [True] * 60 + [False] * 240).status == "drift"
    assert judged([1] * 60 + [0] * 1940, [1] * 60 + [0] * 240).status == "drift"


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_a_rare_value_that_takes_over_a_small_window_is_drift(share: float) -> None:
    often = int(100 * share)
    assert judged([0] * 8600 + [1] * 90, [1] * often + [0] * (100 - often)).status == "drift"


@pytest.mark.parametrize("rows", [3000, 30_000])
def test_p3_a_column_of_rare_values_alone_is_never_ok(rows: int) -> None:
    """All of them share one bin, in which even a single value that takes over is not seen."""
    rng = np.random.default_rng(rows)
    codes = [f"c{i:03}" for i in range(300)]
    before = list(rng.choice(codes, rows))
    assert judged(before, ["c000"] * 500).status == "unknown"
    assert "no value is frequent" in judged(before, before[:500]).reason
    assert judged(before, ["new"] * 500).status == "drift"
    assert judged(before, [*before[:400], *[None] * 100]).status == "drift"


def test_many_small_moves_of_sparse_categories_are_drift(rng: np.random.Generator) -> None:
    names = [f"v{i:02}" for i in range(80)]
    tilt = np.linspace(1.5, 0.5, 80) / 80
    before, after = rng.choice(names, 8000, p=tilt), rng.choice(names, 100, p=tilt[::-1])
    assert judged(list(before), list(after)).status == "drift"


def test_a_large_window_does_not_alarm_for_a_trifle(rng: np.random.Generator) -> None:
    found = judged(rng.normal(size=100_000), rng.normal(0.03, 1, size=100_000))
    assert found.p_value < 1e-4
    assert found.status == "ok"


def test_moved_bins_read_like_words() -> None:
    start = datetime(2024, 1, 1)  # noqa: DTZ001 - naive on purpose
    days = [start + timedelta(days=k) for k in range(200)]
    found = judged(days, days[180:] * 3)
    assert found.kind == "datetime"
    assert found.moved[0].label == "above 2024-06-28"
    assert (found.moved[0].baseline, found.moved[0].current) == (0.1, 1.0)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ([1.0, 2.0] * 50, [], "the window has 0 rows"),
        ([1.0, 2.0] * 50, [1.0], "the window has 1 rows"),
        ([1.0], [1.0] * 50, "the baseline has 1 rows"),
        ([None] * 50 + [float("nan")], [None] * 50, "every value is missing"),
        ([{"a": 1}] * 50, [{"a": 1}] * 50, "not profiled"),
        ([1.0] * 50, ["1"] * 50, "the column holds String"),
        ([f"user {i}" for i in range(3000)], ["user 1"] * 50, "no value is frequent"),
        ([f"user {i}" for i in range(21_000)], [f"user {i}" for i in range(50)], "too many dis"),
    ],
)
def test_p3_what_cannot_be_told_is_unknown_never_ok(
    before: list[object], after: list[object], why: str
) -> None:
    found = judged(before, after)
    assert found.status == "unknown"
    assert why in found.reason


def test_p3_a_window_of_nulls_is_drift_not_ok(rng: np.random.Generator) -> None:
    found = judged(rng.normal(size=500), [float("nan")] * 100)
    assert found.status == "drift"
    assert np.isnan(found.score("ks"))


def test_p3_a_column_on_one_side_only_is_unknown(rng: np.random.Generator) -> None:
    base = profile(pl.DataFrame({"x": rng.normal(size=500), "y": rng.normal(size=500)}))
    window = profile(pl.DataFrame({"x": rng.normal(size=500)}), base)
    found = compare(base, window)
    assert [column.status for column in found.columns] == ["ok", "unknown"]
    assert found.status == "unknown"
    less = compare(Profile(base.rows, base.columns[:1]), base)
    assert [(c.name, c.status, c.reason) for c in less.columns][1:] == [
        ("y", "unknown", "not in the baseline")
    ]
    more = compare(base, Profile(base.rows, base.columns[:1]))
    assert more.columns[1].reason == "not in the window"


def test_p3_nothing_to_judge_is_unknown() -> None:
    nothing = Profile(rows=100, columns=())
    found = compare(nothing, nothing)
    assert (found.status, found.drifted, found.distance) == ("unknown", False, None)


def test_a_column_the_baseline_cannot_describe_does_not_spoil_the_whole(
    rng: np.random.Generator,
) -> None:
    frame = pl.DataFrame(
        {"x": rng.normal(size=3000), "id": [f"{i}" for i in range(3000)], "l": [[1]] * 3000}
    )
    base = profile(frame)
    found = compare(base, base)
    assert [column.status for column in found.columns] == ["ok", "unknown", "unknown"]
    assert found.status == "ok"
    gone = compare(base, profile(frame.with_columns(pl.lit(None, pl.String).alias("id")), base))
    identity = gone.column("id")
    assert identity is not None
    assert identity.reason == "missing values rose from 0.0% to 100.0%"


@pytest.fixture(scope="module")
def two_columns() -> Comparison:
    rng = np.random.default_rng(1)
    base = profile(pl.DataFrame({"x": rng.normal(size=900), "y": rng.normal(size=900)}))
    window = pl.DataFrame({"x": rng.normal(size=900), "y": rng.normal(1, 1, size=900)})
    return compare(base, profile(window, base), weights={"y": 3.0, "x": 1.0})


def test_the_distance_is_the_weighted_mean_of_jensenshannon(two_columns: Comparison) -> None:
    x, y = (column.score("jensen_shannon") for column in two_columns.columns)
    assert two_columns.distance == pytest.approx((x + 3 * y) / 4)


def test_weights_that_make_no_sense_are_refused(wide: Profile) -> None:
    assert compare(wide, wide, weights={"nobody": 1.0}).distance is None
    for weight in (-1.0, float("nan")):
        with pytest.raises(UsageError, match="weights"):
            compare(wide, wide, weights={"x0": weight})


def test_scores_answer_to_their_aliases(two_columns: Comparison) -> None:
    y = two_columns.columns[1]
    assert y.score("kolmogorov_smirnov") == y.score("ks") == dict(y.scores)["ks"]
    with pytest.raises(UsageError):
        y.score("kl")


@given(st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=40, max_size=120), st.data())
def test_p5_any_partition_of_the_rows_gives_the_same_findings(
    values: list[float | None], data: st.DataObject
) -> None:
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Float64})
    base = profile(pl.DataFrame({"x": np.linspace(-5, 5, 501)}))
    cut = data.draw(st.integers(0, len(values)))
    parts = merge(profile(frame[cut:], base), profile(frame[:cut], base))
    assert repr(compare(base, parts)) == repr(compare(base, profile(frame, base)))


def test_comparing_loads_neither_data_frames_nor_scipy_stats() -> None:
    code = (
        "import sys, mooring.profiling.comparing, mooring.profiling.codec\n"
        "assert not {'polars', 'scipy', 'sklearn'} & set(sys.modules)\n"
        "from mooring.profiling.laws.levels import psi_level, rate_tail\n"
        "psi_level(10, 100, 100); rate_tail(1, 10, 1, 10)\n"
        "assert 'scipy.stats' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
