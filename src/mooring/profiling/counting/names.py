"""Names: how often each text of a column occurs, as long as they are few enough to list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.counting import many as on_many
from mooring.profiling.counting.many import Many, many_of_counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST = 20_000
"""The most distinct texts that are listed."""
BYTES = 128 * 1024
"""The most UTF-8 bytes that all listed texts may have."""


@dataclass(frozen=True, slots=True)
class Names:
    """Distinct texts and their rows.

    Parameters
    ----------
    texts : tuple of str
        Ascending. When there are more than ``MOST``, or more than ``BYTES`` of them, only those
        that a baseline has named stay.
    counts : tuple of int
        Rows of each, at least 1.
    rest : int
        Rows of texts that are not listed.
    many : Many or None
        Of all rows, when not every text is listed.
    """

    texts: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    rest: int = 0
    many: Many | None = None

    @property
    def rows(self) -> int:
        """All rows counted."""
        return sum(self.counts) + self.rest

    @property
    def complete(self) -> bool:
        """Whether every text is listed."""
        return self.rest == 0

    @property
    def distinct(self) -> int:
        """How many texts there are; about, when not all are listed."""
        return len(self.texts) if self.many is None else self.many.distinct

    def frequent(self) -> tuple[tuple[str, int], ...]:
        """Texts with a share of the rows, the most frequent first: see `Many.heavy`."""
        return self.ranked() if self.many is None else self.many.heavy()

    def ranked(self) -> tuple[tuple[str, int], ...]:
        """Most frequent first, ties in the order of the texts."""
        return tuple(
            sorted(zip(self.texts, self.counts, strict=True), key=lambda pair: (-pair[1], pair[0]))
        )


def names(
    found: Mapping[str, int],
    rest: int = 0,
    known: Iterable[str] = (),
    many: Many | None = None,
) -> Names:
    """List texts, or only the known ones when they are too many.

    Parameters
    ----------
    found : mapping of text to rows
    rest : int
        Rows of texts that were dropped before.
    known : iterable of str
        What a baseline has named: these are never dropped.
    many : Many, optional
        Of all rows, when some were dropped before.
    """
    if many is None and too_many(found):
        many = many_of_counts(found)
    if many is None:
        kept = {text: count for text, count in found.items() if count}
    else:
        kept = {text: found[text] for text in known if found.get(text)}
        rest += sum(found.values()) - sum(kept.values())
    texts = tuple(sorted(kept))
    return Names(texts, tuple(kept[text] for text in texts), rest, many)


def too_many(found: Iterable[str]) -> bool:
    """Whether so many different texts are not listed."""
    listed = list(found)
    return not few(len(listed), sum(len(text.encode()) for text in listed))


def few(texts: int, size: int) -> bool:
    """Whether so many texts, of so many bytes in UTF-8, are listed."""
    return texts <= MOST and size <= BYTES


def merged(parts: Sequence[Names], known: Iterable[str] = ()) -> Names:
    """The texts of all parts together; the result does not depend on their order."""
    total: dict[str, int] = {}
    for part in parts:
        for text, count in zip(part.texts, part.counts, strict=True):
            total[text] = total.get(text, 0) + count
    whole = None
    if any(part.many is not None for part in parts):
        whole = on_many.merged(
            [part.many or many_of_counts(dict(part.ranked())) for part in parts if part.rows]
        )
    return names(total, sum(part.rest for part in parts), known, whole)


def rows_of(found: Names, cells: Mapping[str, int], size: int, stranger: int) -> np.ndarray:
    """Rows per cell, of texts that have one; all others go to one more cell."""
    counts = [0] * size  # an array is slower for one row at a time
    for text, count in zip(found.texts, found.counts, strict=True):
        counts[cells.get(text, stranger)] += count
    counts[stranger] += found.rest
    return np.array(counts, dtype=np.int64)
