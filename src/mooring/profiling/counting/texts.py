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
from mooring.profiling.counting.many import Many, many_of, many_of_counts
from mooring.profiling.counting.many import merged as merged_many
from mooring.profiling.counting.names import Names, few, names, too_many
from mooring.profiling.counting.scratch import scratch
from mooring.reading.buffers import chunks, texts_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from mooring.reading.buffers import Chunk

_LISTED = 4096
"""New texts, and long ones, that are listed before the kernel comes back."""
_SLOTS, _FREE = 4096, 8
"""Slots to begin with, and for each text there is room for: `kernels.c` says why so many."""
_WORDS, _ENTRY, _ROWS = 4, 2, 3
"""64-bit words of a slot; the text's number, from 1 on, and its rows."""


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
        self._many: Many | None = None

    def add(self, series: pl.Series) -> None:
        """Count more rows; missing values are left out."""
        if kernels is None:
            self._sketch(series)
            self._meet(series.drop_nulls())
            self._close_when_too_many()
            return
        start = 0
        for chunk in chunks(series):
            rows = len(chunk.values)
            self._add(chunk, series.slice(start, rows))
            start += rows

    def add_counts(self, texts: Iterable[str], counts: Iterable[int]) -> None:
        """Count rows that are counted already."""
        for text, count in zip(texts, counts, strict=True):
            self._apart[text] = self._apart.get(text, 0) + count

    def names(self) -> Names:
        """The texts and their rows so far."""
        return names(self._found(), self._rest, self._known, self._many)

    @property
    def _closed(self) -> bool:
        return self._many is not None

    def _add(self, chunk: Chunk, series: pl.Series) -> None:
        self._sketch(series)
        row = 0
        while row < len(chunk.values):
            row, fresh, long, strangers = self._table.count(chunk, row, closed=self._closed)
            self._rest += strangers
            if fresh.size:
                self._table.learn(texts_at(chunk, fresh))
            if long.size:
                self._meet(series.gather(long))
            if self._close_when_too_many():
                self._sketch(series.slice(row))

    def _sketch(self, series: pl.Series) -> None:
        if self._many is not None and series.null_count() < series.len():
            self._many = merged_many([self._many, many_of(series.drop_nulls())])

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

    def _close_when_too_many(self) -> bool:
        if self._closed:
            return False
        most = len(self._table.texts) + len(self._apart)
        size = self._table.bytes + _size(self._apart)
        if few(most, size) or not too_many(self._found()):  # some may be on both sides
            return False
        self._close()
        return True

    def _close(self) -> None:
        """Keep what the baseline has named, and only count the rest from now on."""
        found = self._found()
        self._many = many_of_counts(found)
        self._apart = {text: found[text] for text in self._known if found.get(text)}
        self._rest = sum(found.values()) - sum(self._apart.values())
        self._table = _Table()
        if kernels is not None and self._known:
            for chunk in chunks(pl.Series(self._known, dtype=pl.String)):
                self._add_known(chunk)

    def _add_known(self, chunk: Chunk) -> None:
        row = 0
        while row < len(chunk.values):
            row, fresh, _, _ = self._table.count(chunk, row, closed=False)
            self._table.learn(texts_at(chunk, fresh))
        self._table.clear()


class _Table:
    """The kernel's table, and which text each of its entries is."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.bytes = 0
        self._slots = _slots(_SLOTS)

    def count(
        self, chunk: Chunk, row: int, *, closed: bool
    ) -> tuple[int, NDArray[np.int64], NDArray[np.int64], int]:
        """Count from a row on, at least one; rows of new texts must be learnt before the next."""
        assert kernels is not None  # noqa: S101 - for the type checker
        used = len(self.texts)
        if _FREE * used == len(self._slots) and not closed:
            self._grow()
        fresh, long = scratch("fresh", _LISTED, np.int64), scratch("long", _LISTED, np.int64)
        row, listed, longer, strangers = kernels.count_texts(
            chunk.values,
            chunk.validity,
            chunk.bit,
            chunk.data,
            self._slots,
            used,
            closed,
            row,
            fresh,
            long,
        )
        return row, fresh[:listed], long[:longer], strangers

    def learn(self, texts: Sequence[str]) -> None:
        """Name the newest entries."""
        self.texts += texts
        self.bytes += _size(texts)

    def counted(self) -> Iterator[tuple[str, int]]:
        """Texts and their rows, where there are some."""
        used = self._slots[self._slots[:, _ROWS] > 0]
        for entry, rows in zip(used[:, _ENTRY].tolist(), used[:, _ROWS].tolist(), strict=True):
            yield self.texts[entry - 1], rows

    def clear(self) -> None:
        """Count from nothing; the texts stay."""
        self._slots[:, _ROWS] = 0

    def _grow(self) -> None:
        assert kernels is not None  # noqa: S101 - for the type checker
        slots = _slots(4 * len(self._slots))
        kernels.move_texts(self._slots, slots)
        self._slots = slots


def _slots(size: int) -> NDArray[np.uint64]:
    return np.zeros((size, _WORDS), dtype=np.uint64)


def _size(texts: Iterable[str]) -> int:
    """In UTF-8, in bytes."""
    return sum(len(text.encode()) for text in texts)
