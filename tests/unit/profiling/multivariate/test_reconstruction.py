"""The reconstruction error: what it sees, what it cannot, and how rarely it alarms."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mooring.errors import UsageError
from mooring.profiling.multivariate.directions import directions, left_out
from mooring.profiling.multivariate.reconstruction import frequencies, reconstruction_error
from tests.unit.profiling.multivariate.frames import awkward, normal, product


def test_the_directions_are_those_of_scikit_learns_pca() -> None:
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(1)
    data = rng.standard_normal((300, 8)) @ rng.standard_normal((8, 8))
    data -= data.mean(axis=0)
    for kept in (0.3, 0.65, 0.9):
        model = PCA(n_components=kept).fit(data)
        axes = directions(data, kept)
        assert axes.shape[1] == model.n_components_
        theirs = data - model.inverse_transform(model.transform(data))
        assert left_out(data, axes) == pytest.approx(theirs, abs=1e-9)


def test_frequencies_are_shares_and_a_missing_value_is_the_most_frequent() -> None:
    known = pl.Series(["b", "a", "b", None, "a", "c"])
    asked = pl.Series(["a", "b", "c", None, "new"])
    assert frequencies(asked, known).tolist() == pytest.approx([3 / 6, 2 / 6, 1 / 6, 3 / 6, 0])
    assert frequencies(asked, known.clear()).tolist() == [0.0] * 5


@pytest.mark.parametrize("rows", [(30, 30), (100, 100), (1000, 100)])
def test_p6_without_drift_it_alarms_as_rarely_as_it_says(rows: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    tails = np.array(
        [
            reconstruction_error(
                *(normal(rng, size, 0.6).with_columns(pl.col("x2").exp()) for size in rows),
                seed=seed,
            ).p_value
            for seed in range(300)
        ]
    )
    assert 0.05 < (tails <= 0.1).mean() < 0.155
    assert (tails <= 0.01).mean() < 0.03


def test_p6_the_value_is_outside_the_level_just_when_the_tail_is_below_alpha() -> None:
    rng = np.random.default_rng(3)
    for seed in range(30):
        sides = (normal(rng, 100, 0.5), normal(rng, 100))
        found = reconstruction_error(*sides, seed=seed, alpha=0.1)
        low, high = found.level
        assert (not low <= found.value <= high) == (found.p_value < 0.1)


def test_a_turned_correlation_is_seen_though_every_column_is_as_it_was() -> None:
    rng = np.random.default_rng(4)
    found = reconstruction_error(normal(rng, 800, 0.6), normal(rng, 400, -0.6))
    assert found.status == "drift"
    assert found.value > found.level[1]
    assert set(found.columns) == {"x0", "x1"}


def test_rows_that_the_directions_describe_better_are_drift_too() -> None:
    rng = np.random.default_rng(5)
    found = reconstruction_error(normal(rng, 2000, 0.5), normal(rng, 1000, 0.99))
    assert (found.status, found.effect < 0) == ("drift", True)


def test_what_leaves_every_correlation_as_it_was_is_not_seen() -> None:
    """Stated in the documentation: the classifier sees this one."""
    rng = np.random.default_rng(6)
    assert reconstruction_error(product(rng, 500, 1), product(rng, 500, -1)).status == "ok"


def test_one_sentinel_value_neither_raises_nor_blinds_the_score() -> None:
    rng = np.random.default_rng(7)
    before, after, turned = (normal(rng, 500, related) for related in (0.6, 0.6, -0.6))
    sentinel = pl.DataFrame({f"x{number}": [1e12] for number in range(5)})
    assert reconstruction_error(before, after.vstack(sentinel)).status == "ok"
    for seed in range(4):  # the reference's falls into either half
        assert reconstruction_error(before, turned.vstack(sentinel), seed=seed).status == "drift"
        found = reconstruction_error(before.vstack(sentinel), turned, seed=seed)
        assert found.status == "drift"


def test_every_awkward_column_is_used_or_said_to_be_ignored() -> None:
    rng = np.random.default_rng(8)
    found = reconstruction_error(awkward(rng, 300), awkward(rng, 200))
    assert found.status == "ok"
    still = {"constant", "nothing", "untyped", "text", "ragged"}  # once nulls are imputed
    assert set(found.ignored) == {*still, "record", "words"}


def test_the_order_of_rows_changes_nothing() -> None:
    rng = np.random.default_rng(9)
    before, after = awkward(rng, 150), awkward(rng, 120)
    found = reconstruction_error(before, after, max_rows=100)
    assert found.rows == (100, 100)
    assert reconstruction_error(before.reverse(), after.reverse(), max_rows=100) == found
    assert reconstruction_error(before, after, max_rows=100, seed=1) != found


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (normal(np.random.default_rng(0), 29), normal(np.random.default_rng(0), 99), "29 rows"),
        (pl.DataFrame({"a": range(50)}), pl.DataFrame({"a": range(50)}), "fewer than two columns"),
        (pl.DataFrame({"a": range(50)}), pl.DataFrame({"b": range(50)}), "fewer than two columns"),
        (pl.DataFrame(), pl.DataFrame(), "0 rows"),
    ],
)
def test_what_cannot_be_judged_is_unknown_and_says_why(
    before: pl.DataFrame, after: pl.DataFrame, reason: str
) -> None:
    found = reconstruction_error(before, after)
    assert found.status == "unknown"
    assert reason in found.reason
    assert np.isnan(found.value)


def test_rows_without_any_error_are_no_drift_until_they_have_some() -> None:
    line = pl.DataFrame({"a": range(100), "b": range(100)})
    found = reconstruction_error(line, line)
    assert found.status == "ok"
    assert found.value == pytest.approx(0, abs=1e-9)
    assert reconstruction_error(line, line.with_columns(b=99 - pl.col("b"))).status == "drift"


def test_rules_that_cannot_be_meant_are_refused() -> None:
    frame = pl.DataFrame({"a": range(50)})
    with pytest.raises(UsageError):
        reconstruction_error(frame, frame, alpha=2)
