"""Numbers, shares and names for people, wherever a profile or comparison is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mooring.profiling.findings import BinShift, ColumnDrift

SHORT = 40
_TINY, _SMALL, _LARGE, _HUGE = 0.0005, 0.01, 10, 1000


def short(text: str, most: int = SHORT) -> str:
    """A name or category on one line, its end cut off when it is long.

    Examples
    --------
    >>> short("temperature", 6)
    'tempe…'
    """
    line = "".join(sign if sign.isprintable() else "�" for sign in text[: most + 1])
    return line if len(line) <= most else f"{line[: most - 1]}…"


def share(value: float) -> str:
    """A share of the rows in percent, with a digit more where it is small; a dash for NaN.

    Examples
    --------
    >>> share(0.314), share(0.004), share(float("nan"))
    ('31%', '0.4%', '-')
    """
    if isnan(value):
        return "-"
    return f"{value:.1%}" if 0 < value < _SMALL else f"{value:.0%}"


def score(value: float) -> str:
    """A score with three decimals, fewer where it is large; a dash for NaN.

    Examples
    --------
    >>> score(0.12345), score(12.345), score(123456.0), score(0.00002)
    ('0.123', '12.3', '1e+05', '<.001')
    """
    if isnan(value):
        return "-"
    if 0 < abs(value) < _TINY:
        return "<.001"
    if abs(value) < _LARGE:
        return f"{value:.3f}"
    return f"{value:.1f}" if abs(value) < _HUGE else f"{value:.0e}"


def moved(shifts: Sequence[BinShift], most: int = 2) -> str:
    """Which bins moved: ``12 to 15: 10% → 31%; missing: 0% → 8%``."""
    return "; ".join(
        f"{short(one.label)}: {share(one.baseline)} → {share(one.current)}" for one in shifts[:most]
    )


def why(column: ColumnDrift, most: int = 1) -> str:
    """What moved; or the reason, where that is no bin: too few rows, missing or unseen values."""
    shape = any(item.kind == "shape" and item.drift for item in column.evidence)
    if column.status == "ok" or shape:
        return moved(column.moved, most)
    return column.reason


def listed(names: Sequence[str], most: int = 3) -> str:
    """Names in a sentence: ``a, b and 3 more``.

    Examples
    --------
    >>> listed(["temp", "hr"]), listed(list("abcde"))
    ('temp and hr', 'a, b, c and 2 more')
    """
    shown = [short(name) for name in names[:most]]
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)


def columns_of(count: int) -> str:
    """``1 column``, ``2 columns``."""
    return f"{count:,} column{'' if count == 1 else 's'}"


def instant(seconds: float) -> str:
    """Seconds since 1970 as a date, with the time of day unless it is midnight (UTC)."""
    whole = round(seconds)
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole)
    except OverflowError:
        return f"{seconds:g} s"
    return f"{at:%Y-%m-%d}" if whole % 86_400 == 0 else f"{at:%Y-%m-%d %H:%M:%S}"
