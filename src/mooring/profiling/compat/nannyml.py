"""NannyML's chunks, thresholds and alerts.

Read from NannyML 0.13 (``nannyml.chunk``, ``nannyml.thresholds``,
``nannyml.drift.univariate.calculator``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.errors import DataError, UsageError
from mooring.profiling.compat.column import CompatColumn, Kind
from mooring.profiling.compat.nannyml_methods import METHODS, chi2, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mooring.profiling.compat.sample import Array, Column

__all__ = [
    "METHODS",
    "Univariate",
    "chi2",
    "chunks",
    "deviation_threshold",
    "fit",
    "inferred_kind",
    "judge_column",
    "univariate",
]

DEFAULT_METHOD = "jensen_shannon"
DEFAULT_CHUNKS = 10
_CHI2_ALPHA = 0.05
_LIMITS = {"kolmogorov_smirnov": 1.0}
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Univariate:
    """The scores of one column's chunks by one method.

    Parameters
    ----------
    reference, current : tuple of float
        One score a chunk; NaN for a chunk without values.
    threshold : float
        NannyML's upper threshold; it has no lower one for drift. NaN for ``chi2``, which it judges
        by a p-value.
    alerts : tuple of bool
        One for each current chunk.
    """

    reference: tuple[float, ...]
    current: tuple[float, ...]
    threshold: float
    alerts: tuple[bool, ...]


def univariate(
    reference: Sequence[Column],
    current: Sequence[Column],
    kind: Kind,
    *,
    whole: Column,
    method: str = DEFAULT_METHOD,
) -> Univariate:
    """Scores the chunks of a column against the whole reference.

    Parameters
    ----------
    reference, current : sequence of polars.Series or numpy arrays
        The chunks of either side.
    kind : "numeric" or "categorical"
    whole : polars.Series or numpy array
        The reference that the method is fitted to.
    method : str
        A key of ``METHODS[kind]``.

    Examples
    --------
    >>> x = np.array(["a", "b"] * 20)
    >>> univariate([x[:20], x[20:]], [x[:9]], "categorical", whole=x, method="l_infinity").alerts
    (True,)
    """
    score = fit(method, kind, whole)
    before = tuple(score(chunk) for chunk in reference)
    after = tuple(score(chunk) for chunk in current)
    if method == "chi2":
        alerts = tuple(chi2(whole, chunk).p_value < _CHI2_ALPHA for chunk in current)
        return Univariate(before, after, _NAN, alerts)
    threshold = deviation_threshold(before, limit=_LIMITS.get(method))
    return Univariate(before, after, threshold, tuple(value > threshold for value in after))


def deviation_threshold(
    scores: Sequence[float],
    *,
    deviations: float = 3,
    offset: Callable[[Array], np.float64] = np.mean,
    limit: float | None = None,
) -> float:
    """The mean of the scores of the reference's chunks and three standard deviations (by n).

    Scores of chunks without values do not count. With few chunks this is hardly a threshold;
    NannyML warns below 6.

    Parameters
    ----------
    scores : sequence of float
    deviations : float
        Negative for a lower threshold.
    offset : function of the scores
        What the deviations are added to.
    limit : float, optional
        The method's largest value: a threshold above it is set to it.

    Raises
    ------
    DataError
        When no chunk of the reference has a score.

    Examples
    --------
    >>> round(deviation_threshold([-1, 1, 1, 1]), 3)
    3.098
    """
    known = np.array([value for value in scores if not np.isnan(value)], dtype=np.float64)
    if known.size == 0:
        raise DataError("no chunk of the reference has values, so there is no threshold")
    threshold = float(offset(known) + deviations * np.std(known))
    return threshold if limit is None else min(threshold, limit)


def chunks(rows: int, *, size: int | None = None, number: int | None = None) -> tuple[slice, ...]:
    """Where NannyML cuts a table: by chunk size, by number of chunks, or into ten.

    What is left over is a chunk too, so that a number that does not divide the rows gives one more.

    Raises
    ------
    UsageError
        When a chunk would have no rows.

    Examples
    --------
    >>> chunks(7, size=3)
    (slice(0, 3, None), slice(3, 6, None), slice(6, 7, None))
    """
    step = rows // (number or DEFAULT_CHUNKS) if size is None else size
    if step < 1:
        raise UsageError(f"{rows} rows are too few for NannyML's chunks", fix="chunk_rows=…")
    return tuple(slice(start, min(start + step, rows)) for start in range(0, rows, step))


def judge_column(
    name: str,
    reference: pl.Series,
    current: pl.Series,
    kind: Kind | None,
    *,
    chunk_rows: int | None = None,
) -> CompatColumn:
    """NannyML's default judgement of a column: its current rows as one chunk."""
    taken = kind or inferred_kind(reference)
    cut = [reference[part] for part in chunks(len(reference), size=chunk_rows)]
    found = univariate(cut, [current], taken, whole=reference)
    (score,), (alert,) = found.current, found.alerts
    known = not np.isnan(score)
    return CompatColumn(
        name,
        taken,
        DEFAULT_METHOD,
        score,
        found.threshold,
        alert if known else None,
        "" if known else "the current side of the column has no values",
    )


def inferred_kind(column: pl.Series) -> Kind:
    """What NannyML takes a column of the reference for: any number is continuous.

    Raises
    ------
    DataError
        For what it leaves out: times, lists.
    """
    if column.dtype.is_integer() or column.dtype.is_float():
        return "numeric"
    if column.dtype in (pl.String, pl.Boolean) or isinstance(
        column.dtype, pl.Categorical | pl.Enum
    ):
        return "categorical"
    raise DataError(f"NannyML has no drift score for {column.dtype}")
