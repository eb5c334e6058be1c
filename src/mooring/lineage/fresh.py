"""A model version tried as a server would meet it: in a process that has never seen it.

Run as ``python -m mooring.lineage.fresh STORE DIGEST`` it loads the version, checks its golden
rows, answers them one at a time, and writes what that took as JSON.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import msgspec

from mooring.errors import MooringError
from mooring.lineage.artifacts import ArtifactStore

_PATIENCE = 120.0
_TIMED_SECONDS, _TIMED_ANSWERS = 2.0, 400
"""Enough for the 95th percentile to rest on 20 answers above it; a slow model gets fewer."""
_SLOWEST = 0.95


@dataclass(frozen=True, slots=True)
class Trial:
    """What a fresh process measured.

    Parameters
    ----------
    load_seconds : float
        From the files to the golden answers.
    latency_ms, median_ms : float
        For one row at a time: the 95th percentile, and the median.
    processor_ms : float
        The median of the processor time of one answer, which hardly knows what else is running.
    answers : int
        Answers that were timed.
    memory_bytes, size_bytes : int
        The most memory the process held, and the files on disk.
    """

    load_seconds: float
    latency_ms: float
    median_ms: float
    processor_ms: float
    answers: int
    memory_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Why nothing was measured.

    Parameters
    ----------
    reason : str
        The end of a sentence about the model version, or about the process.
    of_model : bool
        Whether it is the model version that cannot be loaded or cannot answer; else the process
        could not be started, or was ended, or took too long.
    """

    reason: str
    of_model: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """What the child writes: one of the two."""

    trial: Trial | None = None
    fault: str | None = None


def tried(store: ArtifactStore, digest: str, patience: float = _PATIENCE) -> Trial | Fault:
    """Tries a model version in a process of its own.

    Parameters
    ----------
    store : ArtifactStore
        Where it is.
    digest : str
        ``sha256:…``
    patience : float
        Seconds until it is given up.

    Returns
    -------
    Trial or Fault
        What was measured, or what went wrong.

    Examples
    --------
    ``tried(store, version.artifact).latency_ms``
    """
    # -P: a file called like a library in the current folder is not it
    command = [sys.executable, "-P", "-m", __name__, str(store.root.resolve()), digest]
    try:
        done = subprocess.run(  # noqa: S603 - a list of words, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        return Fault(f"was not ready within {patience:g} s", of_model=False)
    except OSError as error:
        return Fault(f"cannot be started: {error.strerror}", of_model=False)
    try:
        said = msgspec.json.decode(done.stdout, type=_Said)
    except msgspec.DecodeError:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        last = f": {lines[-1][:200]}" if lines else ""
        return Fault(f"ended with code {done.returncode}{last}", of_model=False)
    return said.trial or Fault(f"cannot answer: {said.fault}", of_model=True)


def _measured(store: ArtifactStore, digest: str) -> Trial:
    from mooring.lineage.golden import golden_rows
    from mooring.lineage.loading import load_version

    start = perf_counter()
    version = load_version(store, digest)
    load_seconds = perf_counter() - start
    rows = golden_rows(version.parts)
    times: list[float] = []
    work: list[float] = []
    began = perf_counter()
    while len(times) < _TIMED_ANSWERS and (
        perf_counter() - began < _TIMED_SECONDS or len(times) < rows.height
    ):
        row = rows[len(times) % rows.height]
        start, used = perf_counter(), process_time()
        version.answers(row)
        times.append(1000 * (perf_counter() - start))
        work.append(1000 * (process_time() - used))
    times.sort()
    return Trial(
        load_seconds=load_seconds,
        latency_ms=times[int(_SLOWEST * (len(times) - 1))],
        median_ms=times[len(times) // 2],
        processor_ms=median(work),
        answers=len(times),
        memory_bytes=_peak_memory(),
        size_bytes=sum(f.stat().st_size for f in store.folder(digest).rglob("*") if f.is_file()),
    )


def _peak_memory() -> int:
    """Of this process; ``ru_maxrss`` alone would be its parent's where that was larger."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _main(root: str, digest: str) -> None:
    out = os.dup(1)
    os.dup2(2, 1)  # what the project's code prints is not the answer
    try:
        said = _Said(trial=_measured(ArtifactStore(Path(root)), digest))
    except MooringError as error:
        said = _Said(fault=f"{error.what} ({error.where})" if error.where else error.what)
    except Exception as error:  # noqa: BLE001 - whatever it is, a server would meet it too
        said = _Said(fault=f"{type(error).__name__}: {error}"[:200])
    os.write(out, msgspec.json.encode(said))


if __name__ == "__main__":
    _main(*sys.argv[1:])
