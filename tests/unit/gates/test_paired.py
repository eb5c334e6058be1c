"""The interval of a paired difference holds what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mooring.gates.cases import prepare
from mooring.gates.metrics import METRICS, Sums
from mooring.gates.paired import PairedDifference, compare_paired, gains_by_row
from mooring.lineage.answers import Answers

FloatArray = NDArray[np.float64]
BINARY = tuple(name for name, metric in METRICS.items() if "binary" in metric.tasks)


def series(random: np.random.Generator, rows: int, rho: float) -> FloatArray:
    """A stationary AR(1) series with standard deviation 1."""
    noise = random.standard_normal(rows + 50) * np.sqrt(1 - rho**2)
    for place in range(1, len(noise)):
        noise[place] += rho * noise[place - 1]
    return np.asarray(noise[50:])


def of_gains(
    gains: FloatArray, *, time_ordered: bool, seed: int = 0, resamples: int = 200
) -> PairedDifference:
    """Compare answers whose absolute errors differ by exactly these gains."""
    truth = np.zeros(len(gains))
    first, second = Answers(50.0 + gains), Answers(np.full(len(gains), 50.0))
    found = compare_paired(
        METRICS["mae"],
        "regression",
        truth,
        first,
        second,
        time_ordered=time_ordered,
        seed=seed,
        resamples=resamples,
    )
    assert found is not None
    return found


def classifier(random: np.random.Generator, truth: NDArray[np.bool_], noise: float) -> Answers:
    score = 1.5 * truth - 0.75 + noise * random.standard_normal(len(truth))
    chance = 1 / (1 + np.exp(-score))
    return Answers(chance > 0.5, np.column_stack([1 - chance, chance]), (False, True))


def compare(
    name: str, truth: NDArray[np.bool_], first: Answers, second: Answers, *, ordered: bool = False
) -> PairedDifference | None:
    return compare_paired(
        METRICS[name], "binary", truth, first, second, positive=True, time_ordered=ordered, seed=3
    )


@pytest.mark.parametrize(
    ("rho", "time_ordered"), [(0.0, False), (0.7, True)], ids=["independent", "autocorrelated"]
)
def test_p3_equal_models_pass_by_chance_less_often_than_one_time_in_twenty(
    rho: float, time_ordered: bool
) -> None:
    random = np.random.default_rng(20)
    found = [
        of_gains(series(random, 200, rho), time_ordered=time_ordered, seed=seed)
        for seed in range(800)
    ]
    assert 0.005 < np.mean([one.low > 0 for one in found]) <= 0.04  # 0.025 is nominal
    assert 0.005 < np.mean([one.high < 0 for one in found]) <= 0.04


def test_without_the_order_of_time_autocorrelated_rows_would_pass_too_often() -> None:
    random = np.random.default_rng(21)
    passes = [of_gains(series(random, 200, 0.7), time_ordered=False).low > 0 for _ in range(200)]
    assert np.mean(passes) > 0.1


def test_a_real_gain_is_found_as_often_as_the_minimum_detectable_difference_says() -> None:
    random = np.random.default_rng(22)
    gain = of_gains(random.standard_normal(200), time_ordered=False).minimum_detectable
    found = [
        of_gains(gain + random.standard_normal(200), time_ordered=False, seed=seed).low > 0
        for seed in range(400)
    ]
    assert 0.7 < np.mean(found) < 0.9


def test_the_interval_of_a_mean_is_near_the_t_interval() -> None:
    gains = np.random.default_rng(23).normal(0.2, 1.0, 500)
    found = of_gains(gains, time_ordered=False, resamples=2000)
    half = 1.965 * gains.std(ddof=1) / np.sqrt(500)
    assert found.difference == pytest.approx(gains.mean())
    assert found.low == pytest.approx(gains.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(gains.mean() + half, abs=0.1 * half)


def test_dependent_rows_count_for_less() -> None:
    found = of_gains(series(np.random.default_rng(24), 2000, 0.7), time_ordered=True)
    assert 200 < found.effective_rows < 600  # 2000 * (1 - 0.7) / (1 + 0.7) = 353
    assert 20 <= found.block_length <= 40


def test_few_rows_in_time_order_leave_few_degrees_of_freedom() -> None:
    found = of_gains(np.random.default_rng(31).standard_normal(20), time_ordered=True)
    quantile, power = 4.303, 0.842  # t with 0.4 * 20 ** (2 / 3) = 2 degrees of freedom
    half = found.high - found.difference
    assert half / found.minimum_detectable == pytest.approx(quantile / (quantile + power), 1e-3)


def test_one_lucky_row_is_never_a_gain() -> None:
    gains = np.zeros(500)
    gains[7] = 1000.0
    assert of_gains(gains, time_ordered=False).low <= 0


def test_four_rows_in_favour_and_none_against_are_not_enough() -> None:
    truth = np.zeros(400, dtype=bool)
    wrong = np.zeros(400, dtype=bool)
    wrong[:4] = True
    first, second = Answers(wrong, classes=(False, True)), Answers(truth, classes=(False, True))
    four = compare("accuracy", truth, first, second)
    assert four is not None
    assert four.low <= 0  # the sign test says p = 0.06
    wrong[:8] = True
    eight = compare("accuracy", truth, Answers(wrong, classes=(False, True)), second)
    assert eight is not None
    assert eight.low > 0


def test_the_roc_auc_interval_equals_the_one_of_delong() -> None:
    random = np.random.default_rng(25)
    truth = random.random(400) < 0.3
    first, second = classifier(random, truth, 1.5), classifier(random, truth, 1.0)
    found = compare("roc_auc", truth, first, second)
    assert found is not None
    error = delong_error(truth, first, second)
    assert found.high - found.difference == pytest.approx(1.966 * error, rel=0.1)
    assert found.difference - found.low == pytest.approx(1.966 * error, rel=0.1)


def delong_error(truth: NDArray[np.bool_], first: Answers, second: Answers) -> float:
    """Standard error of the difference of two areas, from all pairs (DeLong 1988)."""
    gaps = []
    for answers in (first, second):
        assert answers.probabilities is not None
        score = answers.probabilities[:, 1]
        apart = score[truth][:, None] - score[~truth][None, :]
        gaps.append((apart > 0) + 0.5 * (apart == 0))
    difference = gaps[1] - gaps[0]
    of_positives, of_negatives = difference.mean(axis=1), difference.mean(axis=0)
    return float(
        np.sqrt(
            of_positives.var(ddof=1) / len(of_positives)
            + of_negatives.var(ddof=1) / len(of_negatives)
        )
    )


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("name", BINARY)
def test_every_binary_metric_sees_a_much_better_model(name: str, ordered: bool) -> None:
    random = np.random.default_rng(26)
    truth = random.random(5000) < 0.3
    first, second = classifier(random, truth, 2.0), classifier(random, truth, 0.4)
    found = compare(name, truth, first, second, ordered=ordered)
    assert found is not None
    assert 0 < found.low < found.difference < found.high
    assert found.rows == 5000


@pytest.mark.parametrize("name", [name for name in BINARY if name != "accuracy"])
def test_p3_no_interval_where_a_metric_is_undefined(name: str) -> None:
    truth = np.zeros(60, dtype=bool)
    said = Answers(truth, np.full((60, 2), np.nan), (False, True))
    assert compare(name, truth, said, said) is None


def test_fd_33_one_positive_row_or_one_row_has_no_interval() -> None:
    random = np.random.default_rng(27)
    truth = np.arange(60) == 5
    said = classifier(random, truth, 1.0)
    assert compare("recall", truth, said, said) is None
    one = Answers(truth[:1], classes=(False, True))
    assert compare("accuracy", truth[:1], one, one) is None


@given(st.integers(0, 2**32), st.sampled_from(BINARY), st.booleans())
def test_swapping_the_sides_negates_the_difference(seed: int, name: str, ordered: bool) -> None:
    random = np.random.default_rng(seed)
    truth = random.random(120) < 0.4
    first, second = classifier(random, truth, 1.0), classifier(random, truth, 1.5)
    there = compare(name, truth, first, second, ordered=ordered)
    back = compare(name, truth, second, first, ordered=ordered)
    assert there is not None
    assert back is not None
    assert there.difference == -back.difference
    assert there.low == pytest.approx(-back.high, abs=1e-12)
    assert there.high == pytest.approx(-back.low, abs=1e-12)
    assert there.low <= there.difference <= there.high


@given(st.integers(0, 2**32), st.sampled_from(BINARY), st.booleans())
def test_identical_answers_differ_by_exactly_nothing(seed: int, name: str, ordered: bool) -> None:
    random = np.random.default_rng(seed)
    truth = random.random(80) < 0.4
    said = classifier(random, truth, 1.0)
    found = compare(name, truth, said, said, ordered=ordered)
    assert found is not None
    assert (found.low, found.difference, found.high) == (0.0, 0.0, 0.0)


def test_the_same_seed_gives_the_same_interval() -> None:
    gains = np.random.default_rng(28).exponential(1.0, 60) - 1.0
    assert of_gains(gains, time_ordered=True) == of_gains(gains, time_ordered=True)


def test_a_large_holdout_gives_the_interval_of_its_rows() -> None:
    gains = np.random.default_rng(29).normal(0.0, 1.0, 50_001)
    found = of_gains(gains, time_ordered=False)
    assert found.block_length > 1
    half = 1.96 / np.sqrt(len(gains))
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)


def test_a_rare_class_is_not_drawn_as_one_lump() -> None:
    """Among 100,000 rows 300 are positive: sums of 50 rows would leave six of them."""
    random = np.random.default_rng(30)
    truth = np.arange(100_000) < 300
    said = [truth & (random.random(100_000) < share) for share in (0.5, 0.6)]
    sides = [Answers(one, classes=(False, True)) for one in said]
    found = compare("recall", truth, *sides)
    assert found is not None
    spread = np.sqrt((0.5 * 0.5 + 0.6 * 0.4) / 300)
    assert found.difference - found.low == pytest.approx(1.97 * spread, rel=0.25)
    assert found.high - found.difference == pytest.approx(1.97 * spread, rel=0.25)


def test_gains_by_row_add_up_to_the_difference_and_point_at_the_rows_that_made_it() -> None:
    random = np.random.default_rng(32)
    truth = random.random(2000) < 0.4
    first, second = classifier(random, truth, 1.0), classifier(random, truth, 1.0)
    for name in BINARY:
        sides = [prepare("binary", truth, one, True) for one in (first, second)]
        gains = gains_by_row(METRICS[name], *sides)
        found = compare(name, truth, first, second)
        assert found is not None
        assert gains.mean() == pytest.approx(found.difference, abs=1e-7), name
        if name in {"log_loss", "brier", "accuracy"}:
            how = METRICS[name].how
            assert isinstance(how, Sums)
            own = [list(how.columns(side))[1] for side in sides]
            sign = 1.0 if METRICS[name].greater_is_better else -1.0
            assert gains == pytest.approx(sign * (own[1] - own[0]), abs=1e-6), name
