"""What a window's score keeps, as plain JSON: no NaN, numbers of six digits.

The keys of :class:`Detail` are what the retraining triggers, the report and ``--json`` read.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal

import msgspec

from mooring.clock import Window
from mooring.lineage.values import WindowScore
from mooring.pipeline.feature_age import FeatureAges

Drift = Literal["ok", "drift", "unknown"]
Status = Literal["ok", "drift", "degraded", "unknown"]


class Share(msgspec.Struct, frozen=True):
    """The share of rows in one bin, in the baseline and in the window."""

    label: str
    baseline: float
    current: float


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a window against its baseline; None where a score does not apply.

    ``level`` is the PSI that no drift exceeds at these sizes, ``null_rate`` the share of missing
    values in the baseline and in the window. ``moved`` are the bins that moved most, ``bins`` all
    of them, joined to at most twelve.
    """

    name: str
    status: Drift
    reason: str
    importance: float | None = None
    psi: float | None = None
    ks: float | None = None
    jensenshannon: float | None = None
    wasserstein: float | None = None
    level: float | None = None
    p_value: float | None = None
    null_rate: tuple[float | None, float | None] = (None, None)
    unseen_rate: float | None = None
    moved: tuple[Share, ...] = ()
    bins: tuple[Share, ...] = ()


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """The metric on the labelled rows against its value on the holdout.

    ``loss`` is relative and positive when the model got worse; None while the status is unknown.
    ``rows`` are the labelled ones.
    """

    status: Literal["ok", "degraded", "unknown"]
    reason: str
    metric: str | None = None
    value: float | None = None
    baseline: float | None = None
    loss: float | None = None
    rows: int = 0


class FeatureAge(msgspec.Struct, frozen=True, kw_only=True):
    """How old the features of a window's answers were, beside those of the training rows.

    ``told`` is the status where no limit is declared; ``limit`` is in seconds. ``training`` is None
    when the training rows do not say.
    """

    status: Literal["ok", "stale", "unknown", "told"]
    reason: str
    window: FeatureAges
    training: FeatureAges | None = None
    limit: float | None = None


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a score found. ``reason`` says why nothing could be scored; else it is empty.

    ``feature_age`` is None when no field of a request tells it.
    """

    performance: Performance
    drift: Drift = "unknown"
    drifted: tuple[str, ...] = ()
    watched: tuple[Column, ...] = ()
    others: tuple[Column, ...] = ()
    predictions: tuple[Column, ...] = ()
    feature_age: FeatureAge | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """What scoring a window for one model version came to, before it is a fact of the catalog."""

    window: Window
    model_version: str
    rows: int
    labelled: int
    status: Status
    distance: float | None
    detail: Detail

    def says_the_same(self, fact: WindowScore) -> bool:
        """Whether recording this would add nothing to a recorded score of the same window."""
        mine = (self.rows, self.labelled, self.status, self.distance)
        theirs = (fact.rows, fact.labelled, fact.status, fact.distance)
        return mine == theirs and self.detail == read_detail(fact)


def plain(detail: Detail) -> dict[str, object]:
    """The detail as JSON would give it back."""
    found: dict[str, object] = msgspec.json.decode(msgspec.json.encode(detail))
    return found


def read_detail(score: WindowScore) -> Detail:
    """The detail of a recorded score."""
    return msgspec.convert(score.detail, Detail)


def number(value: float | None) -> float | None:
    """A number of six digits; None for NaN and infinities, which JSON does not have."""
    return None if value is None or not isfinite(value) else float(f"{value:.6g}")
