"""Performance is known when labels are final and enough, and degraded beyond chance and floor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mooring.clock import Window
from mooring.gates.cases import prepare
from mooring.gates.metrics import METRICS
from mooring.lineage.answers import Answers
from mooring.monitoring.detail import Performance
from mooring.monitoring.performance import Holdout, PerformanceRules, judge_performance, not_yet

RULES = PerformanceRules(0.5, 50, 0.2, 0.01, timedelta(days=2))
WEEK = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC))
LATER = datetime(2026, 3, 11, tzinfo=UTC)


def judged(error: float, rows: int, holdout: Holdout, seed: int = 0) -> Performance:
    """The judgement on a regression whose absolute errors have mean ``error``."""
    truth = np.zeros(rows)
    said = Answers(np.random.default_rng(seed).exponential(error, rows))
    return judge_performance(METRICS["mae"], prepare("regression", truth, said), holdout, RULES)


def test_fd_20_nothing_is_said_before_the_labels_are_final() -> None:
    assert "final on 2026-03-10" in not_yet(WEEK, 100, 100, RULES, datetime(2026, 3, 9, tzinfo=UTC))
    assert not_yet(WEEK, 100, 100, RULES, LATER) == ""


@pytest.mark.parametrize(
    ("rows", "labelled", "why"),
    [
        (1000, 0, "no labels yet"),
        (1000, 499, "499 of 1,000 rows are labelled, 50% are needed"),
        (60, 49, "49 labelled rows, 50 are needed"),
    ],
)
def test_p3_too_few_labels_are_unknown_with_their_number(
    rows: int, labelled: int, why: str
) -> None:
    assert not_yet(WEEK, rows, labelled, RULES, LATER) == why


def test_a_large_loss_on_many_rows_is_degraded() -> None:
    found = judged(2.0, 400, Holdout(1.0, 500))
    assert found.status == "degraded"
    assert found.loss == pytest.approx(1.0, abs=0.3)
    assert "worse" in found.reason


def test_a_loss_below_the_floor_is_fine_however_many_rows_show_it() -> None:
    assert judged(1.1, 20_000, Holdout(1.0, 20_000)).status == "ok"


def test_a_loss_that_chance_could_give_is_unknown_and_moves_no_trigger() -> None:
    truth, wild = np.zeros(50), np.zeros(50)
    wild[0] = 100.0
    case = prepare("regression", truth, Answers(wild))
    found = judge_performance(METRICS["mae"], case, Holdout(1.0, 500), RULES)
    assert found.status == "unknown"
    assert found.loss is None
    assert "chance" in found.reason


def test_equal_models_are_seldom_called_degraded() -> None:
    called = [judged(1.0, 60, Holdout(1.0, 200), seed).status for seed in range(300)]
    assert called.count("degraded") <= 9


def test_a_metric_where_more_is_better_is_turned_round() -> None:
    truth = np.array(["a", "b"] * 100)
    wrong = np.where(np.arange(200) < 120, truth, "c")
    case = prepare("multiclass", truth, Answers(wrong, None, ("a", "b", "c")))
    found = judge_performance(METRICS["accuracy"], case, Holdout(0.9, 400), RULES)
    assert found.status == "degraded"
    assert found.loss == pytest.approx((0.9 - 0.6) / 0.9, abs=1e-5)


def test_a_metric_by_rank_has_an_error_too() -> None:
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 2, 400)
    chance = generator.uniform(size=400)
    said = Answers((chance > 0.5).astype(int), np.stack([1 - chance, chance], axis=1), (0, 1))
    case = prepare("binary", truth, said)
    assert judge_performance(METRICS["roc_auc"], case, Holdout(0.9, 400), RULES).loss is not None


def test_p3_predictions_that_are_not_numbers_are_unknown() -> None:
    case = prepare("regression", np.zeros(60), Answers(np.full(60, np.nan)))
    found = judge_performance(METRICS["mae"], case, Holdout(1.0, 60), RULES)
    assert (found.status, found.value) == ("unknown", None)


def test_without_a_holdout_value_there_is_nothing_to_compare_with() -> None:
    assert judged(1.0, 100, Holdout(None, 0)).status == "unknown"


def test_a_holdout_without_error_does_not_divide_by_zero() -> None:
    found = judged(1.0, 100, Holdout(0.0, 100))
    assert found.status == "degraded"
    assert "more than 1000%" in found.reason
