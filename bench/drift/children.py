"""Running ways as child processes, so that each has its own memory and starts cold."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from environments import QUIET

HERE = Path(__file__).resolve().parent
SLOW_S = 20.0
"""A way that takes longer is run once."""
TIMEOUT_S = 3600
_TOLD = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way took: the median of its runs."""

    library: str
    runs: int
    found: Mapping[str, float]

    def get(self, phase: str, clock: str) -> float:
        """Seconds of a phase on the ``wall`` or ``cpu`` clock; 0 when the way has no such phase."""
        return self.found.get(f"{phase}_{clock}_s", 0.0)

    @property
    def peak_mb(self) -> float:
        """The most memory the process held."""
        return self.found["peak_rss_mb"]


class WayFailedError(Exception):
    """A child process ended without a measurement; says its last words."""


def measure(module: str, *arguments: str, python: str = sys.executable, repeats: int = 1) -> Cost:
    """Run a module that prints one line of JSON, several times unless it is slow.

    Parameters
    ----------
    module : str
        Its name as seen from this folder, such as ``peers.evidently``.
    *arguments : str
    python : str
        What runs it.
    repeats : int

    Raises
    ------
    WayFailedError
        When it ends without having measured anything.
    """
    runs = [_run(python, module, *arguments)]
    spent = sum(value for key, value in _numbers(runs[0]).items() if key.endswith("_wall_s"))
    if spent <= SLOW_S:
        runs += [_run(python, module, *arguments) for _ in range(repeats - 1)]
    numbers = [_numbers(run) for run in runs]
    medians = {key: statistics.median(run[key] for run in numbers) for key in numbers[0]}
    return Cost(str(runs[0]["library"]), len(runs), medians)


def _run(python: str, module: str, *arguments: str) -> dict[str, str | float]:
    try:
        done = subprocess.run(  # noqa: S603 - modules of this folder
            [python, "-m", module, *arguments],
            cwd=HERE,
            env={**os.environ, **QUIET},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise WayFailedError(f"not done after {TIMEOUT_S} s") from None
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        words = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise WayFailedError(" / ".join(words[-_TOLD:]) or f"exit {done.returncode}")
    found: dict[str, str | float] = json.loads(lines[-1])
    return found


def _numbers(run: Mapping[str, str | float]) -> dict[str, float]:
    return {key: value for key, value in run.items() if not isinstance(value, str)}
