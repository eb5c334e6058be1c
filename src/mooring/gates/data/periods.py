"""New periods and slices, held against those that were accepted.

What a period may be is what the accepted ones were, widened by their own span on both sides, as
ranges of values are: that follows the weekdays and the weather of the data at hand, and needs no
law of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mooring.gates.data.finding import Finding, instant, number, share
from mooring.gates.data.partitions import by_period, known_mean, partitions, period_of, table
from mooring.gates.data.past import slice_key, whole
from mooring.profiling.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mooring.gates.data.case import Part
    from mooring.gates.data.partitions import Measure, Partition
    from mooring.gates.data.past import Past

    Floats = NDArray[np.float64]

LEAST_PERIODS = 8
"""Fewer periods do not show how far one may be from another."""
RATE = 0.25
"""How far beyond its accepted span the number of rows a period may be, in shares of the usual."""
MIX = 0.1
"""How far beyond its accepted span the share of a category may be."""
FEW = 0.05
"""A share of periods that may be short by accident."""
ERRORS = 4.0
"""Standard errors of a mean that are left to chance."""
FAR = 3.0
"""Standard deviations of a slice's values that its mean never moves by itself."""
LEAST_ROWS = 30
OFTEN = 3
"""Times as many missing values as a slice ever had, from which it is a fault of its own."""


@dataclass(frozen=True, slots=True)
class _Span:
    """What was usual: the least and the most, and the width to allow beyond."""

    low: Floats
    high: Floats

    def beyond(self, found: Floats, room: Floats | float) -> NDArray[np.bool_]:
        """Which values are outside, widened by the span itself and some room."""
        width = self.high - self.low
        low, high = self.low - width - room, self.high + width + room
        return (found < low) | (found > high)


def has_days(past: Past | None) -> bool:
    """Whether there are enough periods to hold new ones against."""
    return past is not None and len(past.periods) >= LEAST_PERIODS


def sampling(part: Part, past: Past) -> Iterator[Finding]:
    """As many rows a period as before, and categories in shares as before."""
    new = new_periods(part, past)
    if not new or not has_days(past):
        return
    before, now = _counts(past.periods, past.step), _counts(new, past.step)
    most = max(1, min(now.size, before.size // 2))
    usual, found = _rolling(before[:, None], most), float(now.mean())
    middle = float(np.median(before))
    if usual.beyond(np.asarray([found]), RATE * middle)[0]:
        yield Finding(
            column="",
            rule="sampling",
            severity="stop",
            expected=f"{number(usual.low[0])} to {number(usual.high[0])} rows {_every(past)}",
            found=f"{number(found)}{part.where}",
            rows=part.frame.height,
            examples=(f"{instant(float(new[0].value))}: {new[0].rows:,} rows",),
            cure="look whether only some of the rows are sent now, or some twice",
        )
    elif (short := _short(before, now)).size >= max(1, FEW * now.size):
        first = instant(float(new[0].value) + past.step * int(short[0]))
        yield Finding(
            column="",
            rule="sampling",
            severity="warn",
            expected=f"about {number(middle)} rows {_every(past)}",
            found=f"{number(now[short].min())} and more in {short.size} of {now.size} "
            f"periods{part.where}",
            rows=round(float(now[short].sum())),
            examples=(first,),
            cure="look whether rows are late, or were lost; wait for them",
        )
    yield from _mix(part, past, new)


def _short(before: Floats, now: Floats) -> NDArray[np.intp]:
    """Periods of fewer rows than all but a few before, with a quarter of the usual to spare."""
    usual = float(np.median(before))
    room = max(RATE * usual, ERRORS * float(np.sqrt(usual)))
    return np.flatnonzero(now < np.quantile(before, FEW) - room)


def _mix(part: Part, past: Past, new: Sequence[Partition]) -> Iterator[Finding]:
    """Categories whose share is not what it was in any stretch of time of this length."""
    before, now = table(past.periods, "means"), table(new, "means")
    usual = _rolling(before, max(1, min(len(new), len(past.periods) // 2)))
    weights = np.asarray([p.rows for p in new], dtype=np.float64)
    found = known_mean(now, weights=weights[:, None])
    for place in np.flatnonzero(usual.beyond(found, MIX)):
        measure = past.measures[place]
        if measure.category is None:
            continue
        yield Finding(
            column=measure.column,
            rule="sampling",
            severity="stop",
            expected=f"{measure.label} from {share(usual.low[place])} to "
            f"{share(usual.high[place])}, as in any {len(new)} periods before",
            found=f"{share(float(found[place]))}{part.where}",
            rows=round(float(found[place]) * part.frame.height),
            examples=(repr(measure.category),),
            cure="look whether only some of the rows are sent now",
        )


def poisoned(part: Part, past: Past) -> Iterator[Finding]:
    """No single period is unlike all that were accepted."""
    new = new_periods(part, past)
    if not new or not has_days(past):
        return
    out = _out(part, past, new)
    # what most new periods have in common is no fault of one of them
    common = out.mean(axis=0) > 1 / 2 if len(new) > 2 else np.zeros(out.shape[1], bool)  # noqa: PLR2004
    out &= ~common
    columns = [{past.measures[i].column for i in np.flatnonzero(row)} for row in out]
    bad = [i for i, names in enumerate(columns) if names]
    if not bad:
        return
    worst = max(bad, key=lambda i: (len(columns[i]), -i))
    names, most = sorted(columns[worst]), max(1, len(_measured(past)) // 2)
    broken = [int(new[i].value) for i in bad if len(columns[i]) > most]
    yield Finding(
        column=names[0] if len(names) == 1 else "",
        rule="partition",
        severity="stop" if broken else "warn",
        expected="every period like those before",
        found=f"{instant(float(new[worst].value))} unlike all {len(past.periods)} before it in "
        f"{listed(names)}{part.where}",
        rows=sum(new[i].rows for i in bad),
        examples=_examples(past, new[worst], out[worst]),
        cure="look at the rows of that time; leave them out if they are broken",
        which=_rows_of_periods(part, past, broken),
    )


def _rows_of_periods(part: Part, past: Past, starts: Sequence[int]) -> pl.Series:
    periods = period_of(part.frame, str(part.case.time), past.step)
    return part.among_all(periods.is_in(starts))


def _measured(past: Past) -> set[str]:
    """Columns that have means: strange weather is in some of them, a broken day in most."""
    means = np.isfinite(table(past.periods, "means")).any(axis=0)
    return {past.measures[place].column for place in np.flatnonzero(means)}


def _out(part: Part, past: Past, new: Sequence[Partition]) -> NDArray[np.bool_]:
    """Which measures of which new periods are beyond those before, shape (periods, measures)."""
    sizes = np.asarray([max(p.rows, 1) for p in new], dtype=np.float64)[:, None]
    spread = np.nan_to_num(known_mean(table(past.periods, "deviations")))
    means = _span(table(past.periods, "means"))
    out = means.beyond(table(new, "means"), ERRORS * spread / np.sqrt(sizes))
    missing = _span(table(past.periods, "missing"))
    room = np.maximum(part.case.rules.max_null_increase, ERRORS * np.sqrt(0.25 / sizes))
    out |= missing.beyond(table(new, "missing"), room)
    for place in np.flatnonzero(out.any(axis=0)):
        measure = past.measures[place]
        if measure.category is None and part.case.follows_time(measure.column):
            out[:, place] = False
    return out


def slices(part: Part, past: Past) -> Iterator[Finding]:
    """No single shop, region or source sends what it never sent, while the others go on."""
    for name, before in past.slices.items():
        if name not in part.frame.columns:
            continue
        key = slice_key(part.case, name, part.frame)
        known = {p.value: p for p in before if p.rows >= LEAST_ROWS}
        now = partitions(part.frame, key, past.measures)
        both = [(known[p.value], p) for p in now if p.value in known and p.rows >= LEAST_ROWS]
        if len(both) > 1:
            yield from _of_slices(part, past, name, both)


def _of_slices(
    part: Part, past: Past, name: str, both: Sequence[tuple[Partition, Partition]]
) -> Iterator[Finding]:
    was, now = [a for a, _ in both], [b for _, b in both]
    sizes = np.asarray([p.rows for p in now], dtype=np.float64)[:, None]
    rise = table(now, "missing") - table(was, "missing")
    room = part.case.rules.max_null_increase + ERRORS * np.sqrt(0.25 / sizes)
    # a column that often lacks values varies more, in every slice of its own
    doubled = table(now, "missing") > OFTEN * table(was, "missing")
    gone = (rise > room) & (doubled | (2 * (1 - table(now, "missing")) < 1 - table(was, "missing")))
    moved = np.abs(table(now, "means") - table(was, "means"))
    spread = table(was, "deviations")
    far = (moved > FAR * spread) & (moved > ERRORS * spread / np.sqrt(sizes)) & (spread > 0)
    for what, out in (("missing", gone), ("means", far)):
        few = out.mean(axis=0) <= 1 / 2  # what most slices share is told by the other rules
        for place in np.flatnonzero(out.any(axis=0) & few):
            measure = past.measures[place]
            if measure.column == name or _moves_on(part, measure):
                continue
            broken = [both[row] for row in np.flatnonzero(out[:, place]).tolist()]
            found = _slice_finding(part, measure, name, broken[0], (what, int(place)))
            yield replace(found, which=_rows_of_slices(part, name, broken))


def _rows_of_slices(
    part: Part, name: str, broken: Sequence[tuple[Partition, Partition]]
) -> pl.Series:
    key = part.frame.select(slice_key(part.case, name, part.frame).alias("slice")).to_series()
    return part.among_all(key.is_in([now.value for _, now in broken]))


def _slice_finding(
    part: Part,
    measure: Measure,
    name: str,
    pair: tuple[Partition, Partition],
    at: tuple[str, int],
) -> Finding:
    what, place = at
    was, now = (getattr(side, what)[place] for side in pair)
    write = share if what == "missing" else number
    # a key may name a person: how its rows differ is told, the name is not
    which = "one value" if name in part.case.hidden else repr(pair[1].value)
    said = "missing" if what == "missing" else f"as the mean of {measure.label}"
    return Finding(
        column=measure.column,
        rule="partition",
        severity="stop",
        expected=f"{write(was)} {said} where {name} is {which}",
        found=f"{write(now)} there, while most others are as before{part.where}",
        rows=pair[1].rows,
        examples=(which,),
        cure=f"look at what is sent for this {name}; leave its rows out if they are broken",
    )


def new_periods(part: Part, past: Past) -> tuple[Partition, ...]:
    """Whole periods that are later than those which were accepted, oldest first."""
    time = part.case.time
    if time is None or not past.step or not past.periods:
        return ()
    found = by_period(part.frame, time, past.step, past.measures)
    last = float(past.periods[-1].value) + past.step  # the one after may be half accepted
    later = tuple(p for p in found if float(p.value) > last)
    return whole(later) if len(later) > 2 else later[:1]  # noqa: PLR2004


def _moves_on(part: Part, measure: Measure) -> bool:
    return measure.category is None and part.case.follows_time(measure.column)


def _counts(periods: Sequence[Partition], step: float) -> Floats:
    """Rows of every period from the first to the last, those without any included."""
    start = float(periods[0].value)
    places = [round((float(p.value) - start) / step) for p in periods]
    counts = np.zeros(places[-1] + 1)
    counts[places] = [p.rows for p in periods]
    return counts


def _rolling(values: Floats, length: int) -> _Span:
    """The least and the greatest mean of so many successive periods."""
    windows = np.lib.stride_tricks.sliding_window_view(values, length, axis=0)
    return _span(known_mean(windows, axis=-1))


def _span(values: Floats) -> _Span:
    return _Span(np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0))


def _every(past: Past) -> str:
    days = round(past.step / 86_400)
    return "a day" if days == 1 else f"in {days} days"


def _examples(past: Past, period: Partition, out: NDArray[np.bool_]) -> tuple[str, ...]:
    places = np.flatnonzero(out)[:3]
    return tuple(f"{past.measures[i].label} {number(period.means[i])}" for i in places)
