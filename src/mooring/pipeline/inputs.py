"""Which columns a request must bring: those that ``features`` cannot do without."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl
from polars.testing import assert_frame_equal

from mooring.errors import MooringError

_SAMPLE = 50


def needed_columns(
    features: Callable[[pl.DataFrame], pl.DataFrame], rows: pl.DataFrame, candidates: Sequence[str]
) -> tuple[str, ...]:
    """The columns whose absence changes, or breaks, the features of a sample of rows.

    Found by leaving each one out, so that a request need not carry what the model never reads.

    Parameters
    ----------
    features : Callable
        From raw rows to features; raises a MooringError when it cannot.
    rows : polars.DataFrame
        Raw rows; the first 50 are enough to see whether a column is read.
    candidates : Sequence[str]
        The columns that may reach ``features``.
    """
    sample = rows.head(_SAMPLE).select(candidates)
    expected = features(sample)
    return tuple(
        name for name in candidates if not _same_without(features, sample.drop(name), expected)
    )


def _same_without(
    features: Callable[[pl.DataFrame], pl.DataFrame], rows: pl.DataFrame, expected: pl.DataFrame
) -> bool:
    if not rows.width:
        return False
    try:
        assert_frame_equal(features(rows), expected)
    except (AssertionError, MooringError):
        return False
    return True
