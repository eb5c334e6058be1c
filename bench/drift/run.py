"""What drift costs: Mooring beside the libraries it is compared with, and beside reading alone.

    python bench/drift/run.py [--rows 1000000] [--numeric 30] [--categorical 20] [--repeats 3]
        [--peers evidently,nannyml,whylogs,alibi-detect,deepchecks,frouros] [--peer-rows 100000]
        [--work FOLDER]

Writes a reference and a later window as Parquet, makes an environment for each peer below the work
folder, and runs every way in a process of its own. Two tasks are timed, imports left out:

- *both files*: from two Parquet files to the scores of all columns;
- *next window*: from one more Parquet file to scores, with whatever the library keeps of the
  reference. Most keep nothing, and do the whole again.

Peers get fewer rows, as some take minutes; Mooring is measured at both sizes and held against a
peer at the same one. Wall time needs an idle machine; processor time is the steadier number.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import environments
from children import Cost, WayFailedError, measure
from report import HEADS, Row, format_row
from workload import write_pair


@dataclass(frozen=True, slots=True)
class Way:
    """One way of one peer: its script, and what the script is told to do."""

    peer: str
    mode: str
    label: str

    @property
    def module(self) -> str:
        """The script, as seen from this folder."""
        return f"peers.{self.peer.replace('-', '_')}"


NUMBERS = "numbers only"
WAYS = (
    Way("evidently", "auto", "preset, its own choice"),
    Way("evidently", "psi", "preset, PSI"),
    Way("nannyml", "", "univariate, JS and KS"),
    Way("whylogs", "", "profiles, drift scores"),
    Way("alibi-detect", "", "KSDrift"),
    Way("deepchecks", "default", "FeatureDrift, 100k sample"),
    Way("deepchecks", "all", "FeatureDrift, all, no plots"),
    Way("frouros", "psi", f"PSI, {NUMBERS}"),
    Way("frouros", "ks", f"KSTest, {NUMBERS}"),
)


Sizes = tuple[Path, Path]
"""The reference and the later window of one size."""
Homes = Mapping[str, Path | None]
"""Each peer's Python; None where it cannot be installed."""


def ours(sizes: Sizes, folder: Path, repeats: int) -> tuple[Row, Row, str]:
    """Polars' read and Mooring's way at one size, and what Mooring's comes from."""
    reference, current = (str(path) for path in sizes)
    stored, later = str(folder / "baseline"), str(folder / "later")
    read = measure("ours", "read", current, repeats=repeats)
    base = measure("ours", "baseline", reference, stored, repeats=repeats)
    window = measure("ours", "window", current, stored, later, repeats=repeats)
    alone = measure("ours", "scores", stored, later, repeats=repeats)
    year = measure("ours", "year", stored, later, repeats=repeats)
    phases = " + ".join(
        f"{window.get(phase, 'wall') * 1e3:.1f}" for phase in ("decode", "profile", "compare")
    )
    about = (
        f"Mooring's baseline: {base.get('run', 'wall') * 1e3:.0f} ms wall, "
        f"{base.get('run', 'cpu') * 1e3:.0f} ms CPU, {base.found['bytes'] / 1e3:.1f} kB stored.\n"
        f"Its next window: {phases} ms to decode, profile and compare in a new process; "
        f"both decoded anew, compare: {alone.get('run', 'wall') * 1e3:.1f} ms wall, "
        f"{alone.get('run', 'cpu') * 1e3:.1f} ms CPU.\n"
        f"A year of daily windows against it: {year.get('decode', 'wall') * 1e3:.1f} + "
        f"{year.get('run', 'wall') * 1e3:.1f} ms wall, {year.get('run', 'cpu') * 1e3:.1f} ms CPU "
        f"to decode and compare each."
    )
    return (
        Row(f"{read.library} read_parquet", 0, None, _spent(read, "run"), read.peak_mb),
        _own_row(window.library, base, window),
        about,
    )


def numbers(sizes: Sizes, folder: Path, repeats: int) -> Row:
    """Mooring's way for the numbers alone, beside peers that can do no more."""
    reference, current = (str(path) for path in sizes)
    stored, later = str(folder / "numbers"), str(folder / "later numbers")
    base = measure("ours", "baseline", reference, stored, "numbers", repeats=repeats)
    window = measure("ours", "window", current, stored, later, repeats=repeats)
    return _own_row(f"{window.library}, {NUMBERS}", base, window)


def _own_row(label: str, base: Cost, window: Cost) -> Row:
    spent = _spent(window, "run")
    both, peak = _added(spent, _spent(base, "run")), max(base.peak_mb, window.peak_mb)
    return Row(label, int(window.found["columns"]), both, spent, peak)


def peer_row(way: Way, cost: Cost) -> Row:
    """What a peer's way comes to in each of the two tasks."""
    both = _spent(cost, "load_reference", "fit", "load_current", "run")
    keeps = "fit_wall_s" in cost.found
    later = _spent(cost, "load_current", "run") if keeps else both
    once = " (1 run)" if cost.runs == 1 else ""
    label = f"{cost.library} {way.label}{once}"
    return Row(label, int(cost.found["columns"]), both, later, cost.peak_mb)


def peers(homes: Homes, sizes: Sizes, repeats: int) -> Iterator[Row]:
    """Every way of the peers that are installed, as long as it runs."""
    files = [str(path) for path in sizes]
    for way in WAYS:
        python = homes.get(way.peer)
        if python is None:
            continue
        try:
            cost = measure(way.module, way.mode, *files, python=str(python), repeats=repeats)
        except WayFailedError as failed:
            say(f"{way.peer}, {way.label}: left out, it failed: {failed}")
            continue
        yield peer_row(way, cost)


def _spent(cost: Cost, *phases: str) -> tuple[float, float]:
    wall, processor = (sum(cost.get(phase, clock) for phase in phases) for clock in ("wall", "cpu"))
    return wall, processor


def _added(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return a[0] + b[0], a[1] + b[1]


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)  # noqa: T201


def table(rows: int, options: argparse.Namespace, homes: Homes) -> None:
    """Measure one size, and print its table as it grows."""
    sizes = write_pair(options.work / "tables", rows, options.numeric, options.categorical)
    stored = options.work / "profiles"
    stored.mkdir(exist_ok=True)
    read, mine, about = ours(sizes, stored, options.repeats)
    megabytes = sizes[1].stat().st_size / 1e6
    columns = f"{options.numeric} numbers and {options.categorical} categories"
    say(f"\n{rows:,} + {rows:,} rows of {columns}, {megabytes:.0f} MB of Parquet each")
    say(f"{about}\n\n{HEADS}")
    for row in (read, mine):
        say(format_row(row, read, mine))
    if homes:
        fewer = numbers(sizes, stored, options.repeats)
        say(format_row(fewer, read, fewer))
        for row in peers(homes, sizes, options.repeats):
            say(format_row(row, read, fewer if NUMBERS in row.label else mine))


def main() -> None:
    """Measure at the full size, then beside the peers at theirs."""
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    names = [name for name in options.peers.split(",") if name]
    unknown = [name for name in names if name not in environments.PEERS]
    if unknown:
        sys.exit(f"unknown peers: {', '.join(unknown)}; known: {', '.join(environments.PEERS)}")
    say(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, work in {options.work}")
    folder = options.work / "environments"
    homes = {name: environments.make(name, folder, options.python, say) for name in names}
    smaller = min(options.rows, options.peer_rows)
    try:
        if smaller < options.rows or not names:
            table(options.rows, options, {})
        if names:
            if smaller < options.rows:
                say(f"\nPeers get {smaller:,} rows, not {options.rows:,}; see --peer-rows.")
            table(smaller, options, homes)
            say("x faster, x less: Mooring beside that peer at the same size. Pairs: wall / CPU.")
    except WayFailedError as failed:
        sys.exit(f"Mooring or Polars could not be measured: {failed}")


def arguments() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--numeric", type=int, default=30)
    parser.add_argument("--categorical", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", default=",".join(environments.PEERS), help="'' for none")
    parser.add_argument("--peer-rows", type=int, default=100_000)
    parser.add_argument("--python", default=sys.executable, help="what environments are made from")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "mooring-drift"))
    options = parser.parse_args()
    options.work = options.work.resolve()
    return options


if __name__ == "__main__":
    main()
