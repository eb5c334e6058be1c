"""Do the leak rules stop clean tables, and do they stop what is known to leak?

    python bench/leaks.py FOLDER

where ``FOLDER/<name>/<file>.parquet`` are the tables named below, as many as are there; three more
come with scikit-learn. Each is divided into months or blocks, each of which is asked twice: with
the columns that are known when a prediction is made, and with each column that is known only
afterwards put in. Prints the best power of a clean column, and how often each was stopped.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import polars as pl

from mooring.gates.data.case import Case
from mooring.gates.data.leaks import leaks
from mooring.gates.leaks import single_power
from mooring.gates.split import split_findings
from mooring.settings.model import Data, DataGate, Task

BLOCKS = 12
HOLDOUT = 0.2


@dataclass(frozen=True, slots=True)
class Source:
    """A table, its target, and the columns that are known only afterwards, by what comes along."""

    path: str
    target: str
    task: Task
    time: str | None
    late: tuple[tuple[str, ...], ...] = ()
    drop: tuple[str, ...] = ()


SOURCES = (
    Source(
        "bike_sharing/bike_sharing", "cnt", "regression", "event_time", (("casual", "registered"),)
    ),
    Source("elec2/elec2", "class", "binary", "event_time"),
    Source(
        "nycflights13/nycflights13",
        "late",
        "binary",
        "event_time",
        (("arr_delay",), ("label_time",)),
        ("dep_time", "dep_delay", "arr_time", "air_time"),
    ),
    Source("flights_3m/flights_3m", "delay", "regression", "date"),
    Source("us_census_ma_employment/us_census_ma_employment", "employed", "binary", None),
    Source("nannyml_synthetic/california_housing_reference", "clf_target", "binary", "timestamp"),
    Source("nannyml_synthetic/synthetic_car_loan_reference", "repaid", "binary", "timestamp"),
    Source("nannyml_synthetic/mc_reference", "y_true", "multiclass", "timestamp"),
    Source("nannyml_synthetic/regression_synthetic_reference", "y_true", "regression", "timestamp"),
)


def tables(folder: Path) -> Iterator[tuple[Source, pl.DataFrame]]:
    """Every table that is there."""
    for source in SOURCES:
        path = folder / f"{source.path}.parquet"
        if path.exists():
            frame = pl.read_parquet(path).drop(source.drop)
            if frame.schema.get(source.time or "") == pl.String:
                frame = frame.with_columns(pl.col(str(source.time)).str.to_datetime(strict=False))
            yield source, frame if source.time is None else frame.sort(source.time)
    from sklearn import datasets

    for name, task in (
        ("breast_cancer", "binary"),
        ("wine", "multiclass"),
        ("diabetes", "regression"),
    ):
        frame = pl.from_pandas(getattr(datasets, f"load_{name}")(as_frame=True).frame)
        kind: Task = (
            "binary" if task == "binary" else "multiclass" if task == "multiclass" else "regression"
        )
        yield Source(name, "target", kind, None), frame.sample(fraction=1, shuffle=True, seed=1)


def data_of(source: Source, exclude: tuple[str, ...]) -> Data:
    """The settings of a table."""
    return Data(
        source="", target=source.target, task=source.task, time=source.time, exclude=exclude
    )


def parts(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Blocks of rows that follow each other; a small table is one."""
    size = frame.height // BLOCKS if frame.height >= 200 * BLOCKS else frame.height
    yield from (frame[start : start + size] for start in range(0, frame.height - size + 1, size))


def stopped(part: pl.DataFrame, data: Data) -> list[str]:
    """The columns that the rules stop a run for, leaks and division both."""
    case = Case(part, data, DataGate())
    cut = round(part.height * (1 - HOLDOUT))
    labelled = part.filter(pl.col(data.target).is_not_null())
    found = [*leaks(case), *split_findings(labelled[:cut], labelled[cut:], data)]
    return [finding.column for finding in found if finding.severity == "stop"]


def strongest(source: Source, frame: pl.DataFrame) -> tuple[float, str]:
    """The best power of a column that is known beforehand."""
    rows = frame.filter(pl.col(source.target).is_not_null())
    rows = rows.gather_every(max(1, rows.height // 20_000))
    late = {name for group in source.late for name in group}
    names = [n for n in rows.columns if n not in {source.target, source.time, *late}]
    powers = [
        (single_power(rows[name], rows[source.target], source.task), name)
        for name in names
        if not rows.schema[name].is_temporal()
    ]
    return max((max(power.value, power.rank), name) for power, name in powers)


def main() -> None:
    """Ask every table, print a line for each."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("data")
    clean = false = leaky = caught = 0
    for source, frame in tables(folder):
        started = process_time()
        blocks = list(parts(frame))
        every = {name for group in source.late for name in group}
        wrong = [stopped(part, data_of(source, tuple(every))) for part in blocks]
        hits = 0
        for group in source.late:
            others = data_of(source, tuple(every - {*group}))
            hits += sum({*group} <= {*stopped(part, others)} for part in blocks)
        best, name = strongest(source, frame)
        count, asked = len(blocks), len(blocks) * len(source.late)
        clean, false = clean + count, false + sum(map(bool, wrong))
        leaky, caught = leaky + asked, caught + hits
        said = ", ".join(sorted({column for columns in wrong for column in columns}))
        print(  # noqa: T201
            f"{Path(source.path).name:32} best clean {best:.3f} {name:24} stopped "
            f"{sum(map(bool, wrong))} of {count} {said}; leaks {hits} of {asked} "
            f"({process_time() - started:.0f} s)"
        )
    print(f"clean parts stopped: {false} of {clean}; leaks caught: {caught} of {leaky}")  # noqa: T201


if __name__ == "__main__":
    main()
