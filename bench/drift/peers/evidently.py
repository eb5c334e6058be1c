"""Evidently's drift preset: ``auto`` lets it choose a method per column, or one it knows."""

from __future__ import annotations

import sys

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
from measuring import measure


def load(path: str) -> Dataset:
    """Read a file, and say which columns are what."""
    frame = pd.read_parquet(path)
    numbers = list(frame.select_dtypes("number").columns)
    categories = [name for name in frame.columns if name not in numbers]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
    return Dataset.from_pandas(frame, data_definition=definition)


def run(reference: Dataset, current: Dataset) -> int:
    """Run the preset, and read its results."""
    method = None if sys.argv[1] == "auto" else sys.argv[1]
    found = Report([DataDriftPreset(method=method)]).run(current, reference).dict()
    return sum("ValueDrift" in metric["metric_name"] for metric in found["metrics"])


if __name__ == "__main__":
    measure("evidently", load, None, run)
