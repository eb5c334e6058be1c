"""Holdouts with a known truth, and models that are wrong about them by a known law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from mooring.gates.metrics import METRICS
from mooring.lineage.answers import Answers
from mooring.settings.model import Task

FloatArray = NDArray[np.float64]
GAIN = 0.9
"""The size of a better candidate's errors against the champion's."""
HALF, CUT = 0.5, 0.5


def series(random: np.random.Generator, rows: int, memory: float | None) -> FloatArray:
    """Normal errors with standard deviation 1, independent or AR(1)."""
    if memory is None:
        return random.standard_normal(rows)
    noise = random.standard_normal(rows + 200) * np.sqrt(1 - memory**2)
    steps = np.array([np.ones(len(noise)), np.full(len(noise), -memory)])
    return np.asarray(solve_banded((1, 0), steps, noise))[200:]


@dataclass(frozen=True)
class World:
    """Rows with a truth, and what any model gets wrong about them."""

    task: Task
    truth: NDArray[np.generic]
    shared: FloatArray
    memory: float | None

    @classmethod
    def draw(
        cls, random: np.random.Generator, task: Task, rows: int, memory: float | None
    ) -> World:
        """A holdout of some rows."""
        latent, shared = (series(random, rows, memory) for _ in range(2))
        return cls(task, 3.0 * latent if task == "regression" else latent > CUT, shared, memory)

    def model(self, random: np.random.Generator, size: float = 1.0) -> Answers:
        """What a model with errors of this size answers; half of them are every model's."""
        own = series(random, len(self.truth), self.memory)
        error = size * (np.sqrt(0.5) * self.shared + np.sqrt(0.5) * own)
        if self.task == "regression":
            return Answers(self.truth.astype(np.float64) + error)
        chance = 1 / (1 + np.exp(-(2.0 * self.truth.astype(np.float64) - 1.0 + error) * 1.5))
        return Answers(chance >= HALF, np.column_stack([1 - chance, chance]), (False, True))


def task_of(metric: str) -> Task:
    """The task a metric is simulated for."""
    return METRICS[metric].tasks[0]
