"""How often does a whole window alarm without drift, and is a shift of half a deviation seen?

Thirty columns of many kinds, from rows to verdict: a baseline is drawn and profiled, then windows
of the same distribution, and windows in which one column of numbers has moved. Prints, per size of
window, the share of windows without drift in which any column alarms, which columns and which
evidence did, and the share of moved windows in which the moved column was found.

    python bench/no_drift.py [BASELINE_ROWS] [WINDOWS]
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.profiling import Comparison, Profile, compare, profile

SIZES = (100, 200, 500, 1_000, 10_000, 1_000_000)
SHIFT = 0.5
SHIFTED = ("normal", "far", "t3", "lognormal", "poisson50", "nulls")
"""The columns that are moved in turn: those with a deviation in which a shift can be told."""
DEFAULT_ROWS, DEFAULT_WINDOWS = 10_000, 200
WINDOWS = 2
"""The argument's place."""
BASELINES = 4
LARGE, FEWER = 100_000, 8
"""From this many rows on, so many times fewer windows are drawn."""
EPOCH = np.datetime64("2024-01-01", "us")

Draw = Callable[[np.random.Generator, int], pl.Series]


def numbers(draw: Callable[[np.random.Generator, int], NDArray[np.generic]]) -> Draw:
    """A column of numbers."""
    return lambda rng, rows: pl.Series(draw(rng, rows))


def categories(shares: Sequence[float] | NDArray[np.float64]) -> Draw:
    """A column of categories with these shares."""
    total = np.cumsum(shares) / np.sum(shares)
    texts = pl.Series([f"category {place}" for place in range(len(total))])
    return lambda rng, rows: texts.gather(
        np.minimum(np.searchsorted(total, rng.random(rows)), len(total) - 1)
    )


def inflated(zeros: float, sigma: float) -> Draw:
    """A column that is 0 with some probability, and lognormal otherwise."""
    return numbers(
        lambda rng, rows: np.where(rng.random(rows) < zeros, 0.0, rng.lognormal(0, sigma, rows))
    )


def lacking(share: float) -> Draw:
    """A normal column that lacks a share of its values."""
    return lambda rng, rows: pl.Series(
        np.where(rng.random(rows) < share, np.nan, rng.normal(size=rows))
    ).fill_nan(None)


def flags(share: float) -> Draw:
    """A column of booleans, of which a share is true."""
    return lambda rng, rows: pl.Series(rng.random(rows) < share)


def within(span: np.timedelta64, dtype: pl.DataType) -> Draw:
    """A column of instants, evenly over a span."""
    micros = int(span / np.timedelta64(1, "us"))
    return lambda rng, rows: pl.Series(
        EPOCH + rng.integers(0, micros, rows).astype("timedelta64[us]")
    ).cast(dtype)


COLUMNS: dict[str, Draw] = {
    "normal": numbers(lambda rng, rows: rng.normal(size=rows)),
    "far": numbers(lambda rng, rows: 1e12 + rng.normal(size=rows)),
    "small": numbers(lambda rng, rows: 1e-200 * rng.normal(size=rows)),
    "uniform": numbers(lambda rng, rows: rng.random(rows)),
    "float32": numbers(lambda rng, rows: rng.normal(5, 2, rows).astype(np.float32)),
    "nulls": lacking(0.1),
    "few nulls": lacking(0.003),
    "lognormal": numbers(lambda rng, rows: rng.lognormal(0, 0.5, rows)),
    "lognormal2": numbers(lambda rng, rows: rng.lognormal(3, 2, rows)),
    "t3": numbers(lambda rng, rows: rng.standard_t(3, rows)),
    "cauchy": numbers(lambda rng, rows: rng.standard_cauchy(rows)),
    "poisson": numbers(lambda rng, rows: rng.poisson(0.1, rows)),
    "poisson2": numbers(lambda rng, rows: rng.poisson(2, rows).astype(np.float64)),
    "poisson50": numbers(lambda rng, rows: rng.poisson(50, rows)),
    "geometric": numbers(lambda rng, rows: rng.geometric(0.01, rows)),
    "hour": numbers(lambda rng, rows: rng.integers(0, 24, rows)),
    "id": numbers(lambda rng, rows: rng.integers(0, 10**15, rows)),
    "zeros": inflated(0.6, 1.0),
    "more zeros": inflated(0.95, 1.5),
    "nearly zeros": inflated(0.998, 1.0),
    "two": categories([0.7, 0.3]),
    "five": categories([0.4, 0.3, 0.2, 0.08, 0.02]),
    "zipf": categories(1 / np.arange(1.0, 301)),
    "many": categories(np.ones(1000)),
    "rare": categories([0.9, *np.full(5000, 0.1 / 5000)]),
    "coin": flags(0.5),
    "flag": flags(0.01),
    "rare flag": flags(0.0005),
    "day": within(np.timedelta64(365, "D"), pl.Date()),
    "instant": within(np.timedelta64(7, "D"), pl.Datetime("us", "UTC")),
}


def rows_of(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    """Rows of all thirty columns."""
    return pl.DataFrame({name: draw(rng, rows) for name, draw in COLUMNS.items()})


def moved(frame: pl.DataFrame, now: Profile, name: str, base: Profile) -> Profile:
    """The profile of the rows with one column moved by half its baseline's deviation.

    The other columns are those of ``now``: a column is counted without a look at the others.
    """
    before = tuple(column for column in base.columns if column.name == name)
    shifted = frame.select(pl.col(name) + SHIFT * before[0].deviation)
    (found,) = profile(shifted, baseline=replace(base, columns=before)).columns
    return replace(now, columns=tuple(found if c.name == name else c for c in now.columns))


@dataclass
class Tally:
    """What windows of one size showed."""

    alarms: list[bool] = field(default_factory=list)
    caught: list[bool] = field(default_factory=list)
    why: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def quiet(self, found: Comparison) -> None:
        """Count a window without drift."""
        self.alarms.append(found.drifted)
        for column in found.columns:
            self.why.update(f"{column.name}: {e.kind}" for e in column.evidence if e.drift)

    def shifted(self, found: Comparison, name: str) -> None:
        """Count a window in which this column moved."""
        column = found.column(name)
        seen = column is not None and column.status == "drift"
        self.caught.append(seen)
        if not seen:
            self.missed[name] += 1


def simulated(rows: int, size: int, windows: int, baselines: int, seed: int = 0) -> Tally:
    """Windows of one size against several baselines, with and without a shift."""
    tally = Tally()
    for number in range(baselines):
        rng = np.random.default_rng([seed, number, rows, size])
        base = profile(rows_of(rng, rows))
        for window in range(windows // baselines):
            frame = rows_of(rng, size)
            now = profile(frame, baseline=base)
            tally.quiet(compare(base, now))
            name = SHIFTED[window % len(SHIFTED)]
            tally.shifted(compare(base, moved(frame, now, name, base)), name)
    return tally


def main() -> None:
    """A line for each size of window."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROWS
    windows = int(sys.argv[WINDOWS]) if len(sys.argv) > WINDOWS else DEFAULT_WINDOWS
    print(f"baselines of {rows:,} rows, {len(COLUMNS)} columns, {BASELINES} baselines a line")  # noqa: T201
    print(f"{'rows':>10}{'windows':>9}{'alarms':>9}{'caught':>9}{'seconds':>9}  why; missed")  # noqa: T201
    for size in SIZES:
        start = perf_counter()
        tally = simulated(rows, size, windows // (FEWER if size >= LARGE else 1), BASELINES)
        why = ", ".join(f"{text} {n}" for text, n in tally.why.most_common(4)) or "-"
        missed = ", ".join(f"{text} {n}" for text, n in tally.missed.most_common(4)) or "-"
        print(  # noqa: T201
            f"{size:>10,}{len(tally.alarms):>9}{np.mean(tally.alarms):>9.1%}"
            f"{np.mean(tally.caught):>9.1%}{perf_counter() - start:>9.0f}  {why}; {missed}",
            flush=True,
        )


if __name__ == "__main__":
    main()
