"""Rows of the prediction log as answers and truth, in the classes of the model that answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.lineage.answers import Answers, Label


def logged_answers(meta: pl.DataFrame, classes: Sequence[Label]) -> Answers:
    """What a model version answered, as it would answer again.

    Parameters
    ----------
    meta : polars.DataFrame
        ``LoggedRows.meta``, of one model version.
    classes : sequence of labels
        Of that version; empty for a regression.
    """
    if not classes:
        return Answers(logged_truth(meta["prediction"], classes))
    return Answers(
        logged_truth(meta["prediction"], classes),
        _probabilities(meta["probabilities"], len(classes)),
        tuple(classes),
    )


def logged_truth(values: pl.Series, classes: Sequence[Label]) -> NDArray[np.generic]:
    """Logged labels or predictions in the types of the classes; numbers for a regression.

    Examples
    --------
    >>> logged_truth(pl.Series(["true", "false"]), [False, True]).tolist()
    [True, False]
    """
    if not classes:
        return values.cast(pl.Float64, strict=False).to_numpy()
    known: dict[object, Label] = {}
    for label in classes:
        known |= dict.fromkeys(_spellings(label), label)
    found = [known.get(value, value) for value in values.to_list()]
    kinds = {type(value) for value in found}
    return np.array(found) if len(kinds) == 1 else np.array(found, dtype=object)


def _spellings(label: Label) -> tuple[object, ...]:
    """How the log may spell a class: as a number among numbers, as text among texts."""
    if isinstance(label, bool):
        return (str(label).lower(),)
    if isinstance(label, int | float):
        return (float(label), str(label))
    return (label,)


def _probabilities(values: pl.Series, classes: int) -> NDArray[np.float64] | None:
    """Shape (n, classes); None when a row has none, or another number of them."""
    if values.null_count() or not (values.list.len() == classes).all():
        return None
    return np.array(values.to_list(), dtype=np.float64).reshape(-1, classes)
