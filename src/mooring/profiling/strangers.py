"""What a baseline never held: categories, words, numbers beyond its range."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from mooring.profiling.aligning import Aligned
    from mooring.profiling.counting.names import Names
    from mooring.profiling.profiles import ColumnProfile


class Strangers(NamedTuple):
    """How many were strange, of how many; and how many the baseline leads one to expect.

    Parameters
    ----------
    events, trials : int
        In the window: rows, or words of free text.
    expected, rows : int
        In as many rows of the baseline again (Good-Turing: as many as were seen once; one more
        for its own error, where there is a list of them).
    """

    events: int
    trials: int
    expected: int
    rows: int

    @property
    def rate(self) -> float:
        """Their share of the window; NaN without any trial."""
        return self.events / self.trials if self.trials else nan


def strangers_of(aligned: Aligned) -> list[Strangers]:
    """The strangers of each column of a window."""
    fine = aligned.fine
    ends = fine.ends - 1
    # a baseline that held no number has one bin, and nothing is beyond it
    beyond = np.where(ends > fine.starts, fine.b[fine.starts] + fine.b[ends], 0.0)
    numbers = [*map(int, beyond.tolist()), *[0] * (len(aligned.columns) - aligned.measured)]
    pairs = zip(aligned.columns, numbers, strict=True)
    return [unseen(sides.base, sides.current, number) for sides, number in pairs]


def unseen(base: ColumnProfile, current: ColumnProfile, beyond: int) -> Strangers:
    """The strangers of a window.

    Parameters
    ----------
    base, current : ColumnProfile
    beyond : int
        Numbers of the window beyond the baseline's range.
    """
    if base.kind == "text":
        if not base.names.complete:
            return Strangers(0, current.names.rows, 0, base.names.rows)
        once = sum(1 for count in base.names.counts if count == 1)
        events = _strange(base.names, current.names)
        return Strangers(events, current.names.rows, once + 1, base.names.rows)
    if base.kind in {"categorical", "boolean"}:
        events = _strange(base.names, current.names) if base.names.complete else 0
        extra = 1 if base.kind == "categorical" else 0
        return Strangers(events, current.rows, base.bins.once + extra, base.rows)
    return Strangers(beyond, current.rows, base.non_finite + base.bins.once, base.rows)


def _strange(base: Names, current: Names) -> int:
    known = set(base.texts)
    pairs = zip(current.texts, current.counts, strict=True)
    return current.rest + sum(count for text, count in pairs if text not in known)
