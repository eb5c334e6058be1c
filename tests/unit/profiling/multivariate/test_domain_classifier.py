"""Telling the sides apart: as rarely as said without drift, and naming what drifted."""

from __future__ import annotations

import importlib

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import UsageError
from mooring.profiling.multivariate.domain_classifier import auroc, domain_classifier
from tests.unit.profiling.multivariate.frames import awkward, normal, product

stats = importlib.import_module("scipy.stats")  # its names are invisible to a type checker


@given(st.lists(st.integers(0, 5), min_size=4, max_size=40), st.integers(1, 3))
def test_the_area_and_its_variance_are_those_of_mann_whitney(values: list[int], m: int) -> None:
    scores = np.array(values, dtype=np.float64)
    current = np.arange(scores.size) < m
    area, variance = auroc(scores, current)
    theirs = stats.mannwhitneyu(
        scores[current], scores[~current], method="asymptotic", use_continuity=False
    )
    assert area == pytest.approx(theirs.statistic / (m * (scores.size - m)))
    if variance > 0:
        two_sided = 2 * stats.norm.sf(abs(area - 0.5) / np.sqrt(variance))
        assert two_sided == pytest.approx(theirs.pvalue, abs=1e-9)
    else:
        assert np.unique(scores).size == 1


def test_p6_without_drift_the_tail_is_uniform() -> None:
    """A smoke test: ``bench/multivariate.py`` takes the many pairs that show the level."""
    rng = np.random.default_rng(3)
    tails = [
        domain_classifier(normal(rng, 60, 0.5), normal(rng, 60, 0.5), seed=seed).p_value
        for seed in range(24)
    ]
    assert np.mean(tails) == pytest.approx(0.5, abs=0.2)
    assert sum(tail <= 0.1 for tail in tails) <= 7
    assert sum(tail <= 0.01 for tail in tails) <= 2


def test_p6_the_value_exceeds_the_level_just_when_the_tail_is_below_alpha() -> None:
    rng = np.random.default_rng(4)
    for alpha in (0.5, 0.05):
        for seed in range(4):
            sides = (normal(rng, 80), normal(rng, 80, 0.5))
            found = domain_classifier(*sides, seed=seed, alpha=alpha)
            assert (found.value > found.level[1]) == (found.p_value < alpha)
            assert found.effect == pytest.approx(2 * found.value - 1)


def test_a_turned_correlation_is_seen_though_every_column_is_as_it_was() -> None:
    rng = np.random.default_rng(5)
    found = domain_classifier(normal(rng, 400, 0.6), normal(rng, 400, -0.6))
    assert found.status == "drift"
    assert found.p_value < 1e-6
    assert set(found.columns) == {"x0", "x1"}
    assert "AUROC" in found.reason


def test_what_only_three_columns_show_together_is_seen() -> None:
    rng = np.random.default_rng(6)
    found = domain_classifier(product(rng, 500, 1), product(rng, 500, -1))
    assert found.status == "drift"
    assert set(found.columns) == {"x0", "x1", "x2"}


def test_columns_that_say_the_same_are_both_named() -> None:
    rng = np.random.default_rng(7)
    before, after = normal(rng, 300), normal(rng, 300).with_columns(pl.col("x3") + 2)
    noise = pl.Series(rng.standard_normal(300) / 2)
    sides = [side.with_columns(twin=pl.col("x3") + noise) for side in (before, after)]
    assert set(domain_classifier(*sides).columns) == {"x3", "twin"}


def test_more_missing_values_are_drift() -> None:
    rng = np.random.default_rng(8)
    before, after = normal(rng, 300), normal(rng, 300)
    gone = pl.Series(rng.random(300) < 0.4)
    after = after.with_columns(x2=pl.when(~gone).then(pl.col("x2")))
    assert domain_classifier(before, after).columns == ("x2",)
    nothing = after.with_columns(x2=pl.lit(None))
    assert domain_classifier(before, nothing).columns == ("x2",)


def test_a_category_and_an_embedding_that_moved_are_named() -> None:
    rng = np.random.default_rng(9)
    before, after = awkward(rng, 400), awkward(rng, 400)
    turned = after.with_columns(few=pl.col("few").cast(pl.String).replace({"a": "b"}))
    assert domain_classifier(before, turned).columns[:1] == ("few",)
    away = after.with_columns(embedding=pl.col("embedding").list.eval(pl.element() + 0.5))
    assert domain_classifier(before, away).columns[:1] == ("embedding",)


def test_text_that_never_repeats_is_known_by_how_often_and_how_long() -> None:
    rng = np.random.default_rng(10)
    before, after = awkward(rng, 300), awkward(rng, 300)
    longer = after.with_columns(text=pl.col("text") + pl.lit(" again"))
    assert domain_classifier(before, longer).columns == ("text",)
    repeated = after.with_columns(text=pl.col("text").gather(pl.int_range(300) % 150))
    assert domain_classifier(before, repeated).columns == ("text",)
    assert domain_classifier(before, after).status == "ok"


def test_every_awkward_column_is_used_or_said_to_be_ignored() -> None:
    rng = np.random.default_rng(11)
    found = domain_classifier(awkward(rng, 200), awkward(rng, 200))
    assert found.status == "ok"
    assert set(found.ignored) == {"constant", "nothing", "untyped", "record", "words"}


def test_columns_of_one_side_or_of_two_kinds_are_ignored() -> None:
    rng = np.random.default_rng(12)
    before = normal(rng, 100).with_columns(old=1, mixed=pl.lit("a"))
    after = normal(rng, 100).with_columns(new=1, mixed=pl.lit(2))
    assert set(domain_classifier(before, after).ignored) == {"old", "new", "mixed"}


def test_the_order_of_rows_changes_nothing_and_the_seed_does() -> None:
    rng = np.random.default_rng(13)
    before, after = awkward(rng, 150), awkward(rng, 120)
    found = domain_classifier(before, after, max_rows=100)
    assert found.rows == (100, 100)
    assert (
        domain_classifier(before.reverse(), after.sample(120, shuffle=True), max_rows=100) == found
    )
    assert domain_classifier(before, after, max_rows=100, seed=1) != found


def test_equal_rows_are_drawn_apart() -> None:
    """A sample by hash alone would take all of one value's rows and none of the other's."""
    before = pl.DataFrame({"a": [0, 1] * 500})
    after = pl.DataFrame({"a": [0] * 900 + [1] * 100})
    assert domain_classifier(before, before, max_rows=100).status == "ok"
    found = domain_classifier(before, after, max_rows=400)
    assert found.status == "drift"
    assert found.value == pytest.approx(0.7, abs=0.06)  # 1/2 + (0.5 - 0.1) / 2


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (
            pl.DataFrame({"a": range(29)}),
            pl.DataFrame({"a": range(50)}),
            "29 rows on the reference",
        ),
        (pl.DataFrame({"a": range(50)}), pl.DataFrame({"a": []}), "0 rows on the current"),
        (pl.DataFrame({"a": range(50)}), pl.DataFrame({"b": range(50)}), "no column"),
        (pl.DataFrame({"a": [1] * 50}), pl.DataFrame({"a": [1] * 50}), "no column"),
        (pl.DataFrame(), pl.DataFrame(), "0 rows"),
    ],
)
def test_what_cannot_be_judged_is_unknown_and_says_why(
    before: pl.DataFrame, after: pl.DataFrame, reason: str
) -> None:
    found = domain_classifier(before, after)
    assert found.status == "unknown"
    assert reason in found.reason
    assert np.isnan(found.value)


def test_a_difference_too_small_to_count_does_not_alarm() -> None:
    rng = np.random.default_rng(14)
    before = pl.DataFrame({"a": rng.standard_normal(5000)})
    after = pl.DataFrame({"a": rng.standard_normal(5000) + 0.13})
    found = domain_classifier(before, after)
    assert found.p_value < 0.01
    assert (found.status, found.columns) == ("ok", ())
    assert "that counts" in found.reason
    assert domain_classifier(before, after, min_effect=0.01).status == "drift"


def test_rules_that_cannot_be_meant_are_refused() -> None:
    frame = pl.DataFrame({"a": range(50)})
    for alpha in (0.0, 1.0, float("nan")):
        with pytest.raises(UsageError, match="alpha"):
            domain_classifier(frame, frame, alpha=alpha)
    for floor in (-1.0, float("nan")):
        with pytest.raises(UsageError, match="min_effect"):
            domain_classifier(frame, frame, min_effect=floor)
    with pytest.raises(UsageError, match="seed"):
        domain_classifier(frame, frame, seed=-1)
    with pytest.raises(UsageError, match="max_rows"):
        domain_classifier(frame, frame, max_rows=10)
