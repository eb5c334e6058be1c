"""Missing values, ranges, categories and floods, held against what was accepted."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.gates.contract import INSTANTS, NUMBERS, as_numbers, is_missing, missing_count
from mooring.gates.data.finding import Finding, examples_of, instant, number, quoted, share
from mooring.profiling.counting.cells import cell_of
from mooring.profiling.counting.numbers import as_floats

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from mooring.gates.contract import Contract
    from mooring.gates.data.case import Pair, Part
    from mooring.profiling.profiles import ColumnProfile, Profile
    from mooring.settings.model import DataGate

FLOOD = 0.2
"""How much the share of a single value may rise."""
FAR = 100
"""Spans beyond which even a column that follows the time is out of range."""
FOLLOWS = "nothing: it moves with the time; a model may do better without it"
NOTICED = 0.01
"""A rise of missing values that is told of in a column that hardly ever lacked one."""
SPARSE = 0.001
FEW = 5
CODES = frozenset(
    (-1.0, -32768.0, 32767.0, 65535.0, -(2.0**31), 2.0**31 - 1, 2.0**32 - 1, 1e20, 1e30, 1e36)
) | {sign * float("9" * digits) for sign in (-1, 1) for digits in range(2, 11)}
"""What is written for no value: minus one, nines, the ends of integers, netCDF's fills."""
NEAR = 3
"""Bins on either side that hold a value's neighbours."""
ERRORS = 2.0
"""Standard errors by which the neighbours of a value become more frequent by chance."""
NEVER = 0.001
"""A code whose share was below this is new."""
MANY = 20
"""A column of fewer distinct values is made of steps, whose shares move by nature."""


def volume(accepted: Contract, now: Contract, rules: DataGate) -> Finding | None:
    """The number of rows is of the order it was."""
    most, least = max(accepted.rows, now.rows), min(accepted.rows, now.rows)
    if least and most <= rules.max_volume_change * least:
        return None
    how = "as many" if now.rows > accepted.rows else "as few"
    factor = number(round(most / least, 1)) if least else "infinitely"
    return Finding(
        column="",
        rule="volume",
        severity="stop",
        expected=f"about {accepted.rows:,} rows, {number(rules.max_volume_change)} times at most",
        found=f"{now.rows:,}, {factor} times {how}",
        rows=now.rows,
        cure="look for a join that multiplies rows, or for a part that is not there",
    )


def missing(part: Part, pair: Pair, rules: DataGate) -> Finding | None:
    """No more values are missing than before, with some room.

    A column that often lacked values varies more, so more than the room is a stop only when twice
    as many are missing, or half as many are left; else it is told of.
    """
    series, was = part.frame.get_column(pair.now.name), pair.accepted.null_rate
    rows = missing_count(series)
    rate = rows / series.len()
    far = rate - was > rules.max_null_increase
    if not far and not (rate - was >= NOTICED and was <= SPARSE and rows >= FEW):
        return None
    doubled = rate > 2 * was or 2 * (1 - rate) < 1 - was
    return Finding(
        column=series.name,
        rule="missing",
        severity="stop" if far and doubled else "warn",
        expected=f"at most {share(was + (rules.max_null_increase if far else 0))} missing",
        found=f"{share(rate)} missing{part.where}, {share(was)} accepted",
        rows=rows,
        cure="look at the source or the join that fills this column",
        which=part.among_all(is_missing(series)),
    )


def ranges(part: Part, pair: Pair, rules: DataGate) -> Finding | None:
    """Values stay within what was accepted, widened by its own span on both sides."""
    before, name = pair.accepted, pair.now.name
    if before.minimum is None or before.maximum is None or before.type not in NUMBERS | INSTANTS:
        return None
    span = before.maximum - before.minimum or max(abs(before.maximum), 1.0)
    low, high = before.minimum - span, before.maximum + span
    values = as_numbers(part.frame.get_column(name)).fill_nan(None)
    outside = _outside(values, low, high)
    most = rules.max_out_of_range * part.frame.height
    if outside.len() <= most:
        return None
    far = _outside(values, low - FAR * span, high + FAR * span)
    dated = before.type in INSTANTS
    moving = dated or (far.len() <= most and part.case.follows_time(name))
    write = instant if dated else number
    return Finding(
        column=name,
        rule="ranges",
        severity="warn" if moving else "stop",
        expected=f"{write(low)} to {write(high)}, as {write(before.minimum)} to "
        f"{write(before.maximum)} was accepted",
        found=f"{share(outside.len() / part.frame.height)} outside{part.where}",
        rows=outside.len(),
        examples=tuple(write(value) for value in _frequent(outside)),
        cure=FOLLOWS if moving else "look for a change of unit, or an error code as a value",
        which=part.among_all((values < low) | (values > high)),
    )


def _outside(values: pl.Series, low: float, high: float) -> pl.Series:
    return values.filter((values < low) | (values > high))


def categories(part: Part, pair: Pair, rules: DataGate, accepted: Profile | None) -> Finding | None:
    """Hardly any row has a category that was never accepted; a known one in new clothes is told."""
    known = pair.accepted.categories
    if not known or pair.now.type != "string":
        return None
    series = part.frame.get_column(pair.now.name)
    counted = series.cast(pl.String).drop_nulls().alias("value").value_counts(name="rows")
    new = counted.filter(~pl.col("value").is_in(known)).sort(
        "rows", "value", descending=[True, False]
    )
    rows = int(new["rows"].sum())
    gone = sorted(set(known) - set(counted["value"].to_list()))
    again = _in_new_clothes(new["value"].to_list(), known)
    before = None if accepted is None else accepted.column(series.name)
    renamed = "" if again else _alike(new.rows(), gone, part, before)
    too_many = rows / series.len() > rules.max_unseen
    if not too_many and not again:
        return None
    return Finding(
        column=series.name,
        rule="categories",
        severity="stop" if too_many else "warn",
        expected=f"at most {share(rules.max_unseen)} of rows in categories never accepted",
        found=f"{share(rows / series.len())}{part.where}: new {_some(new['value'].to_list())}; "
        f"no longer there {_some(gone)}{again}{renamed}",
        rows=rows,
        examples=examples_of(new["value"].to_list()),
        cure="map the new names to the old upstream, or accept them",
        which=part.among_all(~series.cast(pl.String).is_in(known)),
    )


def flood(part: Part, pair: Pair, accepted: Profile) -> Finding | None:
    """No single number is suddenly everywhere, as an error code written as a value would be.

    Of what is written for *no value* everywhere, as many rows as may be out of range are enough.
    A column of few values is made of steps whose shares move by nature: there, only a value below
    all that was accepted counts (new codes and years come in above).
    """
    now, before = part.own.column(pair.now.name), accepted.column(pair.now.name)
    if now is None or before is None or (now.kind, before.kind) != ("numeric", "numeric"):
        return None
    if before.minimum is None:
        return None
    stepped, low = len(before.bins.edges) <= MANY + 1, before.minimum
    series, least = part.frame.get_column(now.name), part.case.rules.max_out_of_range
    for value, rows in _frequent_values(series, now, min(FLOOD, least)):
        was, rate = _rows_of(before, value) / before.rows, rows / now.rows
        code = value in CODES and was < NEVER
        if not code and (rate - was <= FLOOD or (stepped and value >= low)):
            continue
        if low <= value <= (before.maximum or low) and _crowded(before, as_floats(series), value):
            continue
        if not value < 0 <= low and part.case.follows_time(now.name):
            continue
        return Finding(
            column=now.name,
            rule="flood",
            severity="stop",
            expected=f"the value {number(value)} in about {share(was)} of the rows",
            found=f"it in {share(rate)}{part.where}",
            rows=rows,
            examples=(number(value),),
            cure="look for an error code or a default written as a value",
            which=part.among_all(as_numbers(series) == value),
        )
    return None


def _frequent_values(
    series: pl.Series, column: ColumnProfile, least: float
) -> list[tuple[float, int]]:
    """Values that more than this share of the rows have, and those rows; most frequent first.

    The bins say where such a value can be; the rows there say what it is.
    """
    heavy: list[tuple[float, int]] = []
    bins, values = column.bins, as_floats(series)
    for low, high, rows in zip(bins.edges, bins.edges[1:], column.counts[1:-1], strict=False):
        if rows > least * column.rows:
            there = values[(low <= values) & (values <= high)]
            distinct, counts = np.unique(there, return_counts=True)
            if counts.max(initial=0) > least * column.rows:
                heavy.append((float(distinct[counts.argmax()]), int(counts.max())))
    return sorted(set(heavy), key=lambda found: (-found[1], found[0]))


def _crowded(before: ColumnProfile, values: NDArray[np.float64], value: float) -> bool:
    """Whether its neighbours became more frequent too, as in a calm week; a code stands alone."""
    edges = before.bins.edges
    middle = bisect_right(edges, value)
    low, high = edges[max(0, middle - 1 - NEAR)], edges[min(len(edges) - 1, middle + NEAR)]
    inside = slice(max(1, middle - NEAR), middle + NEAR + 1)
    was = (sum(before.counts[inside]) - _rows_of(before, value)) / max(before.rows, 1)
    near = (low <= values) & (values <= high) & (values != value)
    chance = np.sqrt(was * (1 - was) * (1 / max(before.rows, 1) + 1 / max(values.size, 1)))
    return bool(near.mean() > was + ERRORS * chance)


def _rows_of(column: ColumnProfile, value: float) -> int:
    """How many rows had this value at most."""
    found = cell_of(value, column.layout.centre)
    return column.counts[bisect_right(column.bins.starts, found)] if column.counts else 0


def _frequent(values: pl.Series) -> list[float]:
    """The three most frequent values, ties in ascending order."""
    counted = values.alias("value").value_counts(name="rows")
    return counted.sort("rows", "value", descending=[True, False]).head(3)["value"].to_list()


def _in_new_clothes(new: list[str], known: Iterable[str]) -> str:
    """New categories that differ from an accepted one in case, spacing or encoding only."""
    bare = {_bare(category): category for category in known}
    pairs = [(quoted(value), bare[_bare(value)]) for value in new if _bare(value) in bare]
    if not pairs:
        return ""
    told = (f"{now} is {quoted(before)} written otherwise" for now, before in pairs[:3])
    return f"; {', '.join(told)}"


def _bare(text: str) -> str:
    """Without case, spaces, accents and what cannot be seen; UTF-8 read as Latin-1 is read anew."""
    with suppress(UnicodeError):  # swallow: it was no UTF-8 read as Latin-1
        text = text.encode("cp1252").decode("utf-8")
    apart = unicodedata.normalize("NFKD", text).casefold()
    hidden = {"Mn", "Cf", "Cc", "Zs"}
    return "".join(c for c in apart if unicodedata.category(c) not in hidden)


def _alike(
    new: list[tuple[str, int]], gone: list[str], part: Part, before: ColumnProfile | None
) -> str:
    """The new category beside the one that is gone and was as frequent, when there is one."""
    if not new or not gone or before is None or not before.rows:
        return ""
    counts = dict(zip(before.names.texts, before.names.counts, strict=True))
    value, rows = new[0]
    rate = rows / part.frame.height
    old = min(gone, key=lambda text: abs(counts.get(text, 0) / before.rows - rate))
    was = counts.get(old, 0) / before.rows
    if abs(was - rate) > max(0.02, was / 4):
        return ""
    return f"; {quoted(value)} ({share(rate)}) has the place of {quoted(old)} ({share(was)})"


def _some(names: list[str]) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004
    return ", ".join(quoted(name) for name in names[:3]) + more
