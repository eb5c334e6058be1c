"""Is every fault caught by the rule named for it, and is clean data let through?

Walks real tables month by month (or block by block), as in production: the history was accepted,
the next month comes beside it; and counts the months that are stopped. Then puts each fault of
``mooring drill`` into copies of the last of those months, in every column it can be put into, and
counts what is found by the rule named for it, and what is stopped by any.

    python bench/faults.py [FOLDER]

where ``FOLDER/<name>/<name>.parquet`` are the larger data sets, as many as are there; tables that
come with scikit-learn are always taken, in blocks, the rows shuffled once so that blocks are alike.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import process_time

import polars as pl

from mooring.drills.delivery import Delivery
from mooring.drills.drills import DRILLS
from mooring.drills.run import Exercise, exercise
from mooring.gates.data_gate import judge_data
from mooring.settings.model import Data, DataGate, Task

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.data_gate import SETS, Set, month_starts

RULES = DataGate()
SEED = 7
MOST = 2
BLOCK = 17_000
LARGE = 60_000
"""Of a larger table, rows are taken at random: a month still has thousands."""


def walk(each: Set, frame: pl.DataFrame) -> Iterator[tuple[str, Delivery]]:
    """The history so far, and the next month or block."""
    time = each.data.time
    if time is None:
        for start in range(BLOCK, frame.height, BLOCK):  # without instants, each block comes alone
            old, new = frame[start - BLOCK : start], frame[start:][:BLOCK]
            yield f"row {start}", Delivery(old, new, each.data, kept=False)
        return
    months = month_starts(frame, time)
    for begin, end in pairwise(months[2:]):
        old = frame.filter(pl.col(time) < begin)
        new = frame.filter(pl.col(time).is_between(begin, end, "left"))
        yield f"{begin:%Y-%m}", Delivery(old, new, each.data)


def from_sklearn() -> Iterator[tuple[Set, list[tuple[str, Delivery]]]]:
    """Tables that come with scikit-learn, three deliveries each."""
    from sklearn import datasets

    tasks: tuple[tuple[str, Task], ...] = (
        ("diabetes", "regression"),
        ("breast_cancer", "binary"),
        ("digits", "multiclass"),
    )
    for name, task in tasks:
        found = getattr(datasets, f"load_{name}")(as_frame=True).frame
        frame = pl.DataFrame({str(n): found[n].to_numpy() for n in found.columns})
        data = Data(source="", target="target", task=task)
        mixed = frame.sample(fraction=1, shuffle=True, seed=SEED)
        half = mixed.height // 2
        rules = [(f"half {k}", half) for k in (1,)]
        steps = [(what, Delivery(mixed[:at], mixed[at:], data, kept=False)) for what, at in rules]
        yield Set(name, data), steps


def clean_rate(steps: list[tuple[str, Delivery]]) -> tuple[int, list[str], Counter[str]]:
    """How many deliveries were stopped, why, and the rules that warned."""
    stopped, told, warned = 0, [], Counter[str]()
    accepted = None
    for what, rows in steps:
        if accepted is None:
            accepted = judge_data(rows.accepted, None, None, RULES, rows.data)
        judged = judge_data(
            rows.rows, accepted.contract, accepted.profile, RULES, rows.data, past=accepted.past
        )
        stopped += judged.outcome != "pass"
        told += [f"    {what} [{f.rule}] {f}" for f in judged.stops]
        warned.update(f.rule for f in judged.findings if f.severity == "warn")
        accepted = judged if rows.kept else None
    return stopped, told, warned


def main(folder: Path | None, only: str = "") -> None:
    """Print clean and caught rates."""
    found: dict[str, list[Exercise]] = defaultdict(list)
    missed: list[str] = []
    total = bad = 0
    for each, steps in sources(folder, only):
        started = process_time()
        stopped, told, warned = clean_rate(steps)
        runs = len(steps)
        total, bad = total + runs, bad + stopped
        why = ", ".join(f"{rule} {count}" for rule, count in sorted(warned.items()))
        print(f"{each.name}: {runs} clean deliveries, {stopped} stopped; warned {why}")  # noqa: T201
        print("\n".join(told), flush=True)  # noqa: T201
        for what, rows in steps[-1:]:
            for one in exercise(rows, DRILLS, RULES, seed=SEED, most=MOST):
                found[f"{one.drill.id} {one.drill.name}"].append(one)
                if not one.caught:
                    missed.append(_miss(one, f"{each.name} {what}"))
        print(f"    {process_time() - started:.0f} s", flush=True)  # noqa: T201
    print(f"\nclean: {bad} of {total} deliveries stopped\n")  # noqa: T201
    print(f"{'fault':<34}{'places':>7}{'named':>8}{'stopped':>9}  rules that found it")  # noqa: T201
    for drill in DRILLS:
        print(_row(f"{drill.id} {drill.name}", found[f"{drill.id} {drill.name}"]))  # noqa: T201
    print("\nnot named:\n" + "\n".join(missed))  # noqa: T201


def _miss(one: Exercise, where: str) -> str:
    stop = " (stopped)" if one.stopped else ""
    name = f"{one.drill.id} {one.drill.name}"
    return f"    {name:<30} {where} {one.place}: {', '.join(one.by) or 'nothing'}{stop}"


def _row(name: str, of: list[Exercise]) -> str:
    if not of:
        return f"{name:<34}{0:>7}"
    by = Counter(rule for one in of for rule in one.by)
    rules = ", ".join(f"{rule} {count}" for rule, count in by.most_common(4))
    named = sum(one.caught for one in of)
    stopped = sum(one.stopped for one in of)
    return f"{name:<34}{len(of):>7}{named / len(of):>8.0%}{stopped / len(of):>9.0%}  {rules}"


def sources(folder: Path | None, only: str) -> Iterator[tuple[Set, list[tuple[str, Delivery]]]]:
    """Each table with its deliveries, the last of them to break."""
    for each in SETS:
        if folder is None or (only and each.name not in only):
            continue
        if not (folder / each.name).is_dir():
            print(f"{each.name}: not in {folder}, skipped")  # noqa: T201
            continue
        frame = each.read(folder)
        if frame.height > LARGE and each.data.time:
            rows = frame.with_row_index("place").sample(LARGE, seed=SEED)
            frame = rows.sort("place").drop("place")
        yield each, list(walk(each, frame))
    if not only or "sklearn" in only:
        yield from from_sklearn()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None, *sys.argv[2:])
