"""How far apart are two measurements of the same model version in a fresh process?

A verdict compares what the candidate takes now with what the champion took when it was judged, and
warns where it is many times that. The machine may have been busy at one of the two. So one version
is tried again and again, on a quiet machine and beside some busy processes.

    python -m bench.gates.trials FOLDER [BUSY]

FOLDER is a project that has run; BUSY processes spin all the while (0 when absent).
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

from mooring.bootstrap import open_project, settings_of
from mooring.lineage.catalog import queries
from mooring.lineage.fresh import Trial, tried

TIMES = 12


def spin() -> None:
    """Keeps a core busy."""
    while True:
        pass


def measured(folder: str) -> list[Trial]:
    """The newest version of a project, tried again and again."""
    with open_project(settings_of(folder)) as project, project.catalog.read() as tx:
        artifact = queries.latest_versions(tx, project.name, 1)[0].artifact
        found = [tried(project.store, artifact) for _ in range(TIMES)]
    return [one for one in found if isinstance(one, Trial)]


def main() -> None:
    """A line for each measure: the median, and the largest over the smallest."""
    busy = int(sys.argv[2]) if len(sys.argv) > 2 else 0  # noqa: PLR2004
    spinning = [multiprocessing.Process(target=spin, daemon=True) for _ in range(busy)]
    for process in spinning:
        process.start()
    found = measured(str(Path(sys.argv[1])))
    for process in spinning:
        process.terminate()
    used = getrusage(RUSAGE_CHILDREN)
    print(f"{len(found)} trials beside {busy} busy processes")  # noqa: T201
    for name in (
        "load_seconds",
        "latency_ms",
        "median_ms",
        "processor_ms",
        "memory_bytes",
        "size_bytes",
    ):
        values = [float(getattr(one, name)) for one in found]
        print(f"{name:<14}{median(values):>14,.2f}{max(values) / min(values):>8.2f} x")  # noqa: T201
    print(f"{(used.ru_utime + used.ru_stime) / TIMES:.1f} s of processor time each")  # noqa: T201


if __name__ == "__main__":
    main()
