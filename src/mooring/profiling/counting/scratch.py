"""Arrays that are used again and again, one set for each thread.

The system hands out large memory page by page, at the first touch, and takes it back when it is
freed: for arrays of megabytes that costs ten times what is then computed in them.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Held(threading.local):
    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}


_held = _Held()


def scratch(name: str, size: int, dtype: type[np.generic]) -> NDArray[Any]:
    """An array of at least zero rows whose content is whatever this thread left in it.

    Parameters
    ----------
    name : str
        One use: two arrays in use at a time have two names.
    size : int
    dtype : type
    """
    kept = _held.arrays.get(name)
    if kept is None or kept.size < size:
        kept = np.zeros(size, dtype=dtype)
        _held.arrays[name] = kept
    return kept[:size]
