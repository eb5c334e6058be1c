"""How often does the data gate stop clean data, and does it stop data that is broken?

Splits real data sets into months (or blocks of rows) and judges each against what was accepted a
month before: with all rows so far (``expanding``, from two months), with the latest twelve weeks
(``sliding``), and with each month alone (``months``, the hardest: no row is shared). Then breaks
copies of the last window in every column that a fault applies to, in all rows and in the new rows
only, and counts what is stopped.

    python bench/data_gate.py FOLDER

where ``FOLDER/<name>/<name>.parquet`` are the data sets named below, as many as are there.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import polars as pl

from mooring.gates.contract import describe
from mooring.gates.data.case import Case
from mooring.gates.data_gate import DataJudgement, judge_data
from mooring.profiling.comparing import compare
from mooring.profiling.counting.making import profile
from mooring.profiling.profiles import Profile
from mooring.settings.model import Data, DataGate

RULES = DataGate()
BLOCK = 17_000
WEEKS = timedelta(weeks=12)
LATE = 15
"""Minutes from which the airlines' regulator calls a flight late."""
DIFFERENT = 0.6
"""Total variation from which two columns are worth swapping."""
MOST_SWAPS = 12
TOLD = 6

Window = tuple[str, pl.DataFrame]


@dataclass(frozen=True)
class Injection:
    """A fault and the columns it is put into, one at a time."""

    make: Callable[[pl.DataFrame, str], pl.DataFrame]
    columns: list[str]
    in_new: bool = True


@dataclass(frozen=True)
class Set:
    """A data set, and what a project would say about its columns."""

    name: str
    data: Data

    def read(self, folder: Path) -> pl.DataFrame:
        """Its rows, oldest first."""
        frame = pl.read_parquet(folder / self.name / f"{self.name}.parquet")
        if self.name == "flights_3m":
            frame = frame.with_columns(late=(pl.col("delay") > LATE).cast(pl.Int8))
        return frame.sort(self.data.time) if self.data.time else frame


SETS = (
    Set(
        "bike_sharing",
        Data(
            source="bike_sharing.parquet",
            target="cnt",
            task="regression",
            time="event_time",
            exclude=("casual", "registered"),
        ),
    ),
    Set("elec2", Data(source="elec2.parquet", target="class", task="binary", time="event_time")),
    Set(
        "nycflights13",
        Data(
            source="nycflights13.parquet",
            target="late",
            task="binary",
            time="event_time",
            exclude=("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "label_time"),
        ),
    ),
    Set(
        "flights_3m",
        Data(
            source="flights_3m.parquet",
            target="late",
            task="binary",
            time="date",
            exclude=("delay",),
        ),
    ),
    Set(
        "us_census_ma_employment",
        Data(
            source="us_census_ma_employment.parquet",
            target="employed",
            task="binary",
            exclude=("id", "year", "period", "prediction", "predicted_probability"),
        ),
    ),
)


def expanding(frame: pl.DataFrame, time: str | None) -> Iterator[Window]:
    """All rows so far, a month or block more each time."""
    if time is None:
        for end in range(2 * BLOCK, frame.height, BLOCK):
            yield f"rows {end}", frame.head(end)
        return
    for start in month_starts(frame, time)[2:]:
        yield f"to {start:%Y-%m}", frame.filter(pl.col(time) < start)


def sliding(frame: pl.DataFrame, time: str | None) -> Iterator[Window]:
    """The latest twelve weeks (three blocks), a month or block later each time."""
    if time is None:
        for end in range(3 * BLOCK, frame.height, BLOCK):
            yield f"rows {end}", frame.slice(end - 3 * BLOCK, 3 * BLOCK)
        return
    for start in month_starts(frame, time)[3:]:
        latest = pl.col(time).is_between(start - WEEKS, start, "left")
        yield f"to {start:%Y-%m}", frame.filter(latest)


def months(frame: pl.DataFrame, time: str | None) -> Iterator[Window]:
    """Each month or block alone."""
    if time is None:
        for start in range(0, frame.height - BLOCK, BLOCK):
            yield f"rows {start}", frame.slice(start, BLOCK)
        return
    for begin, end in pairwise(month_starts(frame, time)):
        yield f"{begin:%Y-%m}", frame.filter(pl.col(time).is_between(begin, end, "left"))


def month_starts(frame: pl.DataFrame, time: str) -> list[datetime]:
    """Starts of the months in the data, and of the one after; one that hardly began is left out."""
    start = frame.get_column(time).dt.truncate("1mo").alias("start")
    counted = start.value_counts(name="rows").sort("start")
    starts = counted.filter(pl.col("rows") >= RULES.min_rows)["start"]
    return [*starts.to_list(), starts.dt.offset_by("1mo").to_list()[-1]]


def judge_clean(each: Set, windows: Iterator[Window]) -> tuple[str, list[str]]:
    """One row of the table of clean data, and a line for each stop."""
    accepted: DataJudgement | None = None
    runs, stopped, largest, where = 0, 0, 0.0, ""
    warned: Counter[str] = Counter()
    told: list[str] = []
    for name, frame in windows:
        judged = judge(frame, accepted, each.data)
        if accepted is not None:
            runs += 1
            stopped += judged.outcome != "pass"
            told += [f"    {name} {finding}" for finding in judged.stops]
            warned.update(f.rule for f in judged.findings if f.severity == "warn")
            moved, column = largest_move(Case(frame, each.data, RULES), accepted.profile)
            if moved > largest:
                largest, where = moved, f"{column} {name}"
        accepted = judged
    warnings = ", ".join(f"{rule} {count}" for rule, count in sorted(warned.items()))
    return f"{runs:>5} {stopped:>7} {largest:>6.2f}  {where:<24.24} {warnings}", told


def largest_move(case: Case, before: Profile) -> tuple[float, str]:
    """The largest total variation of any column that says more than when, and that column."""
    drifts = compare(before, profile(case.frame, before)).columns
    moved = [
        (drift.score("tvd"), drift.name)
        for drift in drifts
        if not case.follows_time(drift.name)
        and (drift.kind != "categorical" or _repeats(case.frame.get_column(drift.name)))
    ]
    return max((move for move in moved if move[0] >= 0), default=(0.0, ""))


def _repeats(series: pl.Series) -> bool:
    """Whether a column of text holds categories; names and dates that change are no drift."""
    return describe(series).categories is not None


def judge(frame: pl.DataFrame, accepted: DataJudgement | None, data: Data) -> DataJudgement:
    """What the gate says with its defaults."""
    if accepted is None:
        return judge_data(frame, None, None, RULES, data)
    return judge_data(frame, accepted.contract, accepted.profile, RULES, data)


def _part(frame: pl.DataFrame, tenths: int) -> pl.Expr:
    """The same tenths of the rows each time, spread evenly."""
    return pl.int_range(frame.height) * 7 % 10 < tenths


def times_1000(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """A change of unit."""
    return frame.with_columns(pl.col(name) * 1000)


def nulls(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """A tenth of the values missing."""
    return frame.with_columns(pl.when(~_part(frame, 1)).then(pl.col(name)).alias(name))


def minus_one(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """An error code in three tenths of the rows."""
    code = pl.lit(-1).cast(frame.schema[name])
    return frame.with_columns(pl.when(_part(frame, 3)).then(code).otherwise(name).alias(name))


def renamed(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The most frequent category under another name."""
    text = pl.col(name).cast(pl.String)
    top = frame.select(text.drop_nulls().mode().sort().first()).item()
    new = pl.when(text == top).then(pl.lit(f"{top} (new)")).otherwise(text)
    return frame.with_columns(new.alias(name))


def as_text(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Numbers written as text."""
    return frame.with_columns(pl.col(name).cast(pl.String))


def dropped(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """A column that is gone."""
    return frame.drop(name)


def swapped(frame: pl.DataFrame, names: str) -> pl.DataFrame:
    """Two columns exchanged."""
    a, b = names.split("/")
    return frame.with_columns(pl.col(b).alias(a), pl.col(a).alias(b))


def five_rows(frame: pl.DataFrame, _name: str) -> pl.DataFrame:
    """An export that broke off."""
    return frame.head(5)


def faults(before: DataJudgement, each: Set, frame: pl.DataFrame) -> Iterator[Injection]:
    """Each fault, the columns it applies to, and whether it can be in the new rows only."""
    apart = {each.data.target, each.data.time, *each.data.exclude}
    columns = [column for column in before.contract.columns if column.name not in apart]
    features = [column.name for column in columns]
    live = [name for name in features if frame.get_column(name).drop_nulls().n_unique() > 1]
    numeric = [name for name in live if frame.schema[name].is_numeric()]
    named = [column.name for column in columns if len(column.categories or ()) > 1]
    yield Injection(times_1000, [name for name in numeric if _has_unit(frame.get_column(name))])
    yield Injection(nulls, live)
    yield Injection(
        minus_one, [name for name in numeric if not (frame.get_column(name) == -1).any()]
    )
    yield Injection(renamed, named)
    yield Injection(swapped, _different(frame, numeric)[:MOST_SWAPS])
    yield Injection(as_text, numeric, in_new=False)
    yield Injection(dropped, features, in_new=False)
    yield Injection(five_rows, [""], in_new=False)


def _has_unit(series: pl.Series) -> bool:
    """Whether a tenth of the values or more is not zero, so that a unit matters."""
    return 10 * int((series != 0).sum()) >= series.len()


def _different(frame: pl.DataFrame, names: list[str]) -> list[str]:
    """Pairs of columns of one type that hold different values."""
    found = []
    for index, a in enumerate(names):
        base = profile(frame.select(a))
        for b in names[index + 1 :]:
            taken = profile(frame.select(pl.col(b).alias(a)), base)
            apart = compare(base, taken).columns[0].score("tvd")
            if frame.schema[a] == frame.schema[b] and apart >= DIFFERENT:
                found.append(f"{a}/{b}")
    return found


def break_copies(each: Set, accepted: pl.DataFrame, frame: pl.DataFrame) -> Iterator[str]:
    """One line per fault: how many columns it was put into, and how often it was stopped."""
    before = judge(accepted, None, each.data)
    old, new = _old_and_new(each.data.time, accepted, frame)
    for fault in faults(before, each, frame):
        yield _line(
            fault,
            "all rows",
            [judge(fault.make(frame, name), before, each.data) for name in fault.columns],
        )
        if fault.in_new and new.height:
            yield _line(
                fault,
                "new rows",
                [
                    judge(
                        pl.concat([old, fault.make(new, name)], how="vertical_relaxed"),
                        before,
                        each.data,
                    )
                    for name in fault.columns
                ],
            )


def _line(fault: Injection, where: str, judged: list[DataJudgement]) -> str:
    """How many of the columns were stopped, by which rules, and which were not."""
    rules = Counter(rule for one in judged for rule in {finding.rule for finding in one.stops})
    by = ", ".join(f"{rule} {count}" for rule, count in rules.most_common())
    passed = [
        name for name, one in zip(fault.columns, judged, strict=True) if one.outcome == "pass"
    ]
    caught = f"{len(judged) - len(passed)}/{len(judged)}"
    missed = f"  MISSED {', '.join(passed)}" if passed else ""
    return f"  {fault.make.__name__:<11} {where:<9} {caught:>7}  {by}{missed}"


def _old_and_new(
    time: str | None, accepted: pl.DataFrame, frame: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that were accepted already, and those that are later."""
    if time is None:
        return frame, frame.clear()
    last = accepted.get_column(time).max()
    return frame.filter(pl.col(time) <= last), frame.filter(pl.col(time) > last)


def main(folder: Path) -> None:
    """Print both tables for the data sets that are in the folder."""
    for each in SETS:
        if not (folder / each.name).is_dir():
            print(f"{each.name}: not in {folder}, skipped")  # noqa: T201
            continue
        frame = each.read(folder)
        print(_speed(each, frame))  # noqa: T201
        print("  clean     runs stopped max TV  column                   warnings")  # noqa: T201
        for split in (expanding, sliding, months):
            line, told = judge_clean(each, split(frame, each.data.time))
            more = [f"    and {len(told) - TOLD} more"] if len(told) > TOLD else []
            print("\n".join([f"  {split.__name__:<9}{line}", *told[:TOLD], *more]), flush=True)  # noqa: T201
        for split in (expanding, sliding):
            accepted, last = [window for _, window in split(frame, each.data.time)][-2:]
            print(f"  broken copies of the last {split.__name__} window")  # noqa: T201
            for line in break_copies(each, accepted, last):
                print(f"  {line}", flush=True)  # noqa: T201


def _speed(each: Set, frame: pl.DataFrame) -> str:
    started = perf_counter()
    first = judge(frame, None, each.data)
    middle = perf_counter()
    judge(frame, first, each.data)
    end = perf_counter()
    return (
        f"\n{each.name}: {frame.height:,} rows, {frame.width} columns; judged in "
        f"{middle - started:.2f} s, against its own contract in {end - middle:.2f} s"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        sys.stdout.write("left out: it needs the folder of the larger data sets\n")
