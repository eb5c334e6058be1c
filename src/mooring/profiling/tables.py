"""Profiles and comparisons as tables, for a prompt (80 columns) and a notebook (HTML)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mooring.profiling.order import urgency
from mooring.profiling.words import columns_of, instant, score, share, short, why

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mooring.profiling.findings import ColumnDrift, Comparison
    from mooring.profiling.profiles import ColumnProfile, Profile

_WIDTH = 80
_MOST = 40
"""Columns that are shown; the rest is counted."""
_COMMON = 3
_PROFILE = (("column", 18), ("kind", 11), ("missing", 7), ("values", 0))
_COMPARISON = (("column", 18), ("kind", 11), ("status", 7), ("PSI", 5), ("level", 5), ("why", 0))
_RIGHT = {"missing", "PSI", "level"}


def profile_table(profile: Profile) -> str:
    """A line per column, at most forty, in 80 columns."""
    return _text(_profile_head(profile), _PROFILE, map(_summary, profile.columns[:_MOST]), profile)


def profile_html(profile: Profile) -> str:
    """The same as a table of HTML; every value is escaped."""
    return _html(_profile_head(profile), _PROFILE, map(_summary, profile.columns[:_MOST]), profile)


def comparison_table(found: Comparison) -> str:
    """A line per column, at most forty, in 80 columns; what drifted comes first."""
    return _text(_comparison_head(found), _COMPARISON, map(_verdict, _urgent(found)), found)


def comparison_html(found: Comparison) -> str:
    """The same as a table of HTML; every value is escaped."""
    return _html(_comparison_head(found), _COMPARISON, map(_verdict, _urgent(found)), found)


def _profile_head(profile: Profile) -> str:
    return f"profile of {profile.rows:,} rows, {columns_of(len(profile.columns))}"


def _comparison_head(found: Comparison) -> str:
    drifted = sum(1 for column in found.columns if column.status == "drift")
    said = f"drift in {drifted:,} of {columns_of(len(found.columns))}" if drifted else found.status
    distance = "" if found.distance is None else f", distance {found.distance:.3f}"
    return f"{said}: {found.rows_current:,} rows against {found.rows_baseline:,}{distance}"


def _urgent(found: Comparison) -> Sequence[ColumnDrift]:
    return sorted(found.columns, key=urgency)[:_MOST]


def _summary(column: ColumnProfile) -> tuple[str, ...]:
    missing = "-" if column.problem else share(column.null_rate)
    return column.name, column.kind, missing, column.problem or _values(column)


def _values(column: ColumnProfile) -> str:
    """What a column holds, in a few words."""
    if not column.present:
        return "no values"
    if column.kind in {"categorical", "boolean"}:
        return _frequent(column)
    if column.minimum is None or column.maximum is None:
        return "no finite values"
    if column.kind == "datetime":
        return f"{instant(column.minimum)} to {instant(column.maximum)}"
    what = {"text": "length ", "embedding": "norm "}.get(column.kind, "")
    spread = f"{what}{column.mean:.4g} ± {column.deviation:.3g}"
    return f"{spread}, {column.minimum:.4g} to {column.maximum:.4g}"


def _frequent(column: ColumnProfile) -> str:
    found = column.names.frequent()
    shown = [f"{short(text, 12)} {share(rows / column.present)}" for text, rows in found[:_COMMON]]
    if column.names.many is None:
        return f"{len(found):,} values: {', '.join(shown)}"
    number = f"about {_round(column.names.distinct):,} values"
    return f"{number}: {', '.join(shown)}" if shown else f"{number}, none of them frequent"


def _round(number: int) -> int:
    """To two digits, which is what is known of it."""
    return int(float(f"{number:.1e}"))


def _verdict(column: ColumnDrift) -> tuple[str, ...]:
    numbers = score(column.effect), score(column.level)
    return column.name, column.kind, column.status, *numbers, why(column)


def _text(
    head: str,
    columns: Sequence[tuple[str, int]],
    rows: Iterable[Sequence[str]],
    whole: Profile | Comparison,
) -> str:
    lines = [[name for name, _ in columns], *rows]
    left = _WIDTH - sum(width + 1 for _, width in columns)
    text = "\n".join(
        " ".join(_cell(cell, name, width or left) for cell, (name, width) in pairs).rstrip()
        for pairs in (zip(line, columns, strict=True) for line in lines)
    )
    return "\n".join([head, text, *_more(whole)])


def _cell(text: str, name: str, width: int) -> str:
    cut = short(text, width)
    return f"{cut:>{width}}" if name in _RIGHT else f"{cut:<{width}}"


def _html(
    head: str,
    columns: Sequence[tuple[str, int]],
    rows: Iterable[Sequence[str]],
    whole: Profile | Comparison,
) -> str:
    names = "".join(f"<th style='text-align:left'>{name}</th>" for name, _ in columns)
    lines = "".join(
        "<tr>"
        + "".join(f"<td style='text-align:left'>{_safe(cell)}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    more = "".join(f"<p>{line}</p>" for line in _more(whole))
    return f"<p>{escape(head)}</p><table><tr>{names}</tr>{lines}</table>{more}"


def _safe(text: str) -> str:
    return escape(short(text, 120))


def _more(whole: Profile | Comparison) -> list[str]:
    left = len(whole.columns) - _MOST
    return [f"… and {left:,} more"] if left > 0 else []
