"""NannyML's own runs: its data sets, the chunks it cut, and the tables it printed."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import polars as pl

from mooring.profiling.compat import nannyml

Options = Mapping[str, int | str]

PERIODS = {"M": "%Y-%m", "Y": "%Y"}
CELL = re.compile(
    r"(?P<column>.+)[._](?P<method>kolmogorov_smirnov|jensen_shannon|chi2)"
    r"[._](?P<what>value|upper_threshold|lower_threshold|alert)"
)


@dataclass(frozen=True, slots=True)
class Source:
    """A data set, and the number columns that a run declared to be categories."""

    reference: pl.DataFrame
    analysis: pl.DataFrame
    declared: frozenset[str] = field(default=frozenset())

    def scores(self, column: str, method: str, options: Options) -> nannyml.Univariate:
        """A column's scores; the chunks of the reference come before the others in ``current``."""
        whole = self.reference[column]
        before = [part[column] for _, part in cut(self.reference, options)]
        after = [part[column] for _, part in cut(self.analysis, options)]
        kind = "categorical" if column in self.declared else nannyml.inferred_kind(whole)
        return nannyml.univariate(before, [*before, *after], kind, whole=whole, method=method)


class Fact(NamedTuple):
    """A cell of a printed table; ``at`` counts the chunks from the reference's first."""

    column: str
    method: str
    what: str
    key: str
    at: int
    text: str


def load(
    shared: Path, name: str, targets: str = "", declared: frozenset[str] = frozenset()
) -> Source:
    """A data set of NannyML's, the analysis with its targets."""
    folder = shared / "nannyml_synthetic"
    reference, analysis = (
        pl.read_parquet(folder / f"{name}_{side}.parquet") for side in ("reference", "analysis")
    )
    if targets:
        known = pl.read_parquet(folder / f"{name}_{targets}.parquet")
        analysis = analysis.join(known, on="id", how="left", maintain_order="left")
    return Source(reference, analysis, declared)


def car_loan(shared: Path) -> Source:
    """The data set of most tutorials."""
    declared = frozenset({"y_pred", "repaid"})
    return load(shared, "synthetic_car_loan", "analysis_target", declared)


def census(shared: Path) -> Source:
    """The data set of the quickstart."""
    folder = shared / "us_census_ma_employment"
    frame = pl.read_parquet(folder / "us_census_ma_employment.parquet")
    before = frame["period"] == "reference"
    return Source(frame.filter(before), frame.filter(~before))


def cut(frame: pl.DataFrame, options: Options) -> Iterator[tuple[str, pl.DataFrame]]:
    """The chunks, by the names that NannyML gives them."""
    if "chunk_period" in options:
        stamps = frame["timestamp"]
        moments = stamps.str.to_datetime() if stamps.dtype == pl.String else stamps
        keys = moments.dt.strftime(PERIODS[str(options["chunk_period"])])
        for key in keys.unique().sort():
            yield key, frame.filter(keys == key)
        return
    size, number = options.get("chunk_size"), options.get("chunk_number")
    parts = nannyml.chunks(
        frame.height,
        size=None if size is None else int(size),
        number=None if number is None else int(number),
    )
    for part in parts:
        yield f"[{part.start}:{part.stop - 1}]", frame[part]


def table(file: Path) -> list[dict[str, str]]:
    """The rows of a printed table, by column."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def facts(file: Path, source: Source, options: Options) -> Iterator[Fact]:
    """The scores, thresholds and alerts that a table prints."""
    before = sum(1 for _ in cut(source.reference, options))
    for row in table(file):
        about = {re.sub(r"^chunk[._](chunk[._])?", "", key): text for key, text in row.items()}
        at = int(about["chunk_index"] if "chunk_index" in about else about["index"])
        at += before if about["period"] == "analysis" else 0
        for name, text in row.items():
            if cell := CELL.fullmatch(name):
                yield Fact(cell["column"], cell["method"], cell["what"], about["key"], at, text)


def printed(value: float, text: str, digits: int) -> bool:
    """Whether a number is the one that was printed with so many digits; NaN prints as nothing."""
    if text in {"", "nan", "None"}:
        return math.isnan(value)
    told = float(text)
    if told == 0:
        return abs(value) < 10.0**-digits
    return abs(value - told) <= 0.51 * 10.0 ** (math.floor(math.log10(abs(told))) + 1 - digits)


def holds(fact: Fact, found: nannyml.Univariate, digits: int) -> bool:
    """Whether a printed cell is what was found."""
    if fact.what == "alert":
        return str(found.alerts[fact.at]) == fact.text
    if fact.what == "lower_threshold":
        return not fact.text
    number = found.threshold if fact.what == "upper_threshold" else found.current[fact.at]
    return printed(number, fact.text, digits)
