"""Bins in human words: ``0.42 to 0.5``, ``above 31``, ``unseen``, ``missing``."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from math import floor, inf, isfinite, log10, nextafter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mooring.profiling.bins import Bins
    from mooring.profiling.pairs import Places
    from mooring.profiling.profiles import Kind

MISSING = "missing"
_LONGEST = 60
_NOTHING = 1e-300
"""The float just below 0 reads as 0."""
_LONG = 60
"""Days, or minutes, of a baseline from which its instants are written to the day, or minute."""
_FINEST, _LARGEST = 1e-5, 1e15
"""Numbers outside these are written with a power of ten."""


def bin_label(kind: Kind, bins: Bins, groups: Sequence[int] | Places, place: int) -> str:
    """The label of one bin.

    Parameters
    ----------
    kind : Kind
    bins : Bins
    groups : sequence of int
        The bin of each cell, ascending from 0.
    place : int
        The bin; one after the last is that of the missing values.
    """
    first, end = bisect_left(groups, place), bisect_right(groups, place)
    if first == len(groups):
        return MISSING
    if kind not in {"categorical", "boolean"}:
        return _span(kind, bins, first, end - 1)
    if place < len(bins.categories):
        return _quoted(bins.categories[place])
    return ("other", "unseen")[place - len(bins.categories)]


def _span(kind: Kind, bins: Bins, first: int, last: int) -> str:
    """The label of the numeric cells from ``first`` to ``last``."""
    if first == 0:
        return _low_end(kind, bins, last)
    # A discrete cell is named by its value, which is its upper edge.
    low = bins.edges[first if bins.discrete and first < len(bins.edges) else first - 1]
    if last == len(bins.edges):
        only = first == last or not bins.discrete
        return (
            f"above {_written(kind, bins, low)}"
            if only
            else f"{_written(kind, bins, low)} and above"
        )
    high = bins.edges[last]
    if nextafter(low, inf) >= high:
        return _written(kind, bins, high)
    ends = _written(kind, bins, low, high - low), _written(kind, bins, high, high - low)
    return f"{ends[0]} to {ends[1]}" if ends[0] != ends[1] else ends[0]


def _low_end(kind: Kind, bins: Bins, last: int) -> str:
    if last == len(bins.edges):
        return "any value"
    return f"{'below' if last == 0 else 'up to'} {_written(kind, bins, bins.edges[last])}"


def _written(kind: Kind, bins: Bins, value: float, width: float = 0.0) -> str:
    """An edge of a bin, of this width if it is known."""
    if kind == "datetime":
        return _instant(value, bins.edges[-1] - bins.edges[0])
    return _text(value, width)


def _text(value: float, width: float) -> str:
    """A number with four digits, or with the decimals that show a bin of this width."""
    if abs(value) < _NOTHING:
        return "0"
    size = width if 0 < width < inf else abs(value)
    if not isfinite(value) or not _FINEST < max(size, abs(value)) < _LARGEST:
        return f"{value:.4g}"
    digits = 1 if size == width else 3
    text = f"{value:.{min(max(digits - floor(log10(size)), 0), 17)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _instant(seconds: float, span: float) -> str:
    """An instant, to the day or the minute where bins are many of them wide."""
    fine = 86_400 if span >= _LONG * 86_400 else 60 if span >= _LONG * 60 else 1
    whole = round(seconds / fine) * fine
    try:
        instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole)
    except OverflowError:
        return f"{seconds:g} s"
    return instant.strftime("%Y-%m-%d" if whole % 86_400 == 0 else "%Y-%m-%d %H:%M:%S")


def _quoted(category: str) -> str:
    """A category as text; quoted where it could be taken for one of our words."""
    if len(category) > _LONGEST:
        return f"{category[: _LONGEST - 1]}…"
    if category.strip() != category or category in {"", "other", "unseen", MISSING}:
        return f'"{category}"'
    return category
