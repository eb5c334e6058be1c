"""Counting texts: no Python object per row.

`kernels.c` looks every text up in a table of those that were met: short ones by what they are,
others by their length, their beginning and a 64-bit hash. Where it is not compiled, a dictionary of
Polars counts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.profiling.counting.compiled import kernels
from mooring.profiling.counting.names import BYTES, MOST, Names, names
from mooring.profiling.counting.scratch import scratch
from mooring.reading.buffers import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mooring.reading.buffers import Chunk

_LISTED = 4096
"""New texts, and long ones, that are listed before the kernel comes back."""
_ROOM = 128
_LOAD = 2
"""Slots for each text there is room for."""
_WORDS = 3
"""64-bit words of a slot."""


class TextCounter:
    """Counts the texts of a column, some rows at a time.

    Parameters
    ----------
    known : sequence of str
        What the baseline has named: is counted even when there are too many texts to list.
    """

    def __init__(self, known: Sequence[str] = ()) -> None:
        self._known = tuple(known)
        self._table = _Table()
        self._apart: dict[str, int] = {}
        self._rest = 0

    def add(self, series: pl.Series) -> None:
        """Count more rows; missing values are left out."""
        if kernels is None:
            self._meet(series.drop_nulls())
        else:
            start = 0
            for chunk in chunks(series):
                rows = len(chunk.values)
                self._add(chunk, series.slice(start, rows))
                start += rows
        if not self._closed and self._too_many():
            self._close()

    def add_counts(self, texts: Iterable[str], counts: Iterable[int]) -> None:
        """Count rows that are counted already."""
        for text, count in zip(texts, counts, strict=True):
            self._apart[text] = self._apart.get(text, 0) + count

    def names(self) -> Names:
        """The texts and their rows so far."""
        return names(self._found(), self._rest, self._known)

    @property
    def _closed(self) -> bool:
        return self._rest > 0

    def _add(self, chunk: Chunk, series: pl.Series) -> None:
        row = 0
        while row < len(chunk.values):
            row, fresh, long, strangers = self._table.count(chunk, row, closed=self._closed)
            self._rest += strangers
            if fresh.size:
                self._table.learn(series.gather(fresh).to_list())
            if long.size:
                self._meet(series.gather(long))

    def _meet(self, present: pl.Series) -> None:
        counted = present.alias("text").value_counts(name="rows")
        if self._closed:
            kept = counted.filter(pl.col("text").is_in(self._known))
            self._rest += present.len() - int(kept["rows"].sum())
            counted = kept
        self.add_counts(counted["text"].to_list(), counted["rows"].to_list())

    def _found(self) -> dict[str, int]:
        total = dict(self._apart)
        for text, count in self._table.counted():
            total[text] = total.get(text, 0) + count
        return total

    def _too_many(self) -> bool:
        if len(self._table.texts) + len(self._apart) <= MOST and self._table.bytes <= BYTES // 2:
            return sum(len(text.encode()) for text in self._apart) > BYTES // 2 and self._over()
        return self._over()

    def _over(self) -> bool:
        found = self._found()
        return len(found) > MOST or sum(len(text.encode()) for text in found) > BYTES

    def _close(self) -> None:
        """Keep what the baseline has named, and only count the rest from now on."""
        found = self._found()
        self._apart = {text: found[text] for text in self._known if found.get(text)}
        self._rest = sum(found.values()) - sum(self._apart.values())
        self._table = _Table()
        if kernels is not None and self._known:
            column = pl.Series(self._known, dtype=pl.String)
            for chunk in chunks(column):
                self._add_known(chunk, column)

    def _add_known(self, chunk: Chunk, column: pl.Series) -> None:
        row = 0
        while row < len(chunk.values):
            row, fresh, _, _ = self._table.count(chunk, row, closed=False)
            self._table.learn(column.gather(fresh).to_list())
        self._table.counts[:] = 0


class _Table:
    """The kernel's table: which text is which entry, and the rows of each."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.bytes = 0
        self.counts: NDArray[np.int64] = np.zeros(_ROOM, dtype=np.int64)
        self._slots = _slots(_ROOM)

    def count(
        self, chunk: Chunk, row: int, *, closed: bool
    ) -> tuple[int, NDArray[np.int64], NDArray[np.int64], int]:
        """Count from a row on, at least one; rows of new texts must be learnt before the next."""
        assert kernels is not None  # noqa: S101 - for the type checker
        used = len(self.texts)
        if used == len(self.counts) and not closed:
            self._grow()
        fresh, long = scratch("fresh", _LISTED, np.int64), scratch("long", _LISTED, np.int64)
        row, now, listed, longer, strangers = kernels.count_texts(
            chunk.values,
            chunk.validity,
            chunk.bit,
            chunk.data,
            self._slots,
            self.counts,
            used,
            closed,
            row,
            fresh,
            long,
        )
        assert now == used + listed  # noqa: S101 - what the table and this list agree on
        return row, fresh[:listed], long[:longer], strangers

    def learn(self, texts: Sequence[str]) -> None:
        """Name the newest entries."""
        self.texts += texts
        self.bytes += sum(len(text.encode()) for text in texts)

    def counted(self) -> Iterable[tuple[str, int]]:
        """Texts and their rows, where there are some."""
        counts = self.counts.tolist()
        return ((text, n) for text, n in zip(self.texts, counts, strict=False) if n)

    def _grow(self) -> None:
        assert kernels is not None  # noqa: S101 - for the type checker
        room = 4 * len(self.counts)
        counts, slots = np.zeros(room, dtype=np.int64), _slots(room)
        counts[: len(self.counts)] = self.counts
        kernels.move_texts(self._slots, slots, counts)
        self.counts, self._slots = counts, slots


def _slots(room: int) -> NDArray[np.uint64]:
    return np.zeros((_LOAD * room, _WORDS), dtype=np.uint64)
