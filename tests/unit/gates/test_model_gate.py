"""The model gate passes a better candidate and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mooring.errors import SettingsError
from mooring.gates.model_gate import ModelVerdict, judge
from mooring.gates.trivial import trivial_answers
from mooring.lineage.answers import Answers
from mooring.settings.model import ModelGate

FloatArray = NDArray[np.float64]
RULES = ModelGate(resamples=300)


def noisy(truth: FloatArray, error: float, seed: int) -> Answers:
    return Answers(truth + np.random.default_rng(seed).normal(0.0, error, len(truth)))


def judged(
    truth: FloatArray, candidate: Answers, opponent: Answers, rules: ModelGate = RULES
) -> ModelVerdict:
    return judge("regression", truth, candidate, opponent, "champion v3", rules, time_ordered=False)


def rows_of(count: int) -> FloatArray:
    return np.random.default_rng(0).normal(100.0, 20.0, count)


def chances(truth: NDArray[np.bool_], trust: float) -> Answers:
    """A classifier that leans towards the truth by this much."""
    chance = np.where(truth, 0.5 + trust / 2, 0.5 - trust / 2)
    chance = chance + 0.05 * np.sin(np.arange(len(truth)))
    return Answers(chance > 0.5, np.column_stack([1 - chance, chance]), (False, True))


def judged_binary(
    truth: NDArray[np.bool_] | NDArray[np.object_],
    candidate: Answers,
    opponent: Answers,
    rules: ModelGate = RULES,
) -> ModelVerdict:
    return judge(
        "binary", truth, candidate, opponent, "champion v3", rules, time_ordered=True, positive=True
    )


def test_a_better_candidate_passes_with_its_numbers() -> None:
    truth = rows_of(168)
    verdict = judged(truth, noisy(truth, 5.0, 1), noisy(truth, 10.0, 2))
    assert verdict.outcome == "pass"
    assert verdict.metric == "mae"
    assert verdict.rows == 168
    assert verdict.low is not None
    assert verdict.low > 0
    assert verdict.candidate_metrics["rmse"] is not None
    assert verdict.comparison is not None
    measured, decided = verdict.reasons
    assert measured == (
        "MAE 3.5 against 7.6 for champion v3 on the same 168 rows; improvement 4.2, "
        "95 % interval 3.2 to 5.2; a true gain of 1.4 would be seen 4 times in 5"
    )
    assert decided == "the candidate is better than champion v3"


def test_rows_in_time_order_must_show_more() -> None:
    truth = rows_of(400)
    drifting = 20.0 + 10.0 * np.sin(np.arange(400) / 15.0)
    candidate, opponent = Answers(truth + 19.0), Answers(truth + drifting)
    verdicts = [
        judge("regression", truth, candidate, opponent, "champion v3", RULES, time_ordered=ordered)
        for ordered in (False, True)
    ]
    assert [verdict.outcome for verdict in verdicts] == ["pass", "not_enough_evidence"]


def test_a_worse_candidate_fails() -> None:
    truth = rows_of(168)
    verdict = judged(truth, noisy(truth, 10.0, 1), noisy(truth, 5.0, 2))
    assert verdict.outcome == "fail"
    assert "the candidate is worse than champion v3" in verdict.reasons


def test_an_equal_candidate_with_many_rows_fails_for_want_of_a_gain() -> None:
    truth = rows_of(200_000)
    verdict = judged(truth, noisy(truth, 5.0, 1), noisy(truth, 5.0, 2))
    assert verdict.outcome == "fail"
    assert "no worthwhile gain over champion v3" in verdict.reasons[1]


def test_a_sure_gain_that_is_not_worth_having_fails() -> None:
    truth = rows_of(500)
    opponent = noisy(truth, 5.0, 1)
    slightly = Answers(truth + 0.995 * (opponent.predictions.astype(np.float64) - truth))
    assert judged(truth, slightly, opponent).outcome == "fail"
    any_gain = ModelGate(worthwhile=0.0, resamples=300)
    assert judged(truth, slightly, opponent, any_gain).outcome == "pass"


def test_a_gain_worth_having_is_a_share_of_what_is_left_to_gain() -> None:
    truth = np.arange(20_000) % 2 == 0
    wrong_at = np.arange(len(truth))
    opponent = Answers(truth ^ (wrong_at % 100 == 0), classes=(False, True))  # 99 % right
    candidate = Answers(truth ^ (wrong_at % 200 == 0), classes=(False, True))  # 99.5 % right
    verdict = judged_binary(truth, candidate, opponent, ModelGate(metric="accuracy", resamples=300))
    assert verdict.outcome == "pass"


def test_p3_a_small_difference_on_few_rows_is_not_enough_evidence_and_says_how_many_are() -> None:
    truth = rows_of(100)
    verdict = judged(truth, noisy(truth, 9.5, 1), noisy(truth, 10.0, 2))
    assert verdict.outcome == "not_enough_evidence"
    assert verdict.rows_needed is not None
    assert verdict.rows_needed > 100
    assert f"about {verdict.rows_needed:,} rows would tell" in verdict.reasons[1]


def test_the_rows_needed_are_about_enough() -> None:
    truth = rows_of(400)
    verdict = judged(truth, noisy(truth, 9.3, 3), noisy(truth, 10.0, 5))
    assert verdict.rows_needed is not None
    outcomes = []
    for seed in range(40):
        more = rows_of(verdict.rows_needed)
        assert verdict.difference is not None
        candidate = noisy(more, 10.0 - verdict.difference * 1.2533, 100 + seed)
        outcomes.append(judged(more, candidate, noisy(more, 10.0, 200 + seed)).outcome == "pass")
    assert np.mean(outcomes) > 0.6


def test_p3_too_few_rows_are_not_enough_evidence_however_good_the_candidate() -> None:
    truth = rows_of(49)
    verdict = judged(truth, noisy(truth, 0.1, 1), noisy(truth, 50.0, 2))
    assert verdict.outcome == "not_enough_evidence"
    assert verdict.rows_needed == 50
    assert verdict.reasons == ("49 rows are fewer than the 50 that the gate wants",)
    assert verdict.difference is None


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_fd_30_a_candidate_that_is_not_finite_fails(broken: float) -> None:
    truth = rows_of(100)
    predictions = truth.copy()
    predictions[3] = broken
    verdict = judged(truth, Answers(predictions), noisy(truth, 5.0, 2))
    assert verdict.outcome == "fail"
    assert verdict.reasons == ("the candidate gives no finite prediction for 1 of 100 rows",)
    assert verdict.candidate_value is None


def test_fd_30_a_constant_candidate_fails_unless_the_labels_are_constant_too() -> None:
    truth = rows_of(100)
    verdict = judged(truth, Answers(np.full(100, 100.0)), noisy(truth, 50.0, 2))
    assert verdict.outcome == "fail"
    assert "the same for all 100 rows" in verdict.reasons[0]
    flat = np.full(100, 7.0)
    assert judged(flat, Answers(np.full(100, 7.0)), noisy(flat, 5.0, 2)).outcome == "pass"


def test_a_classifier_that_names_one_class_is_not_constant_while_its_chances_differ() -> None:
    truth = np.arange(400) % 10 == 0
    chance = np.where(truth, 0.4, 0.05) + 0.01 * np.sin(np.arange(400))
    candidate = Answers(
        np.zeros(400, dtype=bool), np.column_stack([1 - chance, chance]), (False, True)
    )
    trivial = trivial_answers("binary", truth, 400, (False, True))
    verdict = judge("binary", truth, candidate, trivial, "trivial baseline", RULES,
                    time_ordered=True)  # fmt: skip
    assert verdict.outcome == "pass"
    assert judged_binary(truth, trivial, candidate).outcome == "fail"


def test_chances_that_are_no_probabilities_cannot_buy_a_pass() -> None:
    truth = np.arange(400) % 3 == 0
    greedy = Answers(chances(truth, 0.1).predictions, np.full((400, 2), 1.0), (False, True))
    verdict = judged_binary(truth, greedy, chances(truth, 0.5))
    assert verdict.outcome == "fail"
    assert "do not add up to 1" in verdict.reasons[0]


def test_fd_33_labels_of_one_class_are_not_enough_evidence() -> None:
    truth = np.zeros(100, dtype=bool)
    verdict = judged_binary(truth, chances(truth, 0.9), chances(truth, 0.1))
    assert verdict.outcome == "not_enough_evidence"
    assert verdict.reasons == ("all 100 rows have the label False: one class only",)


def test_fd_33_a_positive_class_that_no_row_has_is_not_enough_evidence() -> None:
    truth = np.arange(100) % 2
    said = Answers(truth, np.column_stack([1 - truth, truth]).astype(np.float64), (0, 1))
    verdict = judge("binary", truth, said, said, "champion v3", RULES,
                    time_ordered=False, positive="1")  # fmt: skip
    assert verdict.outcome == "not_enough_evidence"
    assert "no row has the positive class '1'; the labels are such as 0, 1" in verdict.reasons[0]


def test_fd_33_missing_labels_are_not_enough_evidence() -> None:
    truth = rows_of(100)
    truth[4] = np.nan
    verdict = judged(truth, noisy(rows_of(100), 1.0, 1), noisy(rows_of(100), 9.0, 2))
    assert verdict.outcome == "not_enough_evidence"
    assert verdict.reasons == ("1 of 100 rows have no usable label",)
    labels = np.array([True, False, None] * 30, dtype=object)
    known = np.array([True, False, True] * 30)
    unsure = judged_binary(labels, chances(known, 0.9), chances(known, 0.1))
    assert unsure.outcome == "not_enough_evidence"


def test_fd_33_an_empty_holdout_is_not_enough_evidence() -> None:
    empty = np.array([], dtype=np.float64)
    verdict = judged(empty, Answers(empty), Answers(empty))
    assert verdict.outcome == "not_enough_evidence"
    assert verdict.rows == 0


def test_fd_33_a_metric_without_its_probabilities_is_not_enough_evidence() -> None:
    truth = np.arange(100) % 2 == 0
    bare = Answers(truth, classes=(False, True))
    verdict = judged_binary(truth, bare, chances(truth, 0.1))
    assert verdict.outcome == "not_enough_evidence"
    assert "log loss needs probabilities and the candidate gives none" in verdict.reasons[0]


def test_fd_33_a_metric_that_is_undefined_is_not_enough_evidence() -> None:
    truth = np.arange(100) % 2 == 0
    never = Answers(np.zeros(100, dtype=bool), chances(truth, 0.5).probabilities, (False, True))
    verdict = judged_binary(truth, never, chances(truth, 0.1), ModelGate(metric="precision"))
    assert verdict.outcome == "not_enough_evidence"
    assert verdict.reasons == ("precision of the candidate is undefined on these rows",)


def test_fd_33_a_broken_opponent_is_no_reason_to_pass() -> None:
    truth = rows_of(100)
    verdict = judged(truth, noisy(truth, 1.0, 1), Answers(np.full(100, np.nan)))
    assert verdict.outcome == "not_enough_evidence"
    assert "champion v3 gives no finite prediction for 100 of 100 rows" in verdict.reasons[0]


def test_rows_that_were_left_out_are_told() -> None:
    truth = rows_of(100)
    verdict = judge("regression", truth, noisy(truth, 1.0, 1), noisy(truth, 9.0, 2), "champion v3",
                    RULES, time_ordered=False, dropped_rows=12)  # fmt: skip
    assert verdict.reasons[-1] == "12 holdout rows were left out before the comparison"


def test_a_metric_that_cannot_decide_is_refused() -> None:
    truth = rows_of(100)
    with pytest.raises(SettingsError, match="bias cannot judge"):
        judged(truth, Answers(truth), Answers(truth), ModelGate(metric="bias"))


def test_a_multiclass_candidate_is_judged_by_its_macro_f1_when_asked() -> None:
    labels = np.array(["bus", "car", "train"])
    truth = labels[np.arange(600) % 3]
    random = np.random.default_rng(4)
    often = np.where(random.random(600) < 0.4, labels[random.integers(0, 3, 600)], truth)
    seldom = np.where(random.random(600) < 0.1, labels[random.integers(0, 3, 600)], truth)
    classes = ("bus", "car", "train")
    verdict = judge("multiclass", truth, Answers(seldom, classes=classes),
                    Answers(often, classes=classes), "champion v3", ModelGate(metric="f1"),
                    time_ordered=False, positive="bus")  # fmt: skip
    assert (verdict.outcome, verdict.metric) == ("pass", "f1_macro")


@pytest.mark.parametrize("worthwhile", [0.0, 0.01])
def test_identical_answers_fail_once_there_are_enough_rows(worthwhile: float) -> None:
    truth = rows_of(60)
    said = noisy(truth, 1.0, 1)
    assert judged(truth, said, said, ModelGate(worthwhile=worthwhile)).outcome == "fail"


@given(st.integers(0, 2**32), st.integers(2, 300), st.booleans())
def test_p3_identical_answers_never_pass(seed: int, rows: int, time_ordered: bool) -> None:
    truth = np.random.default_rng(seed).normal(0.0, 1.0, rows)
    said = noisy(truth, 1.0, seed)
    for rules in (RULES, ModelGate(worthwhile=0.0, min_rows=2, resamples=300)):
        verdict = judge("regression", truth, said, said, "champion v3", rules,
                        time_ordered=time_ordered)  # fmt: skip
        assert verdict.outcome != "pass"


@given(
    st.integers(0, 99),
    st.sampled_from([np.nan, np.inf, -np.inf]),
    st.sampled_from(["truth", "candidate", "opponent"]),
    st.sampled_from(["mae", "rmse", "r2"]),
)
def test_p3_a_number_that_is_not_finite_never_passes(
    row: int, broken: float, side: str, metric: str
) -> None:
    truth = rows_of(100)
    sides = {"truth": truth, "candidate": truth + np.sin(truth), "opponent": truth + 50.0}
    sides[side] = sides[side].copy()
    sides[side][row] = broken
    verdict = judged(sides["truth"], Answers(sides["candidate"]), Answers(sides["opponent"]),
                     ModelGate(metric=metric, resamples=300))  # fmt: skip
    assert verdict.outcome != "pass"


@given(st.integers(0, 2**32), st.floats(0.3, 3.0), st.integers(2, 200))
def test_both_sides_cannot_pass_against_each_other(seed: int, error: float, rows: int) -> None:
    truth = np.random.default_rng(seed).normal(0.0, 1.0, rows)
    one, other = noisy(truth, 1.0, seed), noisy(truth, error, seed + 1)
    outcomes = {judged(truth, one, other).outcome, judged(truth, other, one).outcome}
    assert outcomes != {"pass"}
