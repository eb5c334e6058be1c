"""What the runner costs: a plan of six steps that do nothing, beside six calls of a function.

Run ``python bench/runner.py``. Each execution is a run of its own in a real catalog, on SQLite
with ``synchronous=FULL``: its start and its end are recorded, and so is each of its steps.
Processor time is the steadier number where other work shares the machine; the rest of the wall
time is the disk's.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mooring.clock import system_clock
from mooring.ids import random_ids
from mooring.lineage.catalog.engine import Catalog, open_catalog
from mooring.lineage.values import CodeVersion, Environment, Run
from mooring.pipeline.recording import CatalogRecorder, add_event
from mooring.pipeline.runner import Done, Step, execute

LIMIT_MS = 50
STEPS = 6


def no_op(state: int) -> Done[int]:
    """Pass the state along."""
    return Done(state + 1, {"rows": state})


def run_plan(catalog: Catalog, template: Run) -> None:
    """Execute a plan as a run of its own."""
    run = replace(template, id=random_ids(system_clock()))
    with catalog.write() as tx:
        tx.append(run)
        add_event(tx, run.id, "started", system_clock)
    steps = [Step(f"step {number}", no_op) for number in range(STEPS)]
    found = execute(steps, 0, CatalogRecorder(catalog, run.id, system_clock))
    with catalog.write() as tx:
        add_event(tx, run.id, "succeeded", system_clock)
    assert found == STEPS  # noqa: S101 - a plan that was not executed costs nothing


def call_functions() -> None:
    """Do the same without a runner."""
    state = 0
    for _ in range(STEPS):
        state = no_op(state).state


def measure(call: Callable[[], None], repeats: int) -> tuple[float, float]:
    """Median milliseconds of a call: wall time and processor time."""
    wall, processor = [], []
    for _ in range(repeats):
        walls, processors = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - walls)
        processor.append(time.process_time() - processors)
    return statistics.median(wall) * 1e3, statistics.median(processor) * 1e3


def new_run(catalog: Catalog) -> Run:
    """A run's facts, and in the catalog what they refer to."""
    now = system_clock()
    with catalog.write() as tx:
        tx.append(CodeVersion("code", None, None, False, None, {}, now))
        tx.append(Environment("environment", "3", "here", {}, now))
    return Run("", "bench", "by hand", "a measurement", "code", "environment", {}, 0, now)


def main() -> None:
    """Measure both, print the difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        catalog = open_catalog(f"sqlite:///{Path(folder, 'catalog.db')}")
        template = new_run(catalog)
        run_plan(catalog, template)  # warm
        plan = measure(lambda: run_plan(catalog, template), options.repeats)
        plain = measure(call_functions, options.repeats)
        catalog.close()
    overhead = plan[0] - plain[0]
    print(  # noqa: T201
        f"{STEPS} steps: {plan[0]:.1f} ms (processor {plan[1]:.1f} ms), as plain calls "
        f"{plain[0]:.3f} ms; overhead {overhead:.1f} ms, to stay below {LIMIT_MS} ms"
        f"{'' if overhead < LIMIT_MS else '   over the limit'}"
    )


if __name__ == "__main__":
    main()
