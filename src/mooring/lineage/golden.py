"""Golden rows: raw rows with the answers they got when the model was trained (P8)."""

from __future__ import annotations

import io
from collections.abc import Mapping

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.errors import ArtifactError
from mooring.lineage.answers import Answers, Label
from mooring.lineage.canonical import canonical_json

ROWS = "golden.arrow"
EXPECTED = "golden.json"

_RELATIVE, _ABSOLUTE = 1e-6, 1e-9
"""Between processors and batch sizes, sums of floats differ by less; a wrong feature by more."""


class _Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Floats are kept as text that reads back to the same bits, NaN and infinity too."""

    predictions: tuple[Label, ...]
    probabilities: tuple[tuple[str, ...], ...] | None


def golden_parts(rows: pl.DataFrame, answers: Answers) -> dict[str, bytes]:
    """The two parts of a model version that hold golden rows.

    Parameters
    ----------
    rows : polars.DataFrame, shape (n, inputs)
        Raw input columns, as a request has them.
    answers : Answers
        What the model said about these rows.

    Examples
    --------
    ``parts |= golden_parts(rows, answers_of(model, features_of(space, rows, "polars"), task))``
    """
    buffer = io.BytesIO()
    rows.write_ipc(buffer)
    said, chances = answers.predictions, answers.probabilities
    expected = _Expected(
        tuple(_texts(said)) if said.dtype.kind == "f" else tuple(said.tolist()),
        None if chances is None else tuple(tuple(_texts(row)) for row in chances),
    )
    return {ROWS: buffer.getvalue(), EXPECTED: canonical_json(expected)}


def golden_rows(parts: Mapping[str, bytes]) -> pl.DataFrame:
    """The raw rows of a model version.

    Raises
    ------
    ArtifactError
        When there are none, or they cannot be read.
    """
    try:
        return pl.read_ipc(io.BytesIO(_part(parts, ROWS)), use_pyarrow=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ArtifactError(f"{ROWS} cannot be read: {error}") from error


def check_golden(parts: Mapping[str, bytes], found: Answers) -> None:
    """Compare answers to the golden rows with those expected.

    Raises
    ------
    ArtifactError
        Naming the first row that differs, what was expected and what was found.
    """
    try:
        expected = msgspec.json.decode(_part(parts, EXPECTED), type=_Expected)
    except msgspec.DecodeError as error:
        raise ArtifactError(f"{EXPECTED} cannot be read: {error}") from error
    _compare("prediction", _array(expected.predictions, found.predictions), found.predictions)
    if expected.probabilities is not None and found.probabilities is not None:
        wanted = np.array(expected.probabilities, dtype=np.float64)
        _compare("probabilities", wanted.reshape(-1, len(found.classes)), found.probabilities)
    elif expected.probabilities is not None or found.probabilities is not None:
        raise _differs("the model gives probabilities now and did not then, or the reverse", "")


def _compare(what: str, expected: NDArray[np.generic], found: NDArray[np.generic]) -> None:
    if expected.shape != found.shape:
        raise _differs(f"{what} of shape {found.shape} instead of {expected.shape}", "")
    if expected.dtype.kind == "f":
        numbers = found.astype(np.float64), expected.astype(np.float64)
        same = np.isclose(*numbers, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True)
    else:
        same = np.asarray(expected == found)
    wrong = np.flatnonzero(~same.reshape(len(found), -1).all(axis=1))
    if wrong.size:
        row = int(wrong[0])
        raise _differs(
            f"{wrong.size} of {len(found)} golden rows got another {what} than when it was trained",
            f"row {row}: expected {expected[row].tolist()!r}, found {found[row].tolist()!r}",
        )


def _differs(what: str, where: str) -> ArtifactError:
    return ArtifactError(
        what,
        where=where,
        fix="use the library versions it was trained with (its environment.json), or train again",
    )


def _array(values: tuple[Label, ...], like: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.array(values, dtype=np.float64 if like.dtype.kind == "f" else None)


def _texts(numbers: NDArray[np.generic]) -> list[str]:
    return [repr(float(number)) for number in numbers.tolist()]


def _part(parts: Mapping[str, bytes], name: str) -> bytes:
    if name not in parts:
        raise ArtifactError(f"the model version has no {name}", fix="train again: mooring run")
    return parts[name]
