"""Floods: one text takes over a column of texts too many to list, such as ids.

Such a column has no bins, and new ids are no drift. But a default id that a broken client sends, or
one customer's retries, is: a text that takes a share of the rows which it did not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mooring.profiling.counting.many import HEAVY

if TYPE_CHECKING:
    from mooring.profiling.profiles import ColumnProfile

FLOOR = 0.05
"""The least rise of a text's share that counts, as in the data gate for a value that floods."""


class Flood(NamedTuple):
    """A text, and its rows on both sides.

    Parameters
    ----------
    text : str
    before, rows : int
        The baseline's rows with it, at most, of how many.
    now, trials : int
        The window's.
    """

    text: str
    before: int
    rows: int
    now: int
    trials: int

    @property
    def rise(self) -> float:
        """By how much its share rose."""
        return self.now / self.trials - self.before / self.rows


def flood_of(base: ColumnProfile, current: ColumnProfile) -> Flood | None:
    """The text whose share rose most; None where texts are listed, or none is frequent.

    Parameters
    ----------
    base : ColumnProfile
        Of a baseline whose texts were too many to list.
    current : ColumnProfile
    """
    many = base.names.many
    if many is None or base.kind != "categorical" or not current.present:
        return None
    least = current.rows / HEAVY
    found = [pair for pair in current.names.frequent()[:HEAVY] if pair[1] >= least]
    if not found:
        return None
    before = many.at_most([text for text, _ in found])
    now = np.array([rows for _, rows in found])
    rise = int(np.argmax(now / current.rows - before / base.rows))
    return Flood(found[rise][0], int(before[rise]), base.rows, int(now[rise]), current.rows)
