"""What alarms is what the model relies on; everything else is reported."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl

from mooring.monitoring.drift import DriftFound, judge_drift, watched_features
from mooring.profiling import DriftRules, profile
from mooring.profiling.reporting.shares import MOST_BINS

RULES = DriftRules(min_rows=50)
IMPORTANCE = (("temp", 4.0), ("hr", 1.0), ("wind", -0.2))


def features(rows: int, seed: int, **shift: float) -> pl.DataFrame:
    """Three features, each moved by so many standard deviations."""
    generator = np.random.default_rng(seed)
    names = ("temp", "hr", "wind")
    return pl.DataFrame({n: generator.normal(shift.get(n, 0.0), 1.0, rows) for n in names})


def judge(now: pl.DataFrame, *, top_k: int = 2, before: pl.DataFrame | None = None) -> DriftFound:
    """The judgement on a window, its predictions those of the baseline."""
    base = profile(features(2000, 0) if before is None else before)
    said = profile(pl.DataFrame({"prediction": np.linspace(0, 1, 500)}))
    return judge_drift(
        base,
        profile(now, baseline=base),
        said,
        said,
        importance=IMPORTANCE,
        top_k=top_k,
        rules=RULES,
    )


def test_the_most_important_features_are_watched_and_harmful_ones_last() -> None:
    assert watched_features(IMPORTANCE, ["wind", "hr", "temp"], 2) == ("temp", "hr")
    assert watched_features(IMPORTANCE, ["wind", "hr", "temp"], 9) == ("temp", "hr", "wind")
    assert watched_features((), ["b", "a"], 1) == ("b",)


def test_a_feature_that_is_not_watched_is_scored_and_does_not_alarm() -> None:
    found = judge(features(500, 1, wind=3.0))
    assert found.status == "ok"
    assert [(column.name, column.status) for column in found.others] == [("wind", "drift")]


def test_a_watched_feature_alarms() -> None:
    found = judge(features(500, 1, hr=1.0))
    assert found.status == "drift"
    assert [column.name for column in found.watched if column.status == "drift"] == ["hr"]


def test_p6_no_drift_is_ok() -> None:
    assert judge(features(500, 1)).status == "ok"


def test_an_important_feature_that_stands_still_does_not_hide_one_that_moved() -> None:
    still = judge(features(500, 1)).distance
    moved = judge(features(500, 1, hr=2.0)).distance
    assert still is not None
    assert moved is not None
    assert moved > 3 * still


def test_without_positive_importance_all_watched_features_weigh_alike() -> None:
    base = profile(features(2000, 0))
    now = profile(features(500, 1, wind=2.0), baseline=base)
    found = judge_drift(base, now, base, now, importance=(), top_k=3, rules=RULES)
    assert found.distance is not None


def test_fd_64_a_window_of_a_few_rows_is_unknown() -> None:
    found = judge(features(49, 1, temp=5.0))
    assert found.status == "unknown"
    assert found.distance is None
    assert all("49 rows" in column.reason for column in found.watched)


def test_a_feature_that_is_missing_from_the_window_is_unknown() -> None:
    assert judge(features(500, 1).drop("temp")).status == "unknown"


def test_the_bins_are_few_and_their_shares_add_up() -> None:
    words = [f"word {n % 40}" for n in range(2000)]
    before = pl.DataFrame({"temp": words, "hr": words[::-1]})
    found = judge(pl.DataFrame({"temp": words[:900], "hr": ["new"] * 900}), before=before)
    for column in found.watched:
        assert 0 < len(column.bins) <= MOST_BINS
        assert abs(sum(one.baseline for one in column.bins) - 1) < 1e-4
        assert abs(sum(one.current for one in column.bins) - 1) < 1e-4
    assert found.watched[1].bins[-2].label == "unseen"


def test_nothing_found_is_nan() -> None:
    before = pl.DataFrame({"temp": [1.0] * 200, "hr": [None] * 200, "wind": ["x"] * 200})
    found = judge(pl.DataFrame({"temp": [1.0] * 100, "hr": [None] * 100}), before=before)
    columns = (*found.watched, *found.others, *found.predictions)
    # msgspec writes NaN as null, so a NaN would not come back as itself.
    assert msgspec.json.decode(msgspec.json.encode(columns), type=type(columns)) is not None
    values = [v for c in columns for v in msgspec.structs.asdict(c).values()]
    assert not [v for v in values if isinstance(v, float) and v != v]  # noqa: PLR0124 - NaN
