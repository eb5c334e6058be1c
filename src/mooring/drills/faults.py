"""Each fault as a pure function: a delivery, the column to break and a seed in, a delivery out.

Only the new rows are broken, as it happens, unless a type changes: a file has one type a column.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from mooring.drills.delivery import Delivery

    Fault = Callable[[Delivery, str, int], Delivery]


def in_part(frame: pl.DataFrame, share: float, seed: int) -> pl.Series:
    """So large a share of the rows, drawn at random."""
    chosen = np.random.default_rng(seed).permutation(frame.height) < share * frame.height
    return pl.Series(chosen)


def rescale(factor: float, offset: float = 0.0) -> Fault:
    """Another unit."""

    def fault(rows: Delivery, name: str, _seed: int) -> Delivery:
        changed = (pl.col(name).cast(pl.Float64) * factor + offset).alias(name)
        return replace(rows, new=_as_before(rows, name, rows.new.with_columns(changed)))

    return fault


def write_code(code: float, share: float) -> Fault:
    """An error code written as a value."""

    def fault(rows: Delivery, name: str, seed: int) -> Delivery:
        return _put(rows, name, pl.lit(code).cast(pl.Float64), share, seed)

    return fault


def default_value(share: float) -> Fault:
    """The value in the middle wherever the true one was not found."""

    def fault(rows: Delivery, name: str, seed: int) -> Delivery:
        middle = rows.accepted.get_column(name).cast(pl.Float64).quantile(0.5, "nearest")
        return _put(rows, name, pl.lit(middle, pl.Float64), share, seed)

    return fault


def lose(share: float) -> Fault:
    """Values that are missing."""

    def fault(rows: Delivery, name: str, seed: int) -> Delivery:
        lost = pl.lit(in_part(rows.new, share, seed))
        gone = pl.when(~lost).then(pl.col(name)).alias(name)
        return replace(rows, new=rows.new.with_columns(gone))

    return fault


def lose_in_slice(rows: Delivery, where: str, _seed: int) -> Delivery:
    """A column that is missing in the rows of one group only: ``column/group``."""
    name, group = where.split("/")
    one = small_group(rows, group)
    gone = pl.when(pl.col(group).cast(pl.String) != one).then(pl.col(name)).alias(name)
    return replace(rows, new=rows.new.with_columns(gone))


def break_in_slice(rows: Delivery, where: str, _seed: int) -> Delivery:
    """One tenant that sends numbers of another size: ``column/group``."""
    name, group = where.split("/")
    here = pl.col(group).cast(pl.String) == small_group(rows, group)
    number = pl.col(name).cast(pl.Float64)
    span = _spread(rows, name)
    changed = pl.when(here).then(number + 8 * span).otherwise(number).alias(name)
    return replace(rows, new=_as_before(rows, name, rows.new.with_columns(changed)))


def rename(how: Callable[[str], str]) -> Fault:
    """The most frequent category under another name."""

    def fault(rows: Delivery, name: str, _seed: int) -> Delivery:
        text = pl.col(name).cast(pl.String)
        old = top(rows, name)
        changed = pl.when(text == old).then(pl.lit(how(old))).otherwise(text).alias(name)
        before = rows.accepted.with_columns(text)
        return replace(rows, accepted=before, new=rows.new.with_columns(changed))

    return fault


def in_other_case(text: str) -> str:
    """Upper case; lower case for what is in upper case already."""
    return text.upper() if text.upper() != text else text.lower()


def mojibake(text: str) -> str:
    """UTF-8 that was read as Latin-1, or letters taken apart from their accents."""
    apart = unicodedata.normalize("NFD", text)
    return apart if apart != text else text + "\N{ZERO WIDTH SPACE}"


def as_codes(rows: Delivery, name: str, _seed: int) -> Delivery:
    """Every category as a number in text, as an encoder would write it."""
    known = rows.accepted.get_column(name).cast(pl.String).drop_nulls().unique().sort().to_list()
    code = {value: f"#{place}" for place, value in enumerate(known)}
    text = pl.col(name).cast(pl.String)
    before = rows.accepted.with_columns(text)
    return replace(rows, accepted=before, new=rows.new.with_columns(text.replace(code)))


def explode(rows: Delivery, name: str, _seed: int) -> Delivery:
    """A category of its own in every row."""
    new = pl.concat_str(pl.col(name).cast(pl.String).fill_null(""), pl.int_range(pl.len()))
    before = rows.accepted.with_columns(pl.col(name).cast(pl.String))
    return replace(rows, accepted=before, new=rows.new.with_columns(new.alias(name)))


def swap(rows: Delivery, where: str, _seed: int) -> Delivery:
    """Two columns exchanged: ``a/b``."""
    a, b = where.split("/")
    return replace(rows, new=rows.new.with_columns(pl.col(b).alias(a), pl.col(a).alias(b)))


def add_fractions(rows: Delivery, name: str, _seed: int) -> Delivery:
    """Integers as floats, some with a fraction."""
    number = pl.col(name).cast(pl.Float64)
    new = rows.new.with_columns((number + 0.5).alias(name))
    return replace(rows, accepted=rows.accepted, new=new)


def as_text(rows: Delivery, name: str, _seed: int) -> Delivery:
    """Numbers written as text."""
    return replace(rows, new=rows.new.with_columns(pl.col(name).cast(pl.String)))


def in_32_bits(rows: Delivery, name: str, _seed: int) -> Delivery:
    """Floats of half the width, the whole column as one file has it."""
    return replace(rows, new=_all(rows, pl.col(name).cast(pl.Float32)), kept=False)


def drop(rows: Delivery, name: str, _seed: int) -> Delivery:
    """A column that is gone from the file."""
    return replace(rows, new=rows.rows.drop(name), kept=False)


def add(rows: Delivery, _name: str, _seed: int) -> Delivery:
    """A column that was never there."""
    return replace(rows, new=_all(rows, pl.lit(1).alias("a_new_column")), kept=False)


def shift_clock(hours: int) -> Fault:
    """Instants in another zone."""

    def fault(rows: Delivery, name: str, _seed: int) -> Delivery:
        moved = pl.col(name) + timedelta(hours=hours)
        return replace(rows, new=rows.new.with_columns(moved))

    return fault


def lose_zone(rows: Delivery, name: str, _seed: int) -> Delivery:
    """Instants that no longer say in which zone they are."""
    naive = pl.col(name).dt.replace_time_zone(None)
    zoned = naive.dt.replace_time_zone("UTC")
    before = rows.accepted.with_columns(zoned)
    return replace(rows, accepted=before, new=_all(rows, naive), kept=False)


def deliver_twice(rows: Delivery, _name: str, _seed: int) -> Delivery:
    """Every new row twice."""
    return replace(rows, new=pl.concat([rows.new, rows.new]))


def deliver_old(rows: Delivery, name: str, _seed: int) -> Delivery:
    """A batch of accepted rows once more beside the new ones, their time unchanged."""
    old = rows.accepted.sort(name).tail(rows.new.height // 4)
    return replace(rows, new=pl.concat([rows.new, old]))


def replay(rows: Delivery, name: str, _seed: int) -> Delivery:
    """Accepted rows under the time of the new ones."""
    old = rows.accepted.sort(name).tail(rows.new.height)
    new = rows.new.sort(name)
    return replace(rows, new=old.with_columns(new.get_column(name).tail(old.height)))


def stop(rows: Delivery, _name: str, _seed: int) -> Delivery:
    """Nothing new."""
    return replace(rows, new=rows.new.clear() if rows.kept else rows.accepted)


def empty(rows: Delivery, _name: str, _seed: int) -> Delivery:
    """A file without a row, delivered as if all were well."""
    return replace(rows, new=rows.new.clear(), kept=False)


def interrupt(rows: Delivery, name: str, _seed: int) -> Delivery:
    """Half of the time is missing."""
    at = rows.new.get_column(name)
    start, end = at.quantile(0.25), at.quantile(0.75)
    hole = pl.col(name).is_between(pl.lit(start), pl.lit(end), "none")
    return replace(rows, new=rows.new.filter(~hole))


def freeze(rows: Delivery, where: str, _seed: int) -> Delivery:
    """A value that stands still in the latter half of the new rows: ``column/time``."""
    name, time = where.split("/")
    new = rows.new.sort(time)
    half = new.height // 2
    last = new.get_column(name).head(half).drop_nulls().tail(1)
    still = pl.when(pl.int_range(pl.len()) < half).then(pl.col(name)).otherwise(last.first())
    return replace(rows, new=new.with_columns(still.cast(new.schema[name]).alias(name)))


def keep_some(share: float) -> Fault:
    """Only some of the rows are sent."""

    def fault(rows: Delivery, _name: str, seed: int) -> Delivery:
        return replace(rows, new=rows.new.filter(in_part(rows.new, share, seed)))

    return fault


def come_late(rows: Delivery, name: str, seed: int) -> Delivery:
    """Four fifths of the rows of the latest third are not there yet."""
    border = rows.new.get_column(name).quantile(2 / 3)
    there = pl.lit(in_part(rows.new, 0.2, seed))
    return replace(rows, new=rows.new.filter((pl.col(name) <= pl.lit(border)) | there))


def keep_one_group(rows: Delivery, name: str, _seed: int) -> Delivery:
    """Only the rows of the most frequent category are sent."""
    return replace(rows, new=rows.new.filter(pl.col(name).cast(pl.String) == top(rows, name)))


def poison_day(rows: Delivery, where: str, _seed: int) -> Delivery:
    """The numbers of one day in each other's columns: ``time/a,b,c``."""
    time, listed = where.split("/")
    names = listed.split(",")
    days = rows.new.get_column(time).dt.truncate("1d")
    middle = days.unique().sort()
    day = middle[middle.len() // 2]
    turned = [
        pl.when(pl.lit(days == day)).then(pl.col(b)).otherwise(pl.col(a)).alias(a)
        for a, b in zip(names, [*names[1:], names[0]], strict=True)
    ]
    return replace(rows, new=rows.new.with_columns(turned))


def top(rows: Delivery, name: str) -> str:
    """The most frequent category; the first in the alphabet of several."""
    texts = rows.new.get_column(name).cast(pl.String).drop_nulls()
    return str(texts.mode().sort().first())


def small_group(rows: Delivery, name: str) -> str:
    """The least of the groups that have one row in fifty of the new ones, or more."""
    text = pl.col(name).cast(pl.String).alias("group")
    sizes = rows.new.select(text).drop_nulls().group_by("group").len().sort("len", "group")
    enough = sizes.filter(pl.col("len") >= max(50, rows.new.height / 50))
    return str((enough if enough.height else sizes.reverse()).item(0, "group"))


def _put(rows: Delivery, name: str, value: pl.Expr, share: float, seed: int) -> Delivery:
    broken = pl.lit(in_part(rows.new, share, seed))
    number = pl.col(name).cast(pl.Float64)
    changed = pl.when(broken).then(value).otherwise(number).alias(name)
    return replace(rows, new=_as_before(rows, name, rows.new.with_columns(changed)))


def _as_before(rows: Delivery, name: str, changed: pl.DataFrame) -> pl.DataFrame:
    """Whole numbers stay integers where the column held integers, so that no type gives it away."""
    if not rows.new.schema[name].is_integer():
        return changed
    return changed.with_columns(pl.col(name).round().cast(pl.Int64))


def _all(rows: Delivery, change: pl.Expr) -> pl.DataFrame:
    return rows.rows.with_columns(change)


def _spread(rows: Delivery, name: str) -> float:
    found = rows.accepted.get_column(name).cast(pl.Float64).std()
    return float(found) if isinstance(found, float) else 0.0
