"""Alibi Detect's Kolmogorov-Smirnov detector, Bonferroni-corrected over all columns.

It takes a matrix without missing values, so loading fills them and numbers the categories.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from alibi_detect.cd import KSDrift
from measuring import measure


def load(path: str) -> np.ndarray:
    """Read a file as a matrix."""
    frame = pd.read_parquet(path)
    numbers = frame.select_dtypes("number")
    categories = frame.drop(columns=numbers.columns)
    codes = categories.apply(lambda column: column.astype("category").cat.codes)
    return np.hstack([numbers.fillna(numbers.median()), codes]).astype(np.float32)


def fit(reference: np.ndarray) -> KSDrift:
    """Keep the reference."""
    return KSDrift(reference, p_val=0.05)


def run(detector: KSDrift, current: np.ndarray) -> int:
    """Test every column."""
    return len(detector.predict(current, drift_type="feature")["data"]["p_val"])


if __name__ == "__main__":
    measure("alibi-detect", load, fit, run)
