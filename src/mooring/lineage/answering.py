"""The one road from raw rows to answers; training, golden rows and serving all take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeGuard, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from mooring.errors import SettingsError, UserCodeError
from mooring.lineage.answers import Answers, Label
from mooring.lineage.codespace import CodeSpace, user_code

if TYPE_CHECKING:
    import pandas as pd

    Frame: TypeAlias = pl.DataFrame | pd.DataFrame

FrameKind = Literal["polars", "pandas"]


@runtime_checkable
class Predicts(Protocol):
    """The least that a model can do."""

    def predict(self, X: object, /) -> ArrayLike:
        """An answer for each row."""
        ...


@runtime_checkable
class _GivesProbabilities(Protocol):
    def predict_proba(self, X: object, /) -> ArrayLike: ...


def features_of(space: CodeSpace, rows: pl.DataFrame, frame_kind: FrameKind) -> Frame:
    """The project's ``features`` of raw rows.

    Parameters
    ----------
    space : CodeSpace
        The project's code, or a model version's copy of it.
    rows : polars.DataFrame
        Raw input columns.
    frame_kind : str
        The kind of frame that ``features`` receives: ``polars`` or ``pandas``.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        Whatever ``features`` returned; a row for each row.

    Raises
    ------
    UserCodeError
        When ``features`` raises, or returns no frame or another number of rows.
    SettingsError
        When pandas is asked for and missing.

    Examples
    --------
    ``X = features_of(space, rows, "polars")``
    """
    given = like_frame(rows, frame_kind)
    with user_code("features raised an error"):
        made = space.features(given)
    place = f"features in {space.entry}"
    if not _is_frame(made):
        raise UserCodeError(
            f"features returned {type(made).__name__}, not a data frame",
            where=place,
            fix="return the frame; a LazyFrame needs .collect()",
        )
    if len(made) != rows.height:
        raise UserCodeError(
            f"features returned {len(made)} rows for {rows.height}",
            where=place,
            fix="keep every row: filter rows before the data reaches mooring, or inside train",
        )
    return made


def like_frame(frame: pl.DataFrame, kind: FrameKind) -> Frame:
    """A polars frame as the kind that the project's code receives.

    Raises
    ------
    SettingsError
        When pandas is asked for and missing.
    """
    if kind == "polars":
        return frame
    try:
        return frame.to_pandas()
    except ModuleNotFoundError as error:
        raise SettingsError(
            f'frame = "pandas" needs {error.name or "pandas"}, which is not installed',
            where="mooring.toml, [pipeline] frame",
            fix="pip install 'mooring[pandas]'",
        ) from error


def as_polars(frame: object) -> pl.DataFrame:
    """Features as polars, for profiles; the index of a pandas frame is dropped.

    Raises
    ------
    UserCodeError
        When it is not a data frame, or a column cannot be a polars column.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if not _is_pandas(frame):
        raise UserCodeError(f"features returned {type(frame).__name__}, not a data frame")
    with user_code("the features cannot be profiled"):
        made: pl.DataFrame = pl.from_pandas(frame)
    return made


def answers_of(
    model: object,
    X: object,
    task: str,
    classes: tuple[Label, ...] = (),
) -> Answers:
    """What a model says about features.

    Parameters
    ----------
    model : object
        Has ``predict``; for classes possibly ``predict_proba`` and ``classes_``.
    X : data frame, shape (n, features)
        From :func:`features_of`.
    task : str
        ``regression``, ``binary`` or ``multiclass``.
    classes : tuple of labels
        The order of the probabilities, for a model without ``classes_``.

    Returns
    -------
    Answers
        Values that are not finite are returned as they are: gate and server decide.

    Raises
    ------
    UserCodeError
        When the model raises, or answers another shape or type.

    Examples
    --------
    ``answers_of(model, X, "regression").predictions``
    """
    if not isinstance(model, Predicts):
        raise UserCodeError(f"the model ({type(model).__name__}) has no predict")
    rows = len(X) if _is_frame(X) else None
    if task == "regression":
        return Answers(_numbers(_predictions(model, X, rows), "predict"))
    known = _classes(model, classes)
    if not _answers_the_likeliest(model):
        said = _labels(_predictions(model, X, rows))
        return Answers(said, _probabilities(model, X, rows, known), known)
    probabilities = _probabilities(model, X, rows, known)
    likeliest = _likeliest(model, probabilities)
    said = _predictions(model, X, rows) if likeliest is None else likeliest
    return Answers(_labels(said), probabilities, known)


def _predictions(model: Predicts, X: object, rows: int | None) -> NDArray[np.generic]:
    with user_code("predict raised an error"):
        said = np.asarray(model.predict(X) if rows != 0 else [])
    said = said[:, 0] if said.ndim == 2 and said.shape[1] == 1 else said  # noqa: PLR2004
    if rows is not None and said.shape != (rows,):
        raise UserCodeError(
            f"predict answered an array of shape {said.shape} for {rows} rows",
            fix=f"answer one value per row: shape ({rows},)",
        )
    return said


_LIKELIEST = {
    "DecisionTreeClassifier",
    "ExtraTreeClassifier",
    "ExtraTreesClassifier",
    "GradientBoostingClassifier",
    "HistGradientBoostingClassifier",
    "LogisticRegression",
    "LogisticRegressionCV",
    "RandomForestClassifier",
}
"""Classifiers of scikit-learn whose ``predict`` is the likeliest class of ``predict_proba``."""


def _answers_the_likeliest(model: object) -> bool:
    """Whether ``predict`` would only repeat the work of ``predict_proba``.

    By exact type, for a subclass may answer otherwise; ``SVC`` and thresholded classifiers do.
    """
    kind = type(model)
    if kind.__module__.partition(".")[0] != "sklearn":
        return False
    if kind.__name__ == "Pipeline":
        steps: list[tuple[str, object]] = getattr(model, "steps", [])
        return bool(steps) and _answers_the_likeliest(steps[-1][1])
    return kind.__name__ in _LIKELIEST


def _likeliest(
    model: object, probabilities: NDArray[np.float64] | None
) -> NDArray[np.generic] | None:
    """The labels that ``predict`` would answer; None where it must be asked: a tie, or no number.

    A tie, because some compare scores, which still differ where their probabilities do not.
    """
    classes: NDArray[np.generic] = np.asarray(getattr(model, "classes_", ()))
    if probabilities is None or probabilities.ndim != 2 or not len(probabilities):  # noqa: PLR2004
        return None
    if probabilities.shape[1] != len(classes) or not np.isfinite(probabilities).all():
        return None
    if ((probabilities == probabilities.max(axis=1, keepdims=True)).sum(axis=1) > 1).any():
        return None
    labels: NDArray[np.generic] = classes[probabilities.argmax(axis=1)]
    return labels


def _probabilities(
    model: object,
    X: object,
    rows: int | None,
    classes: tuple[Label, ...],
) -> NDArray[np.float64] | None:
    if not isinstance(model, _GivesProbabilities):
        return None
    if not classes:
        raise UserCodeError(
            f"the model ({type(model).__name__}) has predict_proba and does not say its classes",
            fix="give it classes_: the labels in the order of the columns of predict_proba",
        )
    with user_code("predict_proba raised an error"):
        said = np.asarray(model.predict_proba(X) if rows != 0 else np.empty((0, len(classes))))
    return _numbers(said, "predict_proba")


def _numbers(values: NDArray[np.generic], what: str) -> NDArray[np.float64]:
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise UserCodeError(
            f"{what} answered what is not a number: {error}",
            fix="answer numbers, or set [data] task to binary or multiclass",
        ) from error


def _classes(model: object, otherwise: tuple[Label, ...]) -> tuple[Label, ...]:
    own: object = getattr(model, "classes_", None)
    return otherwise if own is None else tuple(_label(c) for c in np.asarray(own).tolist())


def _labels(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Labels as an array of one type; whole floats are the integers they came from."""
    if values.dtype.kind in "Ubi" or not values.size:
        return values
    labels = [_label(value) for value in values.tolist()]
    if len({type(label) for label in labels}) > 1:
        raise UserCodeError("predict answered labels of more than one type", where=str(labels[:3]))
    return np.asarray(labels)


def _label(value: object) -> Label:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str | int | bool):
        return value
    raise UserCodeError(
        f"{value!r} cannot be a class", fix="use text, whole numbers or booleans as labels"
    )


def _is_frame(value: object) -> TypeGuard[Frame]:
    return isinstance(value, pl.DataFrame) or _is_pandas(value)


def _is_pandas(value: object) -> TypeGuard[pd.DataFrame]:
    """Without importing pandas: only code that has imported it can have made one of its frames."""
    return any(
        kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] == "pandas"
        for kind in type(value).__mro__
    )
