"""The trivial baseline: what a candidate must beat when there is no champion yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mooring.errors import DataError
from mooring.gates.cases import Column, equals
from mooring.gates.metrics import find_metric
from mooring.lineage.answers import Answers, Label, Labels

if TYPE_CHECKING:
    from mooring.settings.model import Task


def trivial_answers(  # noqa: PLR0913 - optional details by keyword
    task: Task,
    training_truth: Column,
    rows: int,
    classes: tuple[Label, ...] = (),
    *,
    metric: str | None = None,
    positive: Label | None = None,
) -> Answers:
    """The best answers that ignore the features: the same answer for every row.

    The constant is the best one for the metric, or beating it would prove nothing: the median
    minimises MAE and the mean minimises squared error; the shares of the classes minimise log loss
    and Brier score. The predicted class is the most frequent one, except for ``f1`` and
    ``precision``: there a model that never says the positive class scores 0 or nothing at all, so
    the baseline always says it. For ``recall`` it never does: one that always did would be perfect,
    and nothing could beat it.

    Parameters
    ----------
    task : "regression", "binary" or "multiclass"
    training_truth : array, shape (m,)
        The labels of the training rows; rows without a label do not count.
    rows : int
        How many rows to answer.
    classes : tuple of labels
        The classes, in the order of the probabilities; empty for a regression.
    metric : str, optional
        The metric that will judge; the default of the task when absent.
    positive : label, optional
        The positive class of a binary task; the last of ``classes`` when absent.

    Returns
    -------
    Answers

    Raises
    ------
    DataError
        When no training row has a label.

    Examples
    --------
    >>> trivial_answers("regression", np.array([1.0, 2.0, 9.0]), 2).predictions
    array([2., 2.])
    """
    labels = labels_of(task, training_truth, classes)
    return constant_answers(task, labels, rows, classes, metric=metric, positive=positive)


def labels_of(task: Task, training_truth: Column, classes: tuple[Label, ...] = ()) -> Labels:
    """What the best constant needs to know of the labels of the training rows.

    Raises
    ------
    DataError
        When no training row has a label.

    Examples
    --------
    >>> labels_of("binary", np.array(["no", "yes", "no"]), ("no", "yes")).counts
    (2, 1)
    """
    if task == "regression":
        known = training_truth.astype(np.float64)
        known = known[np.isfinite(known)]
        if not len(known):
            raise _no_labels()
        return Labels(median=float(np.median(known)), mean=float(np.mean(known)))
    counts = [int(np.count_nonzero(equals(training_truth, label))) for label in classes]
    if not sum(counts):
        raise _no_labels()
    return Labels(counts=tuple(counts))


def constant_answers(  # noqa: PLR0913 - optional details by keyword
    task: Task,
    labels: Labels,
    rows: int,
    classes: tuple[Label, ...] = (),
    *,
    metric: str | None = None,
    positive: Label | None = None,
) -> Answers:
    """As :func:`trivial_answers`, of training labels that are known in a few numbers."""
    name = find_metric(task, metric).name
    if task == "regression":
        return Answers(np.full(rows, labels.median if name == "mae" else labels.mean))
    counts = np.array(labels.counts)
    said = classes[int(np.argmax(counts))]
    wanted = classes[-1] if positive is None else positive
    if name in {"f1", "precision"}:
        said = wanted
    elif name == "recall":
        said = next((label for label in classes if label != wanted), said)
    return Answers(np.full(rows, said), np.tile(counts / counts.sum(), (rows, 1)), classes)


def _no_labels() -> DataError:
    return DataError(
        "no training row has a label, so there is no trivial baseline",
        fix="check data.target and the rows of the training window",
    )
