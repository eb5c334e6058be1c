"""What a metric is: a function of sums over rows, or of the order of the scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mooring.gates import ranks
from mooring.gates.cases import Case, FloatArray

if TYPE_CHECKING:
    from mooring.settings.model import Task


@dataclass(frozen=True, slots=True)
class Sums:
    """A metric that is ``combine(sums of the columns over rows)``; NaN where it is undefined.

    ``columns`` yields arrays of shape (n,), one at a time; ``combine`` maps (..., c) to (...).
    ``mean`` says that it is the mean of the last column, or its root.
    """

    columns: Callable[[Case], Iterator[FloatArray]]
    combine: Callable[[FloatArray], FloatArray]
    mean: bool = False


@dataclass(frozen=True, slots=True)
class Ranks:
    """A metric of the order of the scores, with the influence of each row on it."""

    value: Callable[[ranks.Ranked], float]
    influence: Callable[[ranks.Ranked], FloatArray]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: what it is called, where it applies, and how it is computed.

    ``decides`` is false for a metric that is reported and cannot judge a candidate.
    """

    name: str
    label: str
    tasks: tuple[Task, ...]
    how: Sums | Ranks
    greater_is_better: bool = False
    needs_probabilities: bool = False
    decides: bool = True

    @property
    def perfect(self) -> float:
        """The value of a model that is always right."""
        return 1.0 if self.greater_is_better else 0.0

    def applies(self, case: Case) -> bool:
        """Whether the answers hold what the metric needs."""
        return not self.needs_probabilities or case.chance is not None

    def value(self, case: Case, weights: FloatArray | None = None) -> float | None:
        """The metric over all rows.

        Parameters
        ----------
        case : Case
        weights : array of numbers >= 0, shape (n,), optional

        Returns
        -------
        float or None
            None when it is undefined: no rows, no probabilities, a class that is not there, NaN.
        """
        if not len(case.truth) or not self.applies(case):
            return None
        with np.errstate(all="ignore"):
            value = self._value(case, weights)
        return value if math.isfinite(value) else None

    def losses(self, case: Case) -> FloatArray | None:
        """How wrong each row is, more where it is worse; None where rows have no error each.

        Of means and their roots only: an F1 or a ROC AUC belongs to all rows together.

        Returns
        -------
        array, shape (n,), or None

        Examples
        --------
        >>> from mooring.gates.metrics import METRICS
        >>> case = Case(np.array([1.0, 0.0]), np.array([1.0, 1.0]))
        >>> METRICS["accuracy"].losses(case)
        array([0., 1.])
        """
        if not isinstance(self.how, Sums) or not self.how.mean or not self.applies(case):
            return None
        *_, by_row = self.how.columns(case)
        return np.asarray(1.0 - by_row if self.greater_is_better else by_row)

    def _value(self, case: Case, weights: FloatArray | None) -> float:
        if isinstance(self.how, Ranks):
            if case.score is None or not np.isfinite(case.score).all():
                return float("nan")
            if weights is None:
                return self.how.value(case.ranked)
            return self.how.value(ranks.rank(case.truth, case.score, weights))
        weighted = (
            column.sum() if weights is None else column @ weights
            for column in self.how.columns(case)
        )
        return float(self.how.combine(np.array(list(weighted), dtype=np.float64)))


def ones(case: Case) -> FloatArray:
    """One for each row, to count them."""
    return np.ones(len(case.truth), dtype=np.float64)


def mean_of(
    by_row: Callable[[Case], FloatArray],
    then: Callable[[FloatArray], FloatArray] = lambda mean: mean,
) -> Sums:
    """A metric that is the mean of one column, or its root."""

    def columns(case: Case) -> Iterator[FloatArray]:
        yield ones(case)
        yield by_row(case)

    return Sums(columns, lambda sums: np.asarray(then(sums[..., 1] / sums[..., 0])), mean=True)
