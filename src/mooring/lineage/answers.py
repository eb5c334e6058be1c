"""What a model version said about some rows, and the labels that it learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mooring.errors import UserCodeError

Label = str | int | float | bool
"""A class that a model can answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one model version said about n rows.

    Parameters
    ----------
    predictions : array, shape (n,)
        ``float64`` for a regression, class labels (str, int or bool) for a classification.
    probabilities : array of float64, shape (n, k), or None
        One column per class, in the order of ``classes``; None without ``predict_proba``.
    classes : tuple of labels
        The k classes the model knows; empty for a regression.

    Raises
    ------
    UserCodeError
        When the shapes do not fit together.

    Examples
    --------
    >>> len(Answers(np.array([1.5, 2.5])))
    2
    """

    predictions: NDArray[np.generic]
    probabilities: NDArray[np.floating] | None = None
    classes: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        """Refuse shapes that do not fit together."""
        if self.predictions.ndim != 1:
            raise UserCodeError(
                f"predict answered an array of shape {self.predictions.shape}",
                fix="answer one value per row: a one-dimensional array",
            )
        wanted = (len(self.predictions), len(self.classes))
        if self.probabilities is not None and self.probabilities.shape != wanted:
            raise UserCodeError(
                f"predict_proba answered an array of shape {self.probabilities.shape}",
                where=f"{wanted[0]} rows, {wanted[1]} classes: {self.classes}",
                fix=f"answer shape {wanted}: a row per row, a column per class",
            )

    def __len__(self) -> int:
        return len(self.predictions)


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of the training rows, in the few numbers that the best constant needs.

    Parameters
    ----------
    median, mean : float, optional
        Of a regression.
    counts : tuple of int
        By class, in the order of ``classes``; empty for a regression.
    """

    median: float | None = None
    mean: float | None = None
    counts: tuple[int, ...] = ()
