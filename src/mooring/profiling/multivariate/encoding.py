"""Columns as numbers for a classifier of trees. Nothing here knows which side a row is of.

That is what keeps the no-drift level exact: the numbers are functions of all rows together, so
without drift the sides remain a random division of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

CATEGORIES = 100
"""The most categories with a code of their own; the others share one."""
STEPS = 120
"""The most distinct numbers that are kept apart; more become as many quantiles."""
DIRECTIONS = 16
"""A wider vector, such as an embedding, is reduced to this many principal directions."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Numbers of every row.

    Parameters
    ----------
    matrix : array of float, (rows, features)
        NaN where a value is missing.
    owners : tuple of str
        The column of each feature.
    categorical : tuple of bool
        Which features are codes without an order.
    """

    matrix: NDArray[np.float64]
    owners: tuple[str, ...]
    categorical: tuple[bool, ...]


def encode(frame: pl.DataFrame, seed: int) -> Encoded:
    """Each column that varies, as one or more features.

    Numbers become their rank among all rows, coarsely: trees cannot tell the difference, and no
    infinity or sentinel matters. Categories become codes; beyond the most frequent ``CATEGORIES``
    they share one, and how frequent and how long the text is joins as features. Vectors become
    their parts, or their principal directions when they are wide.
    """
    parts: list[NDArray[np.float64]] = []
    owners: list[str] = []
    categorical: list[bool] = []
    for column in frame.iter_columns():
        features, codes = _features(column, seed)
        for position, values in enumerate(features):
            if _varies(values):
                parts.append(values)
                owners.append(column.name)
                categorical.append(codes and position == 0)
    matrix = np.column_stack(parts) if parts else np.empty((frame.height, 0))
    return Encoded(matrix, tuple(owners), tuple(categorical))


def vectors(column: pl.Series, seed: int) -> NDArray[np.float64]:
    """A column of lists as a matrix, short lists filled up with NaN; wide ones are reduced."""
    sizes = column.list.len().fill_null(0).to_numpy().astype(np.int64)
    width = int(sizes.max(initial=0))
    matrix = np.full((sizes.size, width), np.nan)
    flat = column.filter(pl.Series(sizes > 0)).explode().to_numpy()
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    matrix[np.repeat(np.arange(sizes.size), sizes), np.arange(flat.size) - starts] = flat
    matrix[~np.isfinite(matrix)] = np.nan
    return matrix if width <= DIRECTIONS else _reduced(matrix, seed)


def _features(column: pl.Series, seed: int) -> tuple[list[NDArray[np.float64]], bool]:
    """The features of a column, and whether the first of them is a code."""
    if column.dtype == pl.String:
        return _categories(column), True
    if isinstance(column.dtype, pl.List):
        return [_ranks(part) for part in vectors(column, seed).T], False
    return [_ranks(column.to_numpy())], False


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Steps from 0, at most ``STEPS`` of them; NaN stays."""
    ranks = np.full(values.shape, np.nan)
    known = ~np.isnan(values)
    distinct, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    if distinct.size <= STEPS:
        ranks[known] = place
    else:
        middle = (np.cumsum(counts) - counts / 2) / place.size
        ranks[known] = np.floor(middle * STEPS)[place]
    return ranks


def _categories(column: pl.Series) -> list[NDArray[np.float64]]:
    counts = (
        column.drop_nulls()
        .value_counts(name="rows")
        .sort(["rows", column.name], descending=[True, False])
    )
    code = np.minimum(np.arange(counts.height), CATEGORIES).astype(np.float64)
    codes = _mapped(column, counts[column.name], code)
    if counts.height <= CATEGORIES:
        return [codes]
    often = _mapped(column, counts[column.name], counts["rows"].to_numpy().astype(np.float64))
    return [codes, _ranks(often), _ranks(column.str.len_chars().cast(pl.Float64).to_numpy())]


def _mapped(
    column: pl.Series, values: pl.Series, numbers: NDArray[np.float64]
) -> NDArray[np.float64]:
    found = column.replace_strict(values, pl.Series(numbers), default=None, return_dtype=pl.Float64)
    return found.to_numpy()


def _varies(values: NDArray[np.float64]) -> bool:
    known = values[~np.isnan(values)]
    return bool(known.size) and (known.size < values.size or bool(known.min() < known.max()))


def _reduced(matrix: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Scores along the main directions; a row without any value stays without."""
    from sklearn.decomposition import PCA

    known = ~np.isnan(matrix)
    filled = np.where(known, matrix, 0.0)
    centre = filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, matrix - centre, 0.0)
    largest = np.abs(filled).max(initial=0.0)
    count = min(DIRECTIONS, *matrix.shape)
    model = PCA(count, svd_solver="randomized", iterated_power=3, random_state=seed)
    scores = np.zeros((len(matrix), count))
    if largest > 0:
        scores = np.asarray(model.fit_transform(filled / largest), dtype=np.float64)
    scores[~known.any(axis=1)] = np.nan
    return scores
