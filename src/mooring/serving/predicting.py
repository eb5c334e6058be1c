"""Answering the parts of several requests with one call to each model version."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from mooring.errors import MooringError, UserCodeError
from mooring.serving.log import PredictionRecord, Value
from mooring.serving.requests import TypedRows, frame_of

if TYPE_CHECKING:
    from mooring.lineage.answers import Answers, Label
    from mooring.serving.context import FeatureAge
    from mooring.serving.domain import Outside
    from mooring.serving.versions import ServedVersion

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one request that go to one model version.

    Parameters
    ----------
    deployment : str
    version : ServedVersion
    rows : TypedRows
    inputs : sequence of bytes
        What the log keeps of each row.
    ids : sequence of str
        The prediction id of each row.
    keys : sequence of str or None
        What keeps each row on its arm.
    at : datetime
    outside : mapping
        How many values are beyond the version's contract, by field and rule.
    context : sequence of bytes
        What the log keeps of each row beside its inputs; empty when nothing is.
    ages : sequence of FeatureAge
        How old the features of each row are; empty when no field tells it.
    """

    deployment: str
    version: ServedVersion
    rows: TypedRows
    inputs: Sequence[bytes]
    ids: Sequence[str]
    keys: Sequence[str | None]
    at: datetime
    outside: Outside = field(default_factory=dict)
    context: Sequence[bytes] = ()
    ages: Sequence[FeatureAge] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a model version said about a part, as plain values that JSON can hold."""

    predictions: Sequence[Value]
    probabilities: Sequence[Sequence[float]] | None
    classes: tuple[Label, ...]


def predict(parts: Sequence[Part]) -> list[Said | MooringError]:
    """Answers each part; those of one model version share one call.

    When a shared call fails, each of its parts is asked alone: a bad row fails its own request and
    never its neighbours'.

    Returns
    -------
    list of Said or MooringError
        In the order of the parts.
    """
    groups: dict[str, list[int]] = {}
    for i, part in enumerate(parts):
        groups.setdefault(part.version.id, []).append(i)
    outcomes: dict[int, Said | MooringError] = {}
    for places in groups.values():
        together = _together([parts[i] for i in places])
        outcomes.update(zip(places, together, strict=True))
    return [outcomes[i] for i in range(len(parts))]


def records_of(part: Part, said: Said) -> list[PredictionRecord]:
    """What the log will hold of an answered part."""
    version = part.version.id
    probabilities = said.probabilities
    return [
        PredictionRecord(
            id=part.ids[i],
            at=part.at,
            deployment=part.deployment,
            model_version=version,
            key=part.keys[i],
            inputs=part.inputs[i],
            prediction=prediction,
            probabilities=None if probabilities is None else tuple(probabilities[i]),
            context=part.context[i] if part.context else None,
        )
        for i, prediction in enumerate(said.predictions)
    ]


def _together(parts: Sequence[Part]) -> list[Said | MooringError]:
    try:
        answers = _ask(parts)
    except MooringError as error:
        return [error] if len(parts) == 1 else [_together([part])[0] for part in parts]
    ends = np.cumsum([part.rows.rows for part in parts])
    spans = zip(parts, [0, *ends[:-1]], ends, strict=True)
    return [_said(part.version, answers, int(start), int(end)) for part, start, end in spans]


def _ask(parts: Sequence[Part]) -> Answers:
    version = parts[0].version.loaded
    frame = frame_of([part.rows for part in parts], version.fields)
    try:
        answers = version.model.answers(frame)
    except MooringError:
        raise
    except Exception as error:  # whatever the model's libraries raise stays with its requests
        _logger.exception("%s could not answer", parts[0].version.id)
        raise _failed(parts[0].version, "raised an error") from error
    if len(answers) != frame.height:
        raise _failed(parts[0].version, f"answered {len(answers)} rows of {frame.height}")
    return answers


def _said(version: ServedVersion, answers: Answers, start: int, end: int) -> Said | MooringError:
    predictions = answers.predictions[start:end]
    finite = predictions.dtype.kind != "f" or bool(np.isfinite(predictions.astype(float)).all())
    if answers.probabilities is None:
        probabilities = None
    else:
        share = answers.probabilities[start:end]
        finite = finite and bool(np.isfinite(share).all())
        probabilities = share.tolist()
    if not finite:
        return _failed(version, "answered a number that is not finite")
    return Said(_plain(predictions), probabilities, answers.classes)


def _plain(predictions: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> list[Value]:
    return [v.item() if isinstance(v, np.generic) else v for v in predictions.tolist()]


def _failed(version: ServedVersion, what: str) -> UserCodeError:
    return UserCodeError(
        f"model version {version.id} {what}",
        fix="the server's log has the details; mooring rollback goes back to the last champion",
    )
