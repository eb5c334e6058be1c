"""Deepchecks' feature drift: ``default`` samples 100,000 rows and draws; ``all`` does neither."""

from __future__ import annotations

import sys

import pandas as pd
from deepchecks.tabular import Dataset
from deepchecks.tabular.checks import FeatureDrift
from measuring import measure


def load(path: str) -> Dataset:
    """Read a file, and say which columns are categories."""
    frame = pd.read_parquet(path)
    categories = list(frame.select_dtypes(exclude="number").columns)
    return Dataset(frame, cat_features=categories)


def run(reference: Dataset, current: Dataset) -> int:
    """Run the check, and read its result."""
    whole = sys.argv[1] == "all"
    rows = {"n_samples": reference.n_samples + current.n_samples} if whole else {}
    found = FeatureDrift(**rows).run(reference, current, with_display=not whole)
    return sum(column["Drift score"] is not None for column in found.value.values())


if __name__ == "__main__":
    measure("deepchecks", load, None, run)
