"""whylogs: a sketch of each side, and drift scores between the two sketches."""

from __future__ import annotations

import pandas as pd
import whylogs
from measuring import measure
from whylogs.core import DatasetProfileView
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores


def load(path: str) -> pd.DataFrame:
    """Read a file."""
    return pd.read_parquet(path)


def fit(frame: pd.DataFrame) -> DatasetProfileView:
    """Profile one side."""
    return whylogs.log(frame).view()


def run(reference: DatasetProfileView, current: pd.DataFrame) -> int:
    """Profile the other side, and score."""
    found = calculate_drift_scores(fit(current), reference, with_thresholds=True)
    return sum(score is not None for score in found.values())


if __name__ == "__main__":
    measure("whylogs", load, fit, run)
