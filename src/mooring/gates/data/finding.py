"""One thing that is wrong with some rows, readable by a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

Severity = Literal["stop", "warn", "quarantine"]
EXAMPLES = 3
_LONGEST = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found in one column.

    Parameters
    ----------
    column : str
        Empty when the table as a whole is meant.
    rule : str
        The rule's name, such as ``missing`` or ``ranges``.
    severity : "stop", "warn" or "quarantine"
        Quarantined rows are taken out; the run goes on without them.
    expected, found : str
        For people.
    rows : int
        How many rows are affected.
    examples : tuple of str
        At most three values.
    cure : str
        What to do about it.
    which : polars.Series of bool, optional
        The affected rows among all that are judged, where they can be named: what a contract may
        have taken out.
    """

    column: str
    rule: str
    severity: Severity
    expected: str
    found: str
    rows: int
    examples: tuple[str, ...] = ()
    cure: str = ""
    which: pl.Series | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        """Column, what was expected, what was found, how many rows, example values: one line."""
        values = f", such as {', '.join(self.examples)}" if self.examples else ""
        rows = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        where = self.column or "the table"
        return f"{where}: expected {self.expected}; found {self.found} ({rows}{values})"


def examples_of(values: Iterable[object]) -> tuple[str, ...]:
    """The first three values as short texts."""
    found: list[str] = []
    for value in values:
        if len(found) == EXAMPLES:
            break
        found.append(number(value) if isinstance(value, float) else quoted(value))
    return tuple(found)


def examples_in(values: pl.Series) -> tuple[str, ...]:
    """The three lowest distinct values, so that the order of the rows does not matter."""
    if values.dtype.is_nested() or values.dtype.is_object():
        return ()
    return examples_of(values.drop_nulls().unique().sort().head(EXAMPLES))


def quoted(value: object) -> str:
    """A value as a short text on one line, in quotes when it is text."""
    text = repr(value) if isinstance(value, str) else str(value).replace("\n", " ")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def number(value: float) -> str:
    """Six digits, no trailing zeros.

    Examples
    --------
    >>> number(1234.0), number(0.1 + 0.2), number(-1.0)
    ('1234', '0.3', '-1')
    """
    return f"{value:.6g}"


def share(value: float) -> str:
    """A share in per cent, never rounded to none or all of it.

    Examples
    --------
    >>> share(0.0), share(0.00001), share(0.123), share(0.99999)
    ('0 %', 'under 0.1 %', '12.3 %', 'over 99.9 %')
    """
    if 0 < value < 0.001:  # noqa: PLR2004 - the last digit shown
        return "under 0.1 %"
    if 0.999 < value < 1:  # noqa: PLR2004
        return "over 99.9 %"
    return f"{100 * value:.1f} %".replace(".0 %", " %")


def instant(seconds: float) -> str:
    """Seconds since 1970 as a date and time in UTC; the bare number when no calendar holds it."""
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return number(seconds)
    return f"{moment:%Y-%m-%d %H:%M}"


def nearest(name: str, names: Iterable[str]) -> str:
    """The most similar of some names; empty when none is similar.

    Examples
    --------
    >>> nearest("Count", ["count", "amount"]), nearest("x", ["price"])
    ('count', '')
    """
    known = sorted(names)
    folded = {other.strip().casefold(): other for other in known}
    same = folded.get(name.strip().casefold())
    return same or next(iter(get_close_matches(name, known, n=1, cutoff=0.6)), "")


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The nearest name as the end of a sentence, or the names there are."""
    known = sorted(names)
    near = nearest(name, known)
    if near:
        return f"did you mean {near!r}?"
    shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")  # noqa: PLR2004
    return f"the columns are {shown}" if known else "the table has no columns"
