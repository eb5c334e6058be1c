"""The metrics equal those of scikit-learn, and say None where they are undefined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from mooring.errors import DataError, SettingsError, UserCodeError
from mooring.gates import ranks
from mooring.gates.cases import Case, fault_in, missing_rows, prepare
from mooring.gates.metrics import METRICS, default_metric, find_metric, measure
from mooring.gates.trivial import trivial_answers
from mooring.lineage.answers import Answers

FloatArray = NDArray[np.float64]
CLASSES = ("bus", "car", "train")


def regression_rows(seed: int, rows: int = 300) -> tuple[FloatArray, Answers]:
    random = np.random.default_rng(seed)
    truth = random.normal(1000.0, 3.0, rows)
    return truth, Answers(truth + random.normal(0.2, 1.0, rows))


def binary_rows(
    seed: int, rows: int = 300, steps: int = 10
) -> tuple[NDArray[np.str_], Answers, FloatArray]:
    """Labels, answers with many equal scores, and weights of which some are zero."""
    random = np.random.default_rng(seed)
    chance = random.integers(0, steps + 1, rows) / steps
    truth = np.where(random.random(rows) < 0.2 + 0.6 * chance, "yes", "no")
    said = np.where(chance > 0.5, "yes", "no")
    weights = random.integers(0, 4, rows).astype(np.float64)
    return truth, Answers(said, np.column_stack([1 - chance, chance]), ("no", "yes")), weights


def multiclass_rows(seed: int, rows: int = 300) -> tuple[NDArray[np.str_], Answers]:
    random = np.random.default_rng(seed)
    labels = np.array(CLASSES)
    places = random.integers(0, 3, rows)
    chances = random.dirichlet(np.ones(3), rows) * 0.7
    chances[np.arange(rows), places] += 0.3
    return labels[places], Answers(labels[chances.argmax(axis=1)], chances, CLASSES)


@pytest.mark.parametrize("seed", range(3))
def test_regression_metrics_equal_those_of_scikit_learn(seed: int) -> None:
    truth, answers = regression_rows(seed)
    said = answers.predictions
    assert measure("regression", truth, answers) == pytest.approx(
        {
            "mae": sk.mean_absolute_error(truth, said),
            "rmse": sk.root_mean_squared_error(truth, said),
            "r2": sk.r2_score(truth, said),
            "bias": float(np.mean(said.astype(np.float64) - truth)),
        },
        abs=1e-9,
    )


def expected_binary(
    truth: NDArray[np.str_], answers: Answers, weights: FloatArray | None
) -> dict[str, float]:
    assert answers.probabilities is not None
    actual, score, said = truth == "yes", answers.probabilities[:, 1], answers.predictions
    labels = {"pos_label": "yes", "sample_weight": weights}
    return {
        "log_loss": sk.log_loss(actual, answers.probabilities, sample_weight=weights),
        "brier": sk.brier_score_loss(actual, score, sample_weight=weights),
        "accuracy": sk.accuracy_score(truth, said, sample_weight=weights),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, said, sample_weight=weights),
        "f1": sk.f1_score(truth, said, **labels),
        "precision": sk.precision_score(truth, said, **labels),
        "recall": sk.recall_score(truth, said, **labels),
        "roc_auc": sk.roc_auc_score(actual, score, sample_weight=weights),
        "average_precision": sk.average_precision_score(actual, score, sample_weight=weights),
    }


@pytest.mark.parametrize("steps", [1, 10, 10_000])
def test_binary_metrics_equal_those_of_scikit_learn_with_tied_scores(steps: int) -> None:
    truth, answers, _ = binary_rows(0, steps=steps)
    measured = measure("binary", truth, answers, "yes")
    assert measured == pytest.approx(expected_binary(truth, answers, None), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_weighted_metrics_equal_those_of_scikit_learn(seed: int) -> None:
    truth, answers, weights = binary_rows(seed)
    case = prepare("binary", truth, answers, "yes")
    weighted = {
        name: METRICS[name].value(case, weights) for name in measure("binary", truth, answers)
    }
    assert weighted == pytest.approx(expected_binary(truth, answers, weights), abs=1e-9)
    numbers, said = regression_rows(seed)
    assert METRICS["r2"].value(prepare("regression", numbers, said), weights) == pytest.approx(
        sk.r2_score(numbers, said.predictions, sample_weight=weights), abs=1e-9
    )


def test_multiclass_metrics_equal_those_of_scikit_learn() -> None:
    truth, answers = multiclass_rows(0)
    assert measure("multiclass", truth, answers) == pytest.approx(
        {
            "log_loss": sk.log_loss(truth, answers.probabilities, labels=CLASSES),
            "accuracy": sk.accuracy_score(truth, answers.predictions),
            "f1_macro": sk.f1_score(truth, answers.predictions, average="macro"),
        },
        abs=1e-9,
    )


def test_a_class_the_model_never_saw_counts_against_it() -> None:
    truth, answers = multiclass_rows(1)
    truth = np.where(np.arange(len(truth)) < 30, "boat", truth)
    measured = measure("multiclass", truth, answers)
    assert measured["f1_macro"] == pytest.approx(
        sk.f1_score(truth, answers.predictions, average="macro"), abs=1e-9
    )
    assert measured["log_loss"] is not None
    assert measured["log_loss"] > 0.1 * -np.log(np.finfo(np.float64).eps)


def test_the_order_of_the_classes_does_not_matter() -> None:
    truth, answers = multiclass_rows(2)
    assert answers.probabilities is not None
    turned = Answers(answers.predictions, answers.probabilities[:, ::-1], CLASSES[::-1])
    assert measure("multiclass", truth, turned) == pytest.approx(
        measure("multiclass", truth, answers)
    )


@pytest.mark.parametrize("labels", [(False, True), (0, 1), ("0", "1")])
def test_labels_may_be_booleans_numbers_or_text(labels: tuple[bool | int | str, ...]) -> None:
    truth = np.array([labels[0], labels[1], labels[1], labels[0]])
    answers = Answers(np.array([labels[0], labels[1], labels[0], labels[0]]), classes=labels)
    measured = measure("binary", truth, answers)
    assert measured["recall"] == 0.5
    assert measured["accuracy"] == 0.75


def test_undefined_metrics_are_none_and_never_nan() -> None:
    answers = Answers(np.array(["no", "no"]), np.array([[0.9, 0.1], [0.8, 0.2]]), ("no", "yes"))
    measured = measure("binary", np.array(["no", "no"]), answers, "yes")
    undefined = {name for name, value in measured.items() if value is None}
    ranked = {"roc_auc", "average_precision"}
    assert undefined == ranked | {"f1", "precision", "recall", "balanced_accuracy"}
    assert measure("regression", np.full(3, 2.0), Answers(np.arange(3.0)))["r2"] is None


def test_fd_33_no_rows_make_every_metric_undefined() -> None:
    empty = np.array([], dtype=np.float64)
    assert set(measure("regression", empty, Answers(empty)).values()) == {None}
    chances = Answers(np.array([], dtype=bool), np.zeros((0, 2)), (False, True))
    assert set(measure("binary", np.array([], dtype=bool), chances).values()) == {None}


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e200])
def test_fd_30_an_answer_that_is_not_finite_makes_a_metric_undefined(broken: float) -> None:
    measured = measure("regression", np.array([1.0, 2.0]), Answers(np.array([1.0, broken])))
    assert measured["rmse"] is None
    chances = np.array([[0.5, 0.5], [0.5, np.nan]])
    labels = np.array([True, False])
    assert measure("binary", labels, Answers(labels, chances, (False, True)))["roc_auc"] is None


def test_fd_33_a_label_that_is_missing_makes_every_metric_undefined() -> None:
    truth = np.array(["no", None, "yes"], dtype=object)
    answers = Answers(np.array(["no", "no", "yes"]), classes=("no", "yes"))
    assert set(measure("binary", truth, answers, "yes").values()) == {None}
    assert missing_rows(truth) == 1
    assert missing_rows(np.array([1.0, np.nan, np.inf])) == 2
    assert missing_rows(np.array([1, 2])) == 0


def test_without_probabilities_only_the_metrics_of_labels_are_measured() -> None:
    truth, answers, _ = binary_rows(0)
    measured = measure("binary", truth, Answers(answers.predictions, classes=("no", "yes")))
    known = {name for name, value in measured.items() if value is not None}
    assert known == {"accuracy", "balanced_accuracy", "f1", "precision", "recall"}


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_the_influence_of_a_row_is_the_derivative_by_its_weight(name: str) -> None:
    truth, answers, _ = binary_rows(5, rows=60)
    case = prepare("binary", truth, answers, "yes")
    assert case.score is not None
    how = METRICS[name].how
    assert not hasattr(how, "combine")
    influence = how.influence(ranks.rank(case.truth, case.score))
    assert influence.sum() == pytest.approx(0.0, abs=1e-9)
    for row in range(0, 60, 7):
        weights = np.ones(60)
        weights[row] += 1e-6
        slope = (value_of(name, case, weights) - value_of(name, case)) / 1e-6
        assert influence[row] / 60 == pytest.approx(slope, abs=1e-6)


def value_of(name: str, case: Case, weights: FloatArray | None = None) -> float:
    value = METRICS[name].value(case, weights)
    assert value is not None
    return value


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=40))
def test_roc_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[bool, int]]) -> None:
    truth = np.array([label for label, _ in rows], dtype=np.float64)
    score = np.array([place for _, place in rows], dtype=np.float64)
    gaps = score[truth == 1][:, None] - score[truth == 0][None, :]
    area = ranks.roc_auc(ranks.rank(truth, score))
    if gaps.size:
        assert area == pytest.approx(np.mean((gaps > 0) + 0.5 * (gaps == 0)))
    else:
        assert np.isnan(area)


def test_the_default_metric_uses_every_row() -> None:
    assert default_metric("regression") == "mae"
    assert default_metric("binary") == default_metric("multiclass") == "log_loss"


def test_f1_of_many_classes_is_the_macro_f1() -> None:
    assert find_metric("multiclass", "f1").name == "f1_macro"
    assert find_metric("binary", "f1").name == "f1"


def test_an_unknown_metric_is_refused_with_those_that_fit() -> None:
    with pytest.raises(SettingsError, match="no metric 'auc' for a binary task") as caught:
        find_metric("binary", "auc")
    assert "roc_auc" in caught.value.fix
    with pytest.raises(SettingsError):
        find_metric("regression", "f1")


def test_answers_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(UserCodeError, match=r"shape \(3, 1\)"):
        Answers(np.zeros((3, 1)))
    with pytest.raises(UserCodeError, match=r"shape \(3,\)"):
        Answers(np.zeros(3), np.zeros(3), (False, True))
    with pytest.raises(UserCodeError, match="2 answers for 3 rows"):
        measure("regression", np.zeros(3), Answers(np.zeros(2)))
    with pytest.raises(UserCodeError, match="which classes"):
        measure("binary", np.zeros(3), Answers(np.zeros(3)))
    with pytest.raises(DataError, match="target of a regression is not a number"):
        measure("regression", np.array(["a", "b"]), Answers(np.zeros(2)))


@pytest.mark.parametrize(
    ("chances", "fault"),
    [
        ([[0.5, 0.5], [np.nan, 0.5]], "no finite probabilities for 1 of 2"),
        ([[1.0, 1.0], [0.5, 0.5]], "do not add up to 1 for 1 of 2"),
        ([[1.5, -0.5], [0.5, 0.5]], "do not add up to 1 for 1 of 2"),
    ],
)
def test_fd_30_chances_that_are_no_probabilities_are_a_fault(
    chances: list[list[float]], fault: str
) -> None:
    answers = Answers(np.array([True, False]), np.array(chances), (False, True))
    assert fault in (fault_in(answers, "binary") or "")


@pytest.mark.parametrize(("metric", "constant"), [("mae", 2.0), ("rmse", 4.0), (None, 2.0)])
def test_the_trivial_baseline_is_the_best_constant_for_the_metric(
    metric: str | None, constant: float
) -> None:
    training = np.array([1.0, 2.0, 9.0, np.nan])
    answers = trivial_answers("regression", training, 5, metric=metric)
    assert answers.predictions.tolist() == [constant] * 5


def test_the_trivial_baseline_gives_the_shares_of_the_training_classes() -> None:
    training = np.array(["no", "no", "yes", "no"])
    answers = trivial_answers("binary", training, 3, ("no", "yes"))
    assert answers.predictions.tolist() == ["no"] * 3
    assert answers.probabilities is not None
    assert answers.probabilities.tolist() == [[0.75, 0.25]] * 3
    always = trivial_answers("binary", training, 3, ("no", "yes"), metric="f1", positive="yes")
    assert always.predictions.tolist() == ["yes"] * 3


def test_there_is_no_trivial_baseline_without_labels() -> None:
    with pytest.raises(DataError, match="no training row has a label"):
        trivial_answers("regression", np.array([np.nan]), 3)
    with pytest.raises(DataError, match="no training row has a label"):
        trivial_answers("binary", np.array([None], dtype=object), 3, ("no", "yes"))
