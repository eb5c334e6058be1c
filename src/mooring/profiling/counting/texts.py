"""Counting texts by their hash: no Python object, and no dictionary of the engine, per row.

Texts that are known have a slot of a table each. A row is counted in the slot its hash leads to,
and the slot remembers the whole hash, so that a stranger is never taken for an acquaintance (but
with a chance of 2^-64). Strangers are counted one by one, and learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from mooring.profiling.counting.names import BYTES, MOST, Names, names
from mooring.profiling.counting.numbers import first_present
from mooring.profiling.counting.scratch import scratch
from mooring.reading.buffers import chunks
from mooring.reading.hashing import hash_views

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mooring.reading.buffers import Chunk
    from mooring.reading.hashing import Words

_BLOCK = 32_768
_FEW = 4096
"""Rows from which looking at every slot costs less than a dictionary of the engine."""
_SLOTS = 65_536
_SLOT_OF = np.array(0x9E3779B97F4A7C15, dtype=np.uint64)
_TOP = np.array(48, dtype=np.uint64)
_LEARN = 8192
"""Texts with a slot, at most: beyond them slots are mostly taken."""


class TextCounter:
    """Counts the texts of a column, some rows at a time.

    Parameters
    ----------
    known : sequence of str
        What the baseline has named.
    """

    def __init__(self, known: Sequence[str] = ()) -> None:
        self._known = tuple(known)
        self._found: dict[str, int] = {}
        self._rest = 0
        self._bytes = 0
        self._hash_of = np.zeros(_SLOTS, dtype=np.uint64)
        self._hash_of[0] = 1  # no text leads there with this hash
        self._text_of: dict[int, str] = {}
        self._rows = np.zeros(_SLOTS, dtype=np.int64)
        self._learn(self._known)
        taken = set(self._text_of.values())
        self._apart = [text for text in self._known if text not in taken]

    def add(self, series: pl.Series) -> None:
        """Count more rows; missing values are left out."""
        if series.len() < _FEW:
            self._meet(series.drop_nulls(), learn=False)
            return
        parts = [chunk for chunk in chunks(series) if chunk.nulls.size < len(chunk.values)]
        if len(parts) != series.n_chunks():
            series = series.drop_nulls()  # some chunk is all missing
            parts = list(chunks(series))
        if parts:
            self._add(parts, series)

    def add_counts(self, texts: Iterable[str], counts: Iterable[int]) -> None:
        """Count rows that are counted already."""
        for text, count in zip(texts, counts, strict=True):
            self._found[text] = self._found.get(text, 0) + count

    def names(self) -> Names:
        """The texts and their rows so far."""
        total = dict(self._found)
        for slot, text in self._text_of.items():
            rows = int(self._rows[slot])
            if rows:
                total[text] = total.get(text, 0) + rows
        return names(total, self._rest, self._known)

    def _add(self, parts: Sequence[Chunk], series: pl.Series) -> None:
        found = _hash(parts)
        rows = np.bincount(found.slots, minlength=_SLOTS)
        # Were some hash not its slot's, the sums would differ: one check instead of one per row.
        if int(np.dot(rows.view(np.uint64), self._hash_of)) == found.total:
            self._rows += rows
            at = 0
            for part in parts:
                if part.nulls.size:
                    self._rows[found.slots[at + part.nulls[0]]] -= part.nulls.size
                at += len(part.values)
            return
        slots = found.slots
        known = self._hash_of.take(slots) == found.hashes
        present = series.is_not_null().to_numpy()
        self._rows += np.bincount(slots[known & present], minlength=_SLOTS)
        self._meet(series.gather(np.flatnonzero(~known & present)))

    def _meet(self, strangers: pl.Series, *, learn: bool = True) -> None:
        if strangers.is_empty():
            return
        if self._rest:
            # of many rows, only those whose text has no slot come here
            known = strangers.filter(strangers.is_in(self._apart if learn else list(self._known)))
            self._rest += len(strangers) - len(known)
            strangers = known
        counted = strangers.alias("text").value_counts(name="rows")
        texts = counted["text"].to_list()
        self.add_counts(texts, counted["rows"].to_list())
        if self._rest:
            return
        if self._too_many():
            kept = set(self._known)
            self._rest = sum(n for text, n in self._found.items() if text not in kept)
            self._rest += sum(int(self._rows[s]) for s, t in self._text_of.items() if t not in kept)
            self._found = {t: n for t, n in self._found.items() if t in kept}
            self._forget({s: t for s, t in self._text_of.items() if t in kept})
        elif learn:
            self._learn(texts)

    def _forget(self, kept: dict[int, str]) -> None:
        dropped = [slot for slot in self._text_of if slot not in kept]
        self._hash_of[dropped] = 0  # what hashes to 0 leads to slot 0
        self._rows[dropped] = 0
        self._text_of = kept

    def _too_many(self) -> bool:
        every = set(self._found)
        every |= {text for slot, text in self._text_of.items() if self._rows[slot]}
        return len(every) > MOST or sum(len(text.encode()) for text in every) > BYTES

    def _learn(self, texts: Sequence[str]) -> None:
        room = _LEARN - len(self._text_of)
        if room <= 0 or not texts:
            return
        column = pl.Series(texts[:room], dtype=pl.String)
        found = _hash(list(chunks(column)))
        for text, each, slot in zip(column, found.hashes, found.slots.tolist(), strict=True):
            if slot and slot not in self._text_of:
                self._text_of[slot] = text
                self._hash_of[slot] = each


class _Hashed(NamedTuple):
    """The hash of each text, the slot it leads to, and the sum of all hashes."""

    hashes: Words
    slots: NDArray[np.int64]
    total: int


def _hash(parts: Sequence[Chunk]) -> _Hashed:
    """Hash block by block: each is read from memory once, and from the cache after that.

    Missing texts are taken for the first of their chunk that is there. The arrays are good until
    the next call.
    """
    size = sum(len(part.values) for part in parts)
    hashes, slots = scratch("hashes", size, np.uint64), scratch("slots", size, np.uint64)
    at = total = 0
    for part in parts:
        here = slice(at, at + len(part.values))
        total += _hash_chunk(part, hashes[here], slots[here])
        at = here.stop
    return _Hashed(hashes, slots.view(np.int64), total % 2**64)


def _hash_chunk(chunk: Chunk, hashes: Words, slots: Words) -> int:
    nulls, views = chunk.nulls, chunk.values.view(np.uint64).reshape(-1, 2)
    spare = scratch("spare", _BLOCK, np.uint64)
    fill = np.zeros(1, dtype=np.uint64)
    if nulls.size:
        first = first_present(nulls)
        hash_views(views[first : first + 1], nulls[:0], chunk.data, fill, np.empty_like(fill))
    total = 0
    for start in range(0, hashes.size, _BLOCK):
        block = slice(start, min(start + _BLOCK, hashes.size))
        missing = nulls[slice(*nulls.searchsorted((block.start, block.stop)))] - start
        part, lead = hashes[block], slots[block]
        hash_views(views[block], missing, chunk.data, part, spare[: part.size])
        part[missing] = fill[0]
        np.right_shift(np.multiply(part, _SLOT_OF, out=lead), _TOP, out=lead)
        total += int(np.add.reduce(part))
    return total
