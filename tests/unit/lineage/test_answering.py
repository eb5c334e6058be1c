"""Labels derived from probabilities are those of ``predict``, which is asked in doubt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from mooring.lineage.answering import answers_of

LIKELIEST = [
    DecisionTreeClassifier(max_depth=2, random_state=0),
    ExtraTreesClassifier(4, max_depth=2, random_state=0),
    GradientBoostingClassifier(n_estimators=5, random_state=0),
    HistGradientBoostingClassifier(max_iter=5),
    LogisticRegression(),
    RandomForestClassifier(4, max_depth=2, random_state=0),
    make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=5)),
]
LABELS = [["no", "yes"], [False, True], [2, 7], [0.0, 1.0], ["a", "b", "c"], [3, 5, 9]]


class Classifier(Protocol):
    def fit(self, X: object, y: object) -> object: ...
    def predict(self, X: object) -> np.ndarray: ...


def rows(count: int = 200) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame({"a": rng.integers(0, 6, count) * 1.0, "b": rng.normal(size=count)})


def truth(frame: pl.DataFrame, labels: list[object]) -> np.ndarray:
    noise = np.random.default_rng(1).integers(0, 3, frame.height)
    return np.asarray(labels)[(frame["a"].to_numpy().astype(int) + noise) % len(labels)]


def counted(model: object, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the model from here on."""
    asked: list[str] = []
    for name in ("predict", "predict_proba"):
        own = getattr(model, name)

        def said(X: object, own: Callable[[object], object] = own, name: str = name) -> object:
            asked.append(name)
            return own(X)

        monkeypatch.setattr(model, name, said)
    return asked


@pytest.mark.parametrize("labels", LABELS, ids=str)
@pytest.mark.parametrize("model", LIKELIEST, ids=lambda model: str(model)[:30])
def test_labels_derived_from_probabilities_are_those_of_predict(
    model: Classifier, labels: list[object]
) -> None:
    frame = rows()
    model.fit(frame, truth(frame, labels))
    for some in (frame, frame[:1], frame[:0]):
        wanted = model.predict(some).tolist() if some.height else []
        found = answers_of(model, some, "binary" if len(labels) == 2 else "multiclass")
        assert found.predictions.tolist() == wanted
        assert found.classes == tuple(labels)


def test_boosted_trees_go_through_their_trees_once(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = rows()
    model = make_pipeline(HistGradientBoostingClassifier(max_iter=2)).fit(
        frame, truth(frame, [0, 1])
    )
    asked = counted(model, monkeypatch)
    answers_of(model, frame[:1], "binary")
    assert asked == ["predict_proba"]


def least_likely(model: HistGradientBoostingClassifier, X: object) -> object:
    return np.asarray(model.classes_).take(np.asarray(model.predict_proba(X)).argmin(axis=1))


BASES = (HistGradientBoostingClassifier,)
OWN = type("HistGradientBoostingClassifier", BASES, {"predict": least_likely})
"""A user's class, however it is named."""


@pytest.mark.parametrize(
    "model",
    [
        OWN(max_iter=3),
        FixedThresholdClassifier(LogisticRegression(), threshold=0.9),
        make_pipeline(FixedThresholdClassifier(LogisticRegression(), threshold=0.9)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_classifier_that_may_answer_otherwise_is_asked(model: Classifier) -> None:
    frame = rows()
    model.fit(frame, truth(frame, [0, 1]))
    found = answers_of(model, frame, "binary")
    assert found.predictions.tolist() == model.predict(frame).tolist()
    assert found.probabilities is not None
    assert found.predictions.tolist() != found.probabilities.argmax(axis=1).tolist()


@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
def test_support_vectors_are_asked_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = rows(40)
    model = SVC(probability=True, random_state=0).fit(frame, truth(frame, [0, 1]))
    asked = counted(model, monkeypatch)
    answers_of(model, frame, "binary")
    assert asked == ["predict", "predict_proba"]


def test_equal_probabilities_leave_the_label_to_predict() -> None:
    """A score just above zero is the second class, and both probabilities are 0.5."""
    model = LogisticRegression().fit([[-1.0], [1.0]], [0, 1])
    model.coef_, model.intercept_ = np.array([[1e-18]]), np.array([0.0])
    found = answers_of(model, np.array([[1.0], [-1.0]]), "binary")
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [[0.5, 0.5]] * 2
    assert found.predictions.tolist() == model.predict(np.array([[1.0], [-1.0]])).tolist() == [1, 0]
