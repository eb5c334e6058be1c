"""Principal directions of standardised columns, and how much of a row they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEPT = 0.65
"""The share of variance that is kept: NannyML's default."""


def directions(data: NDArray[np.float64], kept: float = KEPT) -> NDArray[np.float64]:
    """The fewest principal directions that hold more than a share of the variance.

    Parameters
    ----------
    data : array of float, (rows, columns)
        Each column of mean 0.
    kept : float, in (0, 1)

    Returns
    -------
    array of float, (columns, directions)
        Orthonormal; largest variance first.
    """
    variances, axes = np.linalg.eigh(data.T @ data)
    shares = np.cumsum(np.maximum(variances[::-1], 0.0))
    count = int(np.searchsorted(shares / shares[-1], kept, side="right")) + 1
    return axes[:, ::-1][:, :count]


def left_out(data: NDArray[np.float64], axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """What of each row and column the directions do not describe, of the shape of ``data``."""
    return data - (data @ axes) @ axes.T
