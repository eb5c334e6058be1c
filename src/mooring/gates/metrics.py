"""The metrics a gate can judge by, each from per-row parts so that it can be resampled.

Values equal those of scikit-learn; where scikit-learn warns and answers 0, the
metric is undefined here and the value is ``None``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mooring.errors import SettingsError
from mooring.gates import ranks
from mooring.gates.cases import Case, Column, FloatArray, missing_rows, prepare
from mooring.gates.metric import Metric, Ranks, Sums, mean_of, ones
from mooring.lineage.answers import Answers, Label

if TYPE_CHECKING:
    from mooring.settings.model import Task


def _log_loss(case: Case) -> FloatArray:
    # scikit-learn clips at the same place; without it one impossible answer is infinite.
    least = np.finfo(np.float64).eps
    return np.asarray(-np.log(np.clip(_chance(case), least, 1.0 - least)))


def _chance(case: Case) -> FloatArray:
    return np.full(len(case.truth), np.nan) if case.chance is None else case.chance


def _error(case: Case) -> FloatArray:
    return np.asarray(np.abs(case.predicted - case.truth))


def _squared_error(case: Case) -> FloatArray:
    return np.asarray((case.predicted - case.truth) ** 2)


def _right(case: Case) -> FloatArray:
    return np.asarray(case.predicted == case.truth, dtype=np.float64)


def _r2_columns(case: Case) -> Iterator[FloatArray]:
    around = case.truth - case.truth.mean()  # centred first: no cancellation far from zero
    yield ones(case)
    yield _squared_error(case)
    yield around
    yield around**2


def _r2(sums: FloatArray) -> FloatArray:
    spread = sums[..., 3] - sums[..., 2] ** 2 / sums[..., 0]
    return np.where(spread > 0, 1.0 - sums[..., 1] / spread, np.nan)


def _confusion(case: Case) -> Iterator[FloatArray]:
    yield case.truth * case.predicted
    yield (1.0 - case.truth) * case.predicted
    yield case.truth * (1.0 - case.predicted)
    yield (1.0 - case.truth) * (1.0 - case.predicted)


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.where(whole > 0, part / whole, np.nan)


def _f1(sums: FloatArray) -> FloatArray:
    hits, false, missed = sums[..., 0], sums[..., 1], sums[..., 2]
    return _ratio(2 * hits, 2 * hits + false + missed)


def _precision(sums: FloatArray) -> FloatArray:
    return _ratio(sums[..., 0], sums[..., 0] + sums[..., 1])


def _recall(sums: FloatArray) -> FloatArray:
    return _ratio(sums[..., 0], sums[..., 0] + sums[..., 2])


def _balanced_accuracy(sums: FloatArray) -> FloatArray:
    of_negatives = _ratio(sums[..., 3], sums[..., 3] + sums[..., 1])
    return (_recall(sums) + of_negatives) / 2


def _f1_macro_columns(case: Case) -> Iterator[FloatArray]:
    for label in range(case.labels):
        truth, predicted = case.truth == label, case.predicted == label
        yield (truth & predicted).astype(np.float64)
        yield truth.astype(np.float64) + predicted


def _f1_macro(sums: FloatArray) -> FloatArray:
    """Mean F1 over the classes that occur in the truth or in the answers."""
    hits, seen = sums[..., 0::2], sums[..., 1::2]
    occurs = seen > 0
    by_class = np.where(occurs, 2 * hits / np.where(occurs, seen, 1.0), 0.0)
    return _ratio(by_class.sum(axis=-1), occurs.sum(axis=-1).astype(np.float64))


_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
_ALL = (
    Metric("mae", "MAE", ("regression",), mean_of(_error)),
    Metric(
        "rmse",
        "RMSE",
        ("regression",),
        mean_of(_squared_error, np.sqrt),
    ),
    Metric("r2", "R2", ("regression",), Sums(_r2_columns, _r2), greater_is_better=True),
    # A constant model has no bias, so bias alone cannot say which model is better.
    Metric(
        "bias",
        "bias",
        ("regression",),
        mean_of(lambda case: case.predicted - case.truth),
        decides=False,
    ),
    Metric("log_loss", "log loss", _CLASSES, mean_of(_log_loss), needs_probabilities=True),
    Metric(
        "brier",
        "Brier score",
        ("binary",),
        mean_of(lambda case: (1.0 - _chance(case)) ** 2),
        needs_probabilities=True,
    ),
    Metric("accuracy", "accuracy", _CLASSES, mean_of(_right), greater_is_better=True),
    Metric(
        "balanced_accuracy",
        "balanced accuracy",
        ("binary",),
        Sums(_confusion, _balanced_accuracy),
        greater_is_better=True,
    ),
    Metric("f1", "F1", ("binary",), Sums(_confusion, _f1), greater_is_better=True),
    Metric(
        "precision", "precision", ("binary",), Sums(_confusion, _precision), greater_is_better=True
    ),
    Metric("recall", "recall", ("binary",), Sums(_confusion, _recall), greater_is_better=True),
    Metric(
        "roc_auc",
        "ROC AUC",
        ("binary",),
        Ranks(ranks.roc_auc, ranks.roc_auc_influence),
        greater_is_better=True,
        needs_probabilities=True,
    ),
    Metric(
        "average_precision",
        "average precision",
        ("binary",),
        Ranks(ranks.average_precision, ranks.average_precision_influence),
        greater_is_better=True,
        needs_probabilities=True,
    ),
    Metric(
        "f1_macro",
        "macro F1",
        ("multiclass",),
        Sums(_f1_macro_columns, _f1_macro),
        greater_is_better=True,
    ),
)
METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _ALL})
"""Every metric by name."""

__all__ = [
    "METRICS",
    "Answers",
    "Metric",
    "Ranks",
    "Sums",
    "default_metric",
    "find_metric",
    "measure",
]


def default_metric(task: Task) -> str:
    """The metric a gate judges by when the project names none.

    ``mae`` for a regression: it is in the unit of the target, and one bad row cannot decide it.
    ``log_loss`` for classes: it is a proper score, so a model gains nothing by reporting chances
    it does not believe (Gneiting and Raftery 2007), and every row says how right it was. F1 sees
    only which side of a threshold a row fell on; only the few rows on which the two models
    disagree carry evidence, so it wants many times the rows for the same verdict.

    Examples
    --------
    >>> default_metric("binary")
    'log_loss'
    """
    return "mae" if task == "regression" else "log_loss"


def find_metric(task: Task, name: str | None) -> Metric:
    """The metric of this name for this task; ``f1`` means the macro F1 for more than two classes.

    Raises
    ------
    SettingsError
        When there is no such metric for the task.
    """
    wanted = name or default_metric(task)
    if wanted == "f1" and task == "multiclass":
        wanted = "f1_macro"
    metric = METRICS.get(wanted)
    if metric is None or task not in metric.tasks:
        fitting = ", ".join(known.name for known in _ALL if task in known.tasks and known.decides)
        raise SettingsError(
            f"there is no metric {wanted!r} for a {task} task", fix=f"name one of: {fitting}"
        )
    return metric


def measure(
    task: Task, truth: Column, answers: Answers, positive: Label | None = None
) -> dict[str, float | None]:
    """Every metric that applies to the task.

    Parameters
    ----------
    task : "regression", "binary" or "multiclass"
    truth : array, shape (n,)
    answers : Answers about the same n rows
    positive : label, optional
        The class that counts as positive; the last of ``answers.classes`` when absent.

    Returns
    -------
    dict of str to float or None
        None where a metric is undefined on these rows; never NaN.

    Raises
    ------
    DataError
        When the target of a regression is not numeric.
    UserCodeError
        When there are not as many answers as rows, or a classifier names no classes.

    Examples
    --------
    >>> measure("regression", np.array([1.0, 3.0]), Answers(np.array([1.0, 2.0])))["mae"]
    0.5
    """
    case = prepare(task, truth, answers, positive)
    unknown = missing_rows(truth) > 0
    return {
        metric.name: None if unknown else metric.value(case)
        for metric in _ALL
        if task in metric.tasks
    }
