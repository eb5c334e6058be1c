"""How wide must an inferred range be, and what does a contract catch by itself?

Infers a contract once, from the first window of each real data set, never looks at it again, and
holds every later window against it: a stop of one of these clean windows is a false alarm. Then
breaks copies of the last window in every column that a fault applies to, and counts what the
contract stops by itself, and what the whole gate stops with it: a contract must not weaken what
``bench/data_gate.py`` shows without one.

    python bench/contract.py FOLDER

where ``FOLDER/<name>/<name>.parquet`` are the data sets of ``bench/data_gate.py``.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from mooring.gates.data.case import Case
from mooring.gates.data_gate import judge_data
from mooring.gates.terms.inferring import SPANS, infer_terms
from mooring.gates.terms.judging import Held, InForce, hold
from mooring.gates.terms.reading import Written
from mooring.settings.model import DataGate

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.data_gate import (
    SETS,
    Set,
    expanding,
    faults,
    judge,
    months,
    sliding,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""Long after the data, so that no age is demanded."""
WIDTHS = (1.0, 2.0, SPANS)


def contract_of(each: Set, rows: pl.DataFrame, spans: float) -> InForce:
    """What would be inferred from some rows."""
    terms = infer_terms(Case(rows, each.data, DataGate()), NOW, spans=spans).terms
    return InForce(Written(terms, ""), {})


def held(each: Set, rows: pl.DataFrame, contract: InForce) -> Held:
    """Rows held against a contract alone."""
    return hold(Case(rows, each.data, DataGate()), contract)


def clean(each: Set, frame: pl.DataFrame) -> tuple[int, Counter[float]]:
    """How many windows there are, and how many each width stops."""
    windows, stopped = 0, Counter[float]()
    for split in (expanding, sliding, months):
        (_, first), *later = split(frame, each.data.time)
        windows += len(later)
        for spans in WIDTHS:
            contract = contract_of(each, first, spans)
            for _, rows in later:
                stopped[spans] += held(each, rows, contract).outcome == "fail"
    return windows, stopped


def broken(each: Set, frame: pl.DataFrame) -> Iterator[str]:
    """By fault: how many copies the contract and the gate with it stop, of how many."""
    accepted, last = [rows for _, rows in sliding(frame, each.data.time)][-2:]
    contract, before = contract_of(each, accepted, SPANS), judge(accepted, None, each.data)
    for fault in faults(before, each, last):
        alone = together = 0
        for name in fault.columns:
            judged = judge_data(
                fault.make(last, name),
                before.contract,
                before.profile,
                DataGate(),
                each.data,
                in_force=contract,
            )
            alone += judged.held.outcome == "fail"
            together += judged.outcome != "pass"
        if fault.columns:
            yield f"{fault.make.__name__} {alone} and {together}/{len(fault.columns)}"


def main(folder: Path) -> None:
    """Print both tables for the data sets that are in the folder."""
    windows, stopped = 0, Counter[float]()
    for each in SETS:
        if not (folder / each.name).is_dir():
            sys.stdout.write(f"{each.name}: not in {folder}, skipped\n")
            continue
        frame = each.read(folder)
        count, by_width = clean(each, frame)
        windows, stopped = windows + count, stopped + by_width
        said = ", ".join(f"{spans:g} spans {by_width[spans]}" for spans in WIDTHS)
        sys.stdout.write(f"{each.name}: of {count} clean windows stopped: {said}\n")
        caught = ", ".join(broken(each, frame))
        sys.stdout.write(f"  broken copies stopped by it, and by the gate with it: {caught}\n")
        sys.stdout.flush()
    said = ", ".join(f"{spans:g} spans {stopped[spans]}" for spans in WIDTHS)
    sys.stdout.write(f"all: of {windows} clean windows stopped: {said}\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        sys.stdout.write("left out: it needs the folder of the larger data sets\n")
