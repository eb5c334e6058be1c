"""Numbers that follow from how much data there is: gates, windows and the learner's settings."""

from __future__ import annotations

import math
import re

import polars as pl

from mooring.settings.model import DataGate, ModelGate, Split
from mooring.starting.instants import DATED, seconds, span_days
from mooring.starting.plan import Choices, Target

_ROWS_IN_WINDOW = 500
_LABEL_KNOWN = re.compile(r"label|outcome|resol|closed|matur")
_DAY = 86_400.0
WEAK = 0.2
"""R² of the best single feature below which features explain little."""


def choose(frame: pl.DataFrame, target: Target, time: str | None) -> Choices:
    """The settings that a table of this size and span asks for.

    Parameters
    ----------
    frame : polars.DataFrame
        All rows.
    target : Target
    time : str or None
    """
    holdout = round(target.labelled * _share(Split().holdout))
    window, every = _window(frame, time)
    delay, why = _delay(frame, time)
    return Choices(
        data_min_rows=max(1, frame.height // 2) if frame.height < 2 * DataGate().min_rows else None,
        model_min_rows=max(2, int(holdout * 0.8)) if holdout < ModelGate().min_rows * 1.2 else None,
        window=window,
        every=every,
        new_rows=_two_digits(max(50, target.labelled * 0.3)),
        label_delay=delay,
        label_delay_reason=why,
    )


def learner_params(target: Target, strongest: float) -> tuple[tuple[str, int | float | str], ...]:
    """Settings of scikit-learn's histogram gradient boosting for this many rows.

    Classes get small steps and few trees: sure of itself is wrong as soon as the world moves, and
    log loss charges for it. Many classes grow that many trees in each round.

    Parameters
    ----------
    target : Target
    strongest : float
        R² of the best single feature of a regression.
    """
    rows, classes = target.labelled * 0.7, len(target.classes)
    tiny, small, large = rows < 2_000, rows < 20_000, rows > 500_000  # noqa: PLR2004
    params: dict[str, int | float | str] = {
        "max_iter": 75 if small else 100,
        "learning_rate": 0.1 if large else 0.05,
        "max_leaf_nodes": 8 if small else 31,
        "min_samples_leaf": max(2, min(20, int(rows / 20))),
        "l2_regularization": 1.0,
    }
    if classes > 10:  # noqa: PLR2004
        params["max_iter"] = max(30, 1000 // classes)
    elif not classes:
        params = {"loss": _loss(target, strongest), **params}
        params["max_iter"] = 100 if tiny or large else 200
        if not tiny:
            params |= {"learning_rate": 0.1, "max_leaf_nodes": 31}
    return tuple(params.items())


def _loss(target: Target, strongest: float) -> str:
    """Where little is explained a skewed target's mean is a worse answer than its median."""
    if target.skewed and strongest < WEAK:
        return "absolute_error"
    return "poisson" if target.counts else "squared_error"


def _share(size: float | str) -> float:
    return size if isinstance(size, float) else 0.2


def _window(frame: pl.DataFrame, time: str | None) -> tuple[str, str]:
    """The shortest window that holds enough rows for a score to mean something."""
    if time is None or not frame.schema[time].is_temporal():
        return "7d", "1d"
    days = max(span_days(frame[time]), 1 / 24)
    for length, every in ((1, "1d"), (7, "1d"), (14, "7d"), (28, "7d")):
        if frame.height / days * length >= _ROWS_IN_WINDOW:
            return f"{length}d", every
    return "90d", "7d"


def _delay(frame: pl.DataFrame, time: str | None) -> tuple[str, str]:
    """When labels are final, from a column that says when each became known."""
    if time is None or not frame.schema[time].is_temporal():
        return "0s", ""
    for column in frame.iter_columns():
        dated = isinstance(column.dtype, DATED) and column.name != time
        if dated and _LABEL_KNOWN.search(column.name.casefold()):
            gap = (seconds(column) - seconds(frame[time])).quantile(0.99)
            if gap is not None and gap > 0:
                return _duration(gap), f"99 % of {column.name} is within this of {time}"
    return "0s", ""


def _duration(gap: float) -> str:
    if gap < 2 * _DAY:
        return f"{math.ceil(gap / 3600)}h"
    return f"{math.ceil(gap / _DAY)}d"


def _two_digits(number: float) -> int:
    scale: int = 10 ** max(0, int(math.log10(number)) - 1)
    return round(number / scale) * scale
