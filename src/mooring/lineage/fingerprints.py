"""Sets of row fingerprints, small enough to lie beside a model version.

A quotient set after Knuth (The Art of Computer Programming, volume 3, section 6.4, exercise 13):
the first ``bits`` bits of a fingerprint say in which bucket it is, and only its next 32 bits are
kept there, in order. With 16 to 32 rows a bucket that is 4.25 to 4.5 bytes a row: 434 MB for 100
million rows. A row that is *not* in the set is taken for one that is with a chance of at most
``rows / 2**(bits + 32)``, which is below 7.5e-9 for any number of rows: of a hundred holdouts
of a million rows, one loses a row for nothing. No row that is in the set is ever missed.

A binary fuse filter (Graf and Lemire 2022) of that rate takes 3.9 bytes a row: a tenth less, for a
construction that may have to be tried again and three distant places in memory for each question.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from mmap import mmap

import numpy as np
from numpy.typing import NDArray

from mooring.errors import ArtifactError
from mooring.reading.hashing import Words

_MAGIC = b"mooring1"
_HEADER = 24
_MOST_IN_BUCKET = 32
_KEPT = 32
_BLOCK = 2**20
SKETCH = 512
"""Fingerprints of a sketch: a share of common rows is told to about 2 points in 100."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprints:
    """A set of row fingerprints; what it is made of may be a memory map.

    Parameters
    ----------
    rows : int
        How many fingerprints it holds.
    bits : int
        Of a fingerprint's first bits, those that name its bucket.
    starts : ndarray of uint64, shape (2**bits + 1,)
        Where each bucket begins in ``kept``.
    kept : ndarray of uint32, shape (rows,)
        The next 32 bits of each fingerprint, ascending within a bucket.
    """

    rows: int
    bits: int
    starts: Words
    kept: NDArray[np.uint32]

    @property
    def false_match_rate(self) -> float:
        """The chance that a row is found that is not in the set."""
        return self.rows / 2.0 ** (self.bits + _KEPT)

    def seen(self, marks: Words) -> Flags:
        """Which fingerprints are in the set.

        Parameters
        ----------
        marks : ndarray of uint64, shape (n,)
            From :func:`mooring.lineage.digest.row_fingerprints`, in any order.

        Returns
        -------
        ndarray of bool, shape (n,)

        Examples
        --------
        >>> marks = np.array([2**60, 2**61, 2**62], dtype=np.uint64)
        >>> fingerprints_of(marks[:2]).seen(marks).tolist()
        [True, True, False]
        """
        found = np.zeros(len(marks), dtype=np.bool_)
        if self.rows == 0:
            return found
        order = np.argsort(marks)  # neighbours ask about the same pages of the map
        for start in range(0, len(marks), _BLOCK):
            places = order[start : start + _BLOCK]
            found[places] = self._search(marks[places])
        return found

    def to_bytes(self) -> bytes:
        """The set as :func:`read_fingerprints` reads it."""
        numbers = np.array([self.rows, self.bits], dtype="<u8")
        return b"".join((_MAGIC, numbers.data, self.starts.data, self.kept.data))

    def _search(self, marks: Words) -> Flags:
        """A binary search in every bucket at once."""
        bucket = marks >> np.uint64(64 - self.bits)
        low = self.starts[bucket].astype(np.int64)
        end = high = self.starts[bucket + np.uint64(1)].astype(np.int64)
        wanted = _remainders(marks, self.bits)
        last = self.rows - 1
        for _ in range(int((high - low).max(initial=0)).bit_length()):
            middle = (low + high) >> 1
            open_ = low < high
            above = open_ & (self.kept[np.minimum(middle, last)] < wanted)
            low = np.where(above, middle + 1, low)
            high = np.where(open_ & ~above, middle, high)
        found: Flags = (low < end) & (self.kept[np.minimum(low, last)] == wanted)
        return found


def fingerprints_of(marks: Words) -> Fingerprints:
    """The set of some fingerprints.

    It takes 13.7 bytes a row of memory at its peak, beside what it is given.

    Parameters
    ----------
    marks : ndarray of uint64, shape (n,)
        In any order; repeated ones are kept once.
    """
    ordered = np.sort(marks)
    new = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    if not new.all():
        ordered = ordered[new]
    rows = len(ordered)
    bits = max(1, math.ceil(math.log2(max(rows, 1) / _MOST_IN_BUCKET)))
    borders = np.arange(2**bits, dtype=np.uint64) << np.uint64(64 - bits)
    starts = np.append(np.searchsorted(ordered, borders), rows).astype("<u8")
    kept = np.empty(rows, dtype="<u4")
    for start in range(0, rows, _BLOCK):
        kept[start : start + _BLOCK] = _remainders(ordered[start : start + _BLOCK], bits)
    return Fingerprints(rows, bits, starts, kept)


def read_fingerprints(data: bytes | mmap) -> Fingerprints:
    """A set that was written by :meth:`Fingerprints.to_bytes`; nothing is copied.

    Raises
    ------
    ArtifactError
        When the bytes are none.
    """
    _, rows, bits = np.frombuffer(data[:_HEADER].ljust(_HEADER, b"\0"), "<u8").tolist()
    kept = _HEADER + 8 * (2 ** min(bits, 64) + 1)
    if data[: len(_MAGIC)] != _MAGIC or not 1 <= bits <= _KEPT or len(data) != kept + 4 * rows:
        raise ArtifactError(
            "the row fingerprints of a model version cannot be read",
            where=f"{len(data):,} bytes that begin with {bytes(data[:8])!r}",
            fix="it may be of another Mooring; train again: mooring run",
        )
    starts = np.frombuffer(data, "<u8", count=2**bits + 1, offset=_HEADER)
    return Fingerprints(rows, bits, starts, np.frombuffer(data, "<u4", count=rows, offset=kept))


def sketch(marks: Words) -> tuple[int, ...]:
    """The least distinct fingerprints of some rows: a sample that equal rows share.

    A bottom-k sketch (Broder 1997; Cohen and Kaplan 2007): two of them tell how many rows are
    common without the rows.
    """
    return tuple(np.unique(marks)[:SKETCH].tolist())


def shared(own: tuple[int, ...], other: tuple[int, ...]) -> float:
    """About which share of the rows behind the first sketch are behind the second too.

    Examples
    --------
    >>> shared((1, 5, 7, 9), (5, 9)), shared((1, 2), (3, 4))
    (0.5, 0.0)
    """
    if not own or not other:
        return 0.0
    # a sketch that is not full holds all of its rows, and can be asked about any
    most = 2**64 if len(other) < SKETCH else other[-1]
    asked = [mark for mark in own if mark <= most]
    if not asked:
        return 1.0  # nothing to tell by: take it for used
    return len({*asked} & {*other}) / len(asked)


def _remainders(marks: Words, bits: int) -> NDArray[np.uint32]:
    return (marks >> np.uint64(_KEPT - bits)).astype(np.uint32)  # the bucket's bits fall off
