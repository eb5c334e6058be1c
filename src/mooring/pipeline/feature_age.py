"""How old features were when they were used: in training rows, and the summary of any ages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from mooring.pipeline.splitting import instants

if TYPE_CHECKING:
    from collections.abc import Sequence

PART = "feature_age.json"
"""The part of a model version that holds the ages of its training rows."""


class FeatureAges(msgspec.Struct, frozen=True, kw_only=True):
    """The feature ages of some rows, in seconds.

    ``rows`` are all of them and ``unknown`` those without an age; ``median``, ``p95`` and
    ``longest`` are None when no age is known.
    """

    rows: int
    unknown: int
    median: float | None = None
    p95: float | None = None
    longest: float | None = None


def ages_of(seconds: Sequence[float], rows: int) -> FeatureAges:
    """The summary of the ages that are known, of so many rows.

    Examples
    --------
    >>> ages_of([60.0, 120.0, 180.0], 4).median
    120.0
    """
    if not len(seconds):
        return FeatureAges(rows=rows, unknown=rows)
    median, late, longest = (float(v) for v in np.quantile(seconds, (0.5, 0.95, 1.0)))
    unknown = rows - len(seconds)
    return FeatureAges(rows=rows, unknown=unknown, median=median, p95=late, longest=longest)


def ages_in(rows: pl.DataFrame, time: str | None, features_at: str | None) -> FeatureAges | None:
    """The feature ages of training rows: their time less when their features were computed.

    Rows whose features are later than themselves are of unknown age, like those that say nothing.

    Returns
    -------
    FeatureAges or None
        None when either column is not there, or holds no instants.
    """
    if time is None or features_at is None or not {time, features_at} <= set(rows.columns):
        return None
    at, computed = instants(rows[time]), instants(_read(rows[features_at]))
    if at is None or computed is None:
        return None
    age = (at - computed).dt.total_microseconds() / 1e6
    known = age.filter((age >= 0).fill_null(value=False))
    return ages_of(known.to_list(), rows.height)


def _read(column: pl.Series) -> pl.Series:
    """Instants that a CSV holds as text."""
    if column.dtype != pl.String:
        return column
    return column.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
