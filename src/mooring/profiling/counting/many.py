"""Texts too many to list: about how many there are, and which of them take a share of the rows.

All of it follows from the rows alone, in whatever order and parts they come. The smallest hashes of
all texts tell how many texts there are (k minimum values: Bar-Yossef et al. 2002, "Counting
distinct elements in a data stream"); rows counted by three hashes bound how often each one occurs
(Cormode and Muthukrishnan 2005, "An improved data stream summary: the count-min sketch").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.counting.compiled import kernels
from mooring.profiling.counting.scratch import scratch
from mooring.reading.hashing import hash_views, mixed, seed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mooring.reading.buffers import Chunk

    Hashes = NDArray[np.uint64]

DEPTH, WIDTH = 3, 1024
"""A count is too high by at most ``e / WIDTH`` of all rows, except once in ``exp(DEPTH)`` times."""
SMALLEST = 1024
"""Hashes kept: the number of texts is right to ``1 / sqrt(SMALLEST)``, 3 %, one deviation."""
HEAVY = 100
"""A text with one in so many rows is named."""
_BITS = 10
_KEY = seed("many texts")
_SPARE = 4
"""How many times the hashes that are needed are looked at first."""


@dataclass(frozen=True, slots=True, eq=False)
class Many:
    """The texts of some rows, too many to list.

    Parameters
    ----------
    rows : ndarray of int64, shape (DEPTH, WIDTH)
        Rows by the text's hash, for each of three hashes.
    smallest : ndarray of uint64, ascending
        The smallest hashes of all texts.
    named : tuple of str, ascending
        Texts that may be heavy. All that are heavy are here, as each was in one part at least.
    """

    rows: NDArray[np.int64]
    smallest: Hashes
    named: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Many):
            return NotImplemented
        same = np.array_equal(self.rows, other.rows)
        return same and np.array_equal(self.smallest, other.smallest)

    def __hash__(self) -> int:
        return hash(self.smallest.tobytes())

    @property
    def total(self) -> int:
        """All rows counted."""
        return int(self.rows[0].sum())

    @property
    def distinct(self) -> int:
        """About how many texts there are."""
        kept = self.smallest.size
        if kept < SMALLEST:
            return kept
        return round((kept - 1) / ((int(self.smallest[-1]) + 1) / 2**64))

    def at_most(self, texts: Iterable[str]) -> NDArray[np.int64]:
        """The most rows that each of some texts can have."""
        return at_most(self.rows, _hashes(_series(texts)))

    def heavy(self) -> tuple[tuple[str, int], ...]:
        """Each text with one in ``HEAVY`` rows, and its rows at most; the most frequent first."""
        if not self.named:
            return ()
        most = self.at_most(self.named)
        found = zip(self.named, most.tolist(), strict=True)
        return tuple(
            sorted(
                ((text, rows) for text, rows in found if rows * HEAVY >= self.total),
                key=lambda pair: (-pair[1], pair[0]),
            )
        )


def many_of(texts: pl.Series) -> Many:
    """Count texts, row by row; none may be missing."""
    hashes = _hashes(texts)
    rows = _rows(hashes, None)
    heavy = np.flatnonzero(at_most(rows, hashes) * HEAVY >= hashes.size)
    named = texts.gather(heavy).unique().sort().to_list()
    return Many(rows, _smallest(hashes), tuple(named))


def many_of_counts(found: Mapping[str, int]) -> Many:
    """Count texts whose rows are known."""
    present = {text: count for text, count in found.items() if count}
    hashes, counts = _hashes(_series(present)), np.asarray(list(present.values()))
    total = int(counts.sum())
    named = [text for text, count in present.items() if count * HEAVY >= total]
    return Many(_rows(hashes, counts), _smallest(hashes), tuple(sorted(named)))


def merged(parts: Sequence[Many]) -> Many:
    """The texts of the rows of all parts."""
    rows = reduce(np.add, (part.rows for part in parts))
    smallest = np.unique(np.concatenate([part.smallest for part in parts]))[:SMALLEST]
    named = {text for part in parts for text in part.named}
    both = Many(rows, smallest, tuple(named))
    return Many(rows, smallest, tuple(sorted(text for text, _ in both.heavy())))


def at_most(rows: NDArray[np.int64], hashes: Hashes) -> NDArray[np.int64]:
    """The most rows that each text can have."""
    counts = (rows[level].take(_bucket(hashes, level)) for level in range(DEPTH))
    found: NDArray[np.int64] = reduce(np.minimum, counts)
    return found


def _rows(hashes: Hashes, weights: NDArray[np.int64] | None) -> NDArray[np.int64]:
    levels = [
        np.bincount(_bucket(hashes, level), weights=weights, minlength=WIDTH)
        for level in range(DEPTH)
    ]
    return np.asarray(levels).astype(np.int64)


def _bucket(hashes: Hashes, level: int) -> NDArray[np.int64]:
    found = (hashes >> np.uint64(level * _BITS)) & np.uint64(WIDTH - 1)
    return found.view(np.int64)


def _smallest(hashes: Hashes) -> Hashes:
    """The smallest distinct ones, looking at few of them where there are many."""
    cut = 2.0**64 * _SPARE * SMALLEST / max(hashes.size, 1)
    while cut < 2.0**64:
        some = np.unique(hashes[hashes < np.uint64(int(cut))])
        if some.size >= SMALLEST:
            return some[:SMALLEST]
        cut *= 2 * _SPARE
    return np.unique(hashes)[:SMALLEST]


def _series(texts: Iterable[str]) -> pl.Series:
    import polars as pl  # a comparison of stored profiles does without

    return pl.Series(list(texts), dtype=pl.String)


def _hashes(texts: pl.Series) -> Hashes:
    from mooring.reading.buffers import chunks

    found = [_hash(chunk) for chunk in chunks(texts)]
    return np.concatenate(found) if found else np.empty(0, dtype=np.uint64)


def _hash(chunk: Chunk) -> Hashes:
    views, out = chunk.values.view(np.uint64).reshape(-1, 2), np.empty(len(chunk.values), np.uint64)
    left = slice(None) if kernels is None else _hash_compiled(chunk, out)
    rows = views[left]
    if len(rows):
        none, some = np.empty(0, dtype=np.intp), np.empty(len(rows), dtype=np.uint64)
        hash_views(rows, none, chunk.data, some, np.empty_like(some))
        out[left] = some
    return mixed(out, _KEY)


def _hash_compiled(chunk: Chunk, out: Hashes) -> NDArray[np.int64]:
    """Hash what the kernel can; the rows that are left."""
    assert kernels is not None  # noqa: S101 - for the type checker
    long = scratch("long rows", out.size, np.int64)
    return long[: kernels.hash_texts(chunk.values, chunk.data, out, long)]
