"""Rows that are taken out of a table: named by what caught them, placed, counted, left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mooring.gates.data.finding import Finding, share

if TYPE_CHECKING:
    from collections.abc import Iterable

RULE, ROW = "mooring_rule", "mooring_row"
"""Columns of the rows that were taken out: what caught each, and its place in the table from 0."""
WHOLE = "[gates.data] max_quarantined"


def rows_labelled(frame: pl.DataFrame, caught: Iterable[tuple[str, pl.Series]]) -> pl.DataFrame:
    """The rows that anything caught, with what did, and their places.

    Parameters
    ----------
    frame : polars.DataFrame
    caught : iterable of (str, polars.Series of bool)
        What catches, as it is told with the rows; and which rows.

    Returns
    -------
    polars.DataFrame
        Its last two columns are ``RULE`` and ``ROW``, renamed where the table has such columns.

    Examples
    --------
    >>> rows_labelled(pl.DataFrame({"x": [1, -1]}), [("x >= 0", pl.Series([False, True]))]).rows()
    [(-1, 'x >= 0', 1)]
    """
    rule, row = _free(RULE, frame), _free(ROW, frame)
    labels = pl.DataFrame(
        [
            pl.Series(f"{place}", mask).replace_strict(
                {True: label, False: None}, return_dtype=pl.String
            )
            for place, (label, mask) in enumerate(caught)
        ]
    )
    named = labels.select(pl.concat_str(pl.all(), separator="; ", ignore_nulls=True)).to_series()
    return frame.with_columns(
        named.alias(rule), pl.int_range(frame.height, dtype=pl.Int64, eager=True).alias(row)
    ).filter(named != "")


def left_by(frame: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table that are left without those that were taken out of it."""
    return frame.filter(~places(taken, frame.height))


def places(taken: pl.DataFrame, height: int) -> pl.Series:
    """Which rows of a table of that height those are; their places stand in the last column."""
    found = taken.to_series(taken.width - 1)
    return pl.int_range(height, dtype=pl.Int64, eager=True).is_in(found.implode())


def merged(frame: pl.DataFrame, before: pl.DataFrame | None, later: pl.DataFrame) -> pl.DataFrame:
    """Rows taken out in turn, as rows of the one table, in its order.

    Parameters
    ----------
    frame : polars.DataFrame
        The table.
    before : polars.DataFrame or None
        Taken out of it.
    later : polars.DataFrame
        Taken out of what was left; their places are those among the rows left.
    """
    if before is None:
        return later
    row = later.columns[-1]
    there = pl.int_range(frame.height, dtype=pl.Int64, eager=True)
    left = there.filter(~places(before, frame.height))
    return pl.concat([before, later.with_columns(left.gather(later[row]).alias(row))]).sort(row)


def too_many(taken: int, rows: int, allowed: float) -> Finding | None:
    """What stops a run when more rows are taken out than the user allows."""
    if taken <= allowed * rows:
        return None
    return Finding(
        "",
        "quarantine",
        "stop",
        f"at most {share(allowed)} of the rows taken out, as {WHOLE} says",
        share(taken / rows),
        taken,
        cure=f"mend the data, or raise {WHOLE}",
    )


def _free(name: str, frame: pl.DataFrame) -> str:
    while name in frame.columns:
        name += "_"
    return name
