"""Frouros: one detector per column of numbers, ``psi`` or ``ks``; it has neither for categories."""

from __future__ import annotations

import sys

import pandas as pd
from frouros.detectors.data_drift import PSI, KSTest
from measuring import measure


def load(path: str) -> pd.DataFrame:
    """Read the columns of numbers of a file."""
    return pd.read_parquet(path).select_dtypes("number")


def run(reference: pd.DataFrame, current: pd.DataFrame) -> int:
    """Score each column; the detectors take no missing values."""
    scores = []
    for name in reference.columns:
        detector = PSI() if sys.argv[1] == "psi" else KSTest()
        detector.fit(X=reference[name].dropna().to_numpy())
        scores.append(detector.compare(X=current[name].dropna().to_numpy()))
    return len(scores)


if __name__ == "__main__":
    measure("frouros", load, None, run)
