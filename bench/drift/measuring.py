"""What one way costs, measured inside the child process that runs it.

Runs in the environments of the peers too, so it needs nothing but Python.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Frame = TypeVar("Frame")
Known = TypeVar("Known")


@dataclass
class Stopwatch:
    """Wall and processor seconds of each phase, by name; made after everything is imported."""

    found: dict[str, float] = field(
        default_factory=lambda: {
            "start_cpu_s": time.process_time(),
            "start_rss_mb": peak_memory(),
        }
    )

    def time(self, phase: str, call: Callable[[], T]) -> T:
        """Call, and keep what it took."""
        wall, processor = time.perf_counter(), time.process_time()
        result = call()
        self.found[f"{phase}_cpu_s"] = time.process_time() - processor
        self.found[f"{phase}_wall_s"] = time.perf_counter() - wall
        return result

    def report(self, library: str, **more: float) -> None:
        """Print everything as one line of JSON."""
        found = {"library": f"{library} {version(library)}", **self.found, **more}
        sys.stdout.write(f"\n{json.dumps({**found, 'peak_rss_mb': peak_memory()})}\n")


def peak_memory() -> float:
    """The most memory this process ever held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # ru_maxrss would count what the parent held when it started this process.
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def measure(
    library: str,
    load: Callable[[str], Frame],
    fit: Callable[[Frame], Known] | None,
    run: Callable[[Known | Frame, Frame], int],
) -> None:
    """Load the two files named on the command line, learn the reference, score, and report.

    Parameters
    ----------
    library : str
        The name it is installed under.
    load : callable
        Reads one file into what the library takes.
    fit : callable or None
        What is done once per reference; None when the library does it again for every window.
    run : callable
        Scores the current data; returns how many columns have scores.
    """
    watch = Stopwatch()
    reference = watch.time("load_reference", lambda: load(sys.argv[-2]))
    current = watch.time("load_current", lambda: load(sys.argv[-1]))
    known: Known | Frame = reference
    if fit is not None:
        known = watch.time("fit", lambda: fit(reference))
    columns = watch.time("run", lambda: run(known, current))
    load_s = watch.found["load_reference_wall_s"] + watch.found["load_current_wall_s"]
    watch.report(library, load_s=load_s, columns=columns)
