"""NannyML's data reconstruction, for people who come from it: the same numbers, and its limits.

Read from NannyML 0.13 (``nannyml.drift.multivariate.data_reconstruction.calculator``). It measures
its reference by directions that were fitted to the same rows, and alarms at three standard
deviations of what are mostly ten chunks; ``reconstruction`` does neither.

Its domain classifier is not here: the numbers are those of one LightGBM release.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.errors import DataError
from mooring.profiling.compat.nannyml import deviation_threshold
from mooring.profiling.multivariate.directions import KEPT, directions, left_out
from mooring.profiling.multivariate.reconstruction import frequencies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

BOUNDS = 3
"""Sampling errors between a score and either confidence boundary."""


@dataclass(frozen=True, slots=True)
class ChunkError:
    """The mean reconstruction error of one chunk, and its standard error (NaN for a single row)."""

    value: float
    sampling_error: float

    @property
    def confidence(self) -> tuple[float, float]:
        """NannyML's confidence boundaries, lower and upper."""
        reach = BOUNDS * self.sampling_error
        return max(self.value - reach, 0.0), self.value + reach


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Scores of every chunk, and what NannyML makes of them.

    Parameters
    ----------
    reference, current : tuple of ChunkError
    thresholds : (lower, upper)
        NaN without chunks of the reference; the lower is NaN when it would be below zero.
    alerts : tuple of bool
        One for each current chunk.
    """

    reference: tuple[ChunkError, ...]
    current: tuple[ChunkError, ...]
    thresholds: tuple[float, float]
    alerts: tuple[bool, ...]


def nannyml_reconstruction(
    reference: pl.DataFrame,
    chunks: Iterable[pl.DataFrame],
    *,
    reference_chunks: Iterable[pl.DataFrame] = (),
    categorical: Sequence[str] = (),
    kept: float = KEPT,
) -> Reconstruction:
    """The mean reconstruction error of each chunk by directions fitted to the whole reference.

    Parameters
    ----------
    reference : DataFrame
        Its columns are the features: numbers, booleans, and text.
    chunks, reference_chunks : iterable of DataFrame
        Chunks that are scored; without the reference's there are no thresholds and no alerts.
    categorical : sequence of str
        Columns of numbers that are categories, as pandas' ``category`` is to NannyML. Text and
        booleans always are.
    kept : float, in (0, 1)
        NannyML's ``n_components``.

    Raises
    ------
    DataError
        When the reference has no rows, or nothing in it varies.

    Examples
    --------
    >>> rows = pl.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [0.0, 1.0, 3.0, 2.0]})
    >>> round(nannyml_reconstruction(rows, [rows]).current[0].value, 4)
    0.3162
    """
    fitted = _Fitted.of(reference, frozenset(categorical), kept)
    before = tuple(fitted.score(chunk) for chunk in reference_chunks)
    after = tuple(fitted.score(chunk) for chunk in chunks)
    if not before:
        return Reconstruction(before, after, (nan, nan), (False,) * len(after))
    usual = [found.value for found in before]
    low, high = (deviation_threshold(usual, deviations=deviations) for deviations in (-3, 3))
    bounds = (low if low >= 0 else nan, high)
    floor = low if low >= 0 else -inf
    return Reconstruction(
        before, after, bounds, tuple(not floor < found.value < high for found in after)
    )


@dataclass(frozen=True, slots=True)
class _Fitted:
    """What the whole reference says about any row."""

    reference: pl.DataFrame
    categorical: frozenset[str]
    means: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    axes: NDArray[np.float64]

    @classmethod
    def of(cls, reference: pl.DataFrame, named: frozenset[str], kept: float) -> _Fitted:
        if reference.is_empty():
            raise DataError("the reference has no rows")
        coded = frozenset(
            name
            for name, dtype in reference.schema.items()
            if name in named or not dtype.is_numeric()
        )
        raw = _numbers(reference, reference, coded)
        means = np.array(
            [np.nanmean(column) if np.isfinite(column).any() else 0.0 for column in raw.T]
        )
        data = np.where(np.isnan(raw), means, raw)
        centre, spread = data.mean(axis=0), data.std(axis=0)
        # scikit-learn's StandardScaler leaves what is constant but for rounding unscaled.
        noise = 10 * np.finfo(np.float64).eps * np.maximum(np.abs(centre), 1)
        if not (spread > noise).any():
            raise DataError("no column of the reference varies", fix="other columns")
        spread = np.where(spread > noise, spread, 1.0)
        axes = directions((data - centre) / spread, kept)
        return cls(reference, coded, means, centre, spread, axes)

    def score(self, chunk: pl.DataFrame) -> ChunkError:
        raw = _numbers(chunk.select(self.reference.columns), self.reference, self.categorical)
        if len(raw) == 0:
            return ChunkError(nan, nan)
        data = (np.where(np.isnan(raw), self.means, raw) - self.centre) / self.spread
        errors = np.linalg.norm(left_out(data, self.axes), axis=1)
        spread = float(errors.std(ddof=1)) if errors.size > 1 else nan
        return ChunkError(float(errors.mean()), spread / errors.size**0.5)


def _numbers(
    frame: pl.DataFrame, reference: pl.DataFrame, categorical: frozenset[str]
) -> NDArray[np.float64]:
    """Categories as their share of the reference; missing numbers as NaN."""
    return np.column_stack(
        [
            frequencies(frame[name].cast(pl.String), reference[name].cast(pl.String))
            if name in categorical
            else frame[name].cast(pl.Float64).to_numpy()
            for name in reference.columns
        ]
    )
