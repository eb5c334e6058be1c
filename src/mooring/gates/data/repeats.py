"""Rows that came before, values that stand still, and a feed that stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.gates.contract import as_numbers
from mooring.gates.data.finding import Finding, instant, number, share
from mooring.gates.data.past import copies, fingerprints, longest_run, readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mooring.gates.contract import Contract
    from mooring.gates.data.case import Case, Part
    from mooring.gates.data.past import Past

COPIED = 0.02
"""How much the share of copied rows may rise: as many as may be out of range."""
ECHOED = 0.1
"""How much the share of rows whose values were there before may rise."""
LEAST_SAMPLED = 20
FROZEN = 3
"""How many times longer than ever a value may stand still."""
LEAST_RUN = 12
LEAST_SHARE = 0.1
"""Of the new rows: a run that is shorter does not matter much."""


def duplicates(part: Part, past: Past, new: int) -> Iterator[Finding]:
    """Hardly more rows than before are there twice.

    Parameters
    ----------
    part : Part
        All rows: a batch that was delivered again is not among the latest.
    past : Past
    new : int
        How many rows are new; those that are there twice are counted against them.
    """
    marks = fingerprints(part.frame, readable(part.frame))
    rate = copies(marks)
    extra = (rate - past.copies) * marks.size
    if not new or extra <= COPIED * new:
        return
    _, first, counts = np.unique(marks, return_index=True, return_counts=True)
    most = int(first[counts.argmax()])
    again = np.ones(marks.size, dtype=np.bool_)
    again[first] = False
    yield Finding(
        column="",
        rule="duplicates",
        severity="stop",
        expected=f"{share(past.copies)} of the rows to be copies of another",
        found=f"{share(rate)}, {round(extra):,} rows more than usual",
        rows=round(extra),
        examples=(_row(part, most),),
        cure="look for a batch that was delivered twice, or a join that multiplies rows",
        # where rows are alike by nature, nobody can say which of them came twice
        which=pl.Series(again) if past.copies <= COPIED else None,
    )


def replayed(part: Part, past: Past) -> Iterator[Finding]:
    """New rows do not hold, under a new time, what accepted rows held.

    Fingerprints below a threshold are kept of the accepted rows, and the same ones are looked at
    among the new: a sample that both sides agree on (Broder 1997, "On the resemblance and
    containment of documents").
    """
    if not past.marks or not part.frame.height or past.echoes > 1 - 2 * ECHOED:
        return
    marks = fingerprints(part.frame, past.marked)
    sampled = np.flatnonzero(marks <= np.uint64(past.marks[-1]))
    seen = sampled[np.isin(marks[sampled], np.asarray(past.marks, dtype=np.uint64))]
    if sampled.size < LEAST_SAMPLED:
        return
    rate, room = seen.size / sampled.size, ECHOED + 4 * np.sqrt(0.25 / sampled.size)
    if rate - past.echoes <= room:
        return
    yield Finding(
        column="",
        rule="replayed",
        severity="stop",
        expected=f"about {share(past.echoes)} of new rows with values that were there before",
        found=f"{share(rate)}{part.where}: a replayed batch suspected",
        rows=round(rate * part.frame.height),
        examples=(_row(part, int(seen[marks[seen].argmin()])),),
        cure="look whether an old batch was sent again under a new time",
    )


def frozen(part: Part, past: Past) -> Iterator[Finding]:
    """No value stands still for much longer than it ever did."""
    if part.case.time is None:
        return
    rows = part.frame.filter(pl.col(part.case.time).is_not_null())
    for name, before in past.runs.items():
        if name not in rows.columns or not rows.schema[name].is_numeric():
            continue
        now = longest_run(part.case, rows, name)
        if now < max(LEAST_RUN, FROZEN * before, LEAST_SHARE * rows.height):
            continue
        yield Finding(
            column=name,
            rule="frozen",
            severity="stop",
            expected=f"a value to stand still for {before:,} rows at most",
            found=f"one unchanged in {now:,} successive rows{part.where}",
            rows=now,
            examples=(_standing(part, rows, name),),
            cure="look whether the sensor, the job or the cache behind this column still moves",
        )


def feed(case: Case, accepted: Contract, past: Past) -> Iterator[Finding]:
    """There is something new, and no hole before it that is wider than ever."""
    before = accepted.column(case.time) if case.time else None
    if case.time is None:
        if past.identity == identity(case.frame):
            yield _nothing_new(case, "exactly the rows that were accepted last")
        return
    if before is None or before.maximum is None or not case.frame.height:
        return
    seconds = as_numbers(case.frame.get_column(case.time)).drop_nulls().to_numpy()
    later = np.unique(seconds[seconds > before.maximum])
    if not later.size:
        yield _nothing_new(case, f"none after {instant(before.maximum)}")
        return
    steps = np.diff(np.concatenate([[before.maximum], later]))
    widest, place = float(steps.max()), int(steps.argmax())
    if past.widest and widest > FROZEN * past.widest:
        start = later[place] - widest
        yield Finding(
            column=case.time,
            rule="feed",
            severity="warn",
            expected=f"a row at least every {_span(past.widest)}",
            found=f"none for {_span(widest)}, from {instant(start)} to {instant(later[place])}",
            rows=0,
            examples=(instant(start),),
            cure="look whether a part of the feed is missing",
        )


def identity(frame: pl.DataFrame) -> str:
    """The same for the same rows in any order."""
    marks = fingerprints(frame, readable(frame))
    return f"{frame.height}:{int(marks.sum(dtype=np.uint64)):016x}"


def _nothing_new(case: Case, found: str) -> Finding:
    return Finding(
        column=case.time or "",
        rule="feed",
        severity="warn",
        expected="new rows since the last that were accepted",
        found=found,
        rows=0,
        examples=(),
        cure="look whether the feed has stopped; nothing, if this run is meant to repeat one",
    )


def _standing(part: Part, rows: pl.DataFrame, name: str) -> str:
    ordered = rows.select(at=pl.col(str(part.case.time)), value=pl.col(name)).sort("at", "value")
    runs = ordered.get_column("value").rle().struct.unnest().drop_nulls("value")
    value = runs.row(int(runs.get_column("len").arg_max() or 0), named=True)["value"]
    return number(float(value))


def _row(part: Part, place: int) -> str:
    """A row by its time, or by its first judged values; keys are not told."""
    names = [part.case.time] if part.case.time else list(part.case.judged[:2])
    row = part.frame.select(names).row(place)
    return ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True))


def _span(seconds: float) -> str:
    for length, word in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{number(round(seconds / length, 1))} {word}"
    return f"{number(seconds)} seconds"
