"""The table of what every way took."""

from __future__ import annotations

from dataclasses import dataclass

Spent = tuple[float, float]
"""Seconds of wall time, and of processor time."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what a way took for both files, and for the next window alone."""

    label: str
    columns: int
    both: Spent | None
    later: Spent
    peak_mb: float


HEADS = (
    f"{'':<52} | {'both files':^31} | {'next window':^45} | {'peak':^12}\n"
    f"{'way':<46} {'cols':>5} | {'wall s':>8} {'CPU s':>8} {'x faster':>13} | "
    f"{'wall s':>8} {'CPU s':>8} {'x faster':>13} {'x read':>13} | {'MB':>6} {'x less':>5}"
)


def format_row(row: Row, read: Row, mine: Row) -> str:
    """One line of text; ratios to ``mine``, of wall time and of processor time."""
    peer = row not in (read, mine)
    both, sooner = f"{'-':>8} {'-':>8}", ""
    if row.both is not None:
        both = _seconds(row.both)
        sooner = _ratio(row.both, mine.both) if peer and mine.both is not None else ""
    again = _ratio(row.later, mine.later) if peer else ""
    less = f"{row.peak_mb / mine.peak_mb:.1f}" if peer else ""
    beside = "" if row == read else _ratio(row.later, read.later)
    return (
        f"{row.label:<46} {row.columns or '-':>5} | {both} {sooner:>13} | "
        f"{_seconds(row.later)} {again:>13} {beside:>13} | {row.peak_mb:>6.0f} {less:>5}".rstrip()
    )


def _seconds(spent: Spent) -> str:
    return f"{spent[0]:>8.3f} {spent[1]:>8.3f}"


def _ratio(of: Spent, to: Spent) -> str:
    return " / ".join(f"{a / b:.1f}" for a, b in zip(of, to, strict=True))
