"""How often does an embedding's spread or centre alarm without drift, and is a wider one seen?

Vectors of independent values from distributions with short, normal and long tails; a baseline, then
windows of the same, and windows in which one dimension is 30 % wider. Prints per size the share of
windows in which the evidence is below ``ALPHA`` (nominal 5 %), the share that would be reported
(below 1 % and beyond the floor), and the share of widened windows that would be.

    python bench/embeddings.py [WINDOWS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mooring.profiling.counting.moments import four_moments
from mooring.profiling.findings import DriftRules
from mooring.profiling.profiles import ColumnProfile, Layout
from mooring.profiling.vectors import dimensions_moved

Floats = NDArray[np.float64]
Shape = tuple[int, int]
ALPHA, REPORTED, WIDER = 0.05, 0.01, 1.3
NOT_ZERO = 0.02
SIZES = ((100, 100), (1_000, 100), (5_000, 100), (5_000, 500), (500, 5_000), (5_000, 5_000))
DIMENSIONS = (16, 128)
DEFAULT_WINDOWS = 200
WINDOWS_A_BASELINE = 10

LAWS: dict[str, Callable[[np.random.Generator, Shape], Floats]] = {
    "uniform": lambda rng, shape: rng.random(shape),
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "laplace": lambda rng, shape: rng.laplace(size=shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape),
    "t5": lambda rng, shape: rng.standard_t(5, shape),
    "t3": lambda rng, shape: rng.standard_t(3, shape),
    "lognormal": lambda rng, shape: rng.lognormal(0, 1, shape),
    "2 % not zero": lambda rng, shape: (rng.random(shape) < NOT_ZERO) * rng.standard_normal(shape),
}


def embedding(values: Floats) -> ColumnProfile:
    """The profile of a column of vectors, as far as its dimensions are concerned."""
    dimensions = tuple(four_moments(column) for column in np.ascontiguousarray(values.T))
    return ColumnProfile("x", Layout("embedding"), len(values), dimensions=dimensions)


def tails(law: str, sizes: Shape, width: int, windows: int, seed: int = 0) -> dict[str, Floats]:
    """The tail and the effect of each evidence in each window, and of a widened one's spread."""
    rng, draw = np.random.default_rng([seed, *sizes, width]), LAWS[law]
    found: dict[str, list[tuple[float, float]]] = {"centre": [], "spread": [], "wider": []}
    for number in range(windows):
        if number % WINDOWS_A_BASELINE == 0:
            base = embedding(draw(rng, (sizes[0], width)))
        values = draw(rng, (sizes[1], width))
        for item in dimensions_moved(base, embedding(values), DriftRules()):
            found[item.kind].append((item.p_value, item.effect - item.floor))
        values[:, 0] *= WIDER
        for item in dimensions_moved(base, embedding(values), DriftRules()):
            if item.kind == "spread":
                found["wider"].append((item.p_value, item.effect - item.floor))
    return {kind: np.array(pairs) for kind, pairs in found.items()}


def main() -> None:
    """A line for each distribution, number of dimensions and pair of sizes."""
    windows = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_WINDOWS
    heads = ("centre <5%", "reported", "spread <5%", "reported", "wider")
    print(f"{'law':<13}{'dim':>5}{'rows':>14}" + "".join(f"{head:>12}" for head in heads))  # noqa: T201
    for law in LAWS:
        for width in DIMENSIONS:
            for sizes in SIZES:
                found = tails(law, sizes, width, windows)
                shares = [
                    share
                    for kind in ("centre", "spread")
                    for share in (
                        np.mean(found[kind][:, 0] <= ALPHA),
                        np.mean((found[kind][:, 0] <= REPORTED) & (found[kind][:, 1] >= 0)),
                    )
                ]
                wider = found["wider"]
                shares.append(np.mean((wider[:, 0] <= REPORTED) & (wider[:, 1] >= 0)))
                rows = f"{sizes[0]:,}/{sizes[1]:,}"
                line = "".join(f"{share:>12.1%}" for share in shares)
                print(f"{law:<13}{width:>5}{rows:>14}{line}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
