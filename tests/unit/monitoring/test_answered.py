"""The log's texts and numbers come back as what the model answered."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mooring.lineage.answers import Label
from mooring.monitoring.answered import logged_answers, logged_truth


@pytest.mark.parametrize(
    ("logged", "classes", "expected"),
    [
        (["yes", "no"], ("no", "yes"), ["yes", "no"]),
        ([1.0, 0.0], (0, 1), [1, 0]),
        (["true", "false"], (False, True), [True, False]),
        (["3", "unheard"], (3, 4), [3, "unheard"]),
    ],
)
def test_classes_are_known_again(
    logged: list[object], classes: tuple[Label, ...], expected: list[object]
) -> None:
    assert logged_truth(pl.Series(logged), classes).tolist() == expected


def test_numbers_stay_numbers_and_missing_ones_are_nan() -> None:
    found = logged_truth(pl.Series([1.5, None]), ())
    assert found[0] == 1.5
    assert np.isnan(found[1])


def test_probabilities_come_back_in_their_shape() -> None:
    meta = pl.DataFrame({"prediction": ["a", "b"], "probabilities": [[0.9, 0.1], [0.2, 0.8]]})
    answers = logged_answers(meta, ("a", "b"))
    assert answers.probabilities is not None
    assert answers.probabilities.tolist() == [[0.9, 0.1], [0.2, 0.8]]


def test_a_row_without_probabilities_leaves_none() -> None:
    meta = pl.DataFrame({"prediction": ["a", "b"], "probabilities": [[0.9, 0.1], None]})
    assert logged_answers(meta, ("a", "b")).probabilities is None
