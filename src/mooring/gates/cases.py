"""Truth and answers as numbers that a metric can use, and what is wrong with them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mooring.errors import DataError, UserCodeError
from mooring.gates.ranks import Ranked, rank
from mooring.lineage.answers import Answers, Label

if TYPE_CHECKING:
    from mooring.settings.model import Task

Column = NDArray[np.generic]
FloatArray = NDArray[np.float64]
_SLACK = 1e-3


@dataclass(frozen=True, eq=False)
class Case:
    """Truth and answers as numbers, ready for the metrics.

    ``truth`` and ``predicted`` hold values (regression), 1.0 for the positive class and 0.0 for the
    rest (binary), or places among ``labels`` classes (multiclass). ``chance`` is the probability
    that was given to the true class, ``score`` the one given to the positive class.
    """

    truth: FloatArray
    predicted: FloatArray
    chance: FloatArray | None = None
    score: FloatArray | None = None
    labels: int = 0

    @cached_property
    def ranked(self) -> Ranked:
        """The rows by score, sorted once for all that want it; all alike without scores."""
        score = np.zeros(len(self.truth)) if self.score is None else self.score
        return rank(self.truth, score)

    def only(self, rows: NDArray[np.bool_]) -> Case:
        """The same of some rows."""
        chance, score = self.chance, self.score
        return Case(
            self.truth[rows],
            self.predicted[rows],
            None if chance is None else chance[rows],
            None if score is None else score[rows],
            self.labels,
        )


def missing_rows(truth: Column) -> int:
    """How many rows have no label: None, NaN or infinite."""
    if truth.dtype == object:
        return sum(1 for value in truth.tolist() if value is None or _not_finite(value))
    if np.issubdtype(truth.dtype, np.floating):
        return int(np.count_nonzero(~np.isfinite(truth.astype(np.float64))))
    return 0


def _not_finite(value: object) -> bool:
    return isinstance(value, float | np.floating) and not math.isfinite(value)


def fault_in(answers: Answers, task: Task) -> str | None:
    """Why the answers cannot be used, as the end of a sentence; None when they can."""
    if broken := missing_rows(answers.predictions):
        return f"gives no finite prediction for {broken} of {len(answers)} rows"
    chances = answers.probabilities
    if task == "regression" or chances is None or not len(answers):
        return None
    if broken := int(np.count_nonzero(~np.isfinite(chances).all(axis=1))):
        return f"gives no finite probabilities for {broken} of {len(answers)} rows"
    # Log loss only reads the true class: a row of ones would look perfect.
    proper = (chances >= 0).all(axis=1) & (np.abs(chances.sum(axis=1) - 1.0) <= _SLACK)
    if broken := int(np.count_nonzero(~proper)):
        return f"gives probabilities that do not add up to 1 for {broken} of {len(answers)} rows"
    return None


def is_constant(answers: Answers) -> bool:
    """Whether every row got the same answer, probabilities included."""
    if not all_same(answers.predictions):
        return False
    chances = answers.probabilities
    return chances is None or bool((chances == chances[:1]).all())


def all_same(values: Column) -> bool:
    """Whether all values are equal; so for none."""
    return bool(np.all(values == values[:1]))


def prepare(task: Task, truth: Column, answers: Answers, positive: Label | None = None) -> Case:
    """Truth and answers as numbers; parameters and errors as for ``metrics.measure``."""
    if len(truth) != len(answers):
        raise UserCodeError(
            f"the model gave {len(answers)} answers for {len(truth)} rows",
            fix="features and predict must keep every row, in its order",
        )
    if task == "regression":
        return Case(_numbers(truth, "target"), _numbers(answers.predictions, "prediction"))
    if not answers.classes:
        raise UserCodeError(
            "the model does not say which classes it knows",
            fix="return a classifier with classes_ from train",
        )
    if task == "binary":
        return _binary(truth, answers, answers.classes[-1] if positive is None else positive)
    return _multiclass(truth, answers)


def _numbers(values: Column, what: str) -> FloatArray:
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"a {what} of a regression is not a number",
            where=str(error),
            fix="set data.task to binary or multiclass, or make the column numeric",
        ) from error


def equals(values: Column, label: Label) -> NDArray[np.bool_]:
    """Which values equal the label; none when their types cannot be compared."""
    same = np.asarray(values == label)
    return same.astype(bool) if same.shape == values.shape else np.zeros(values.shape, dtype=bool)


def _binary(truth: Column, answers: Answers, positive: Label) -> Case:
    actual = equals(truth, positive).astype(np.float64)
    predicted = equals(answers.predictions, positive).astype(np.float64)
    if answers.probabilities is None:
        return Case(actual, predicted, labels=2)
    score = np.zeros(len(actual))  # a class the model never saw has no chance
    for place, label in enumerate(answers.classes):
        if label == positive:
            score = answers.probabilities[:, place].astype(np.float64)
    return Case(actual, predicted, np.where(actual > 0, score, 1.0 - score), score, labels=2)


def _multiclass(truth: Column, answers: Answers) -> Case:
    labels = list(answers.classes)
    actual, predicted = _codes(truth, labels), _codes(answers.predictions, labels)
    if answers.probabilities is None:
        return Case(actual, predicted, labels=len(labels))
    known = actual < len(answers.classes)
    place = np.where(known, actual, 0).astype(np.intp)
    chance = answers.probabilities[np.arange(len(actual)), place].astype(np.float64)
    return Case(actual, predicted, np.where(known, chance, 0.0), labels=len(labels))


def _codes(values: Column, labels: list[Label]) -> FloatArray:
    """The place of each value in ``labels``, which grows by the values it does not hold yet."""
    codes = np.full(len(values), -1.0)
    for place, label in enumerate(labels):
        codes[equals(values, label)] = place
    for label in dict.fromkeys(values[codes < 0].tolist()):
        codes[equals(values, label)] = len(labels)
        labels.append(label)
    return codes
