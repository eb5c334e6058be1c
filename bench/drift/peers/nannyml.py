"""NannyML's univariate drift: Jensen-Shannon for all columns, Kolmogorov-Smirnov for numbers."""

from __future__ import annotations

import pandas as pd
from measuring import measure
from nannyml import UnivariateDriftCalculator


def load(path: str) -> pd.DataFrame:
    """Read a file."""
    return pd.read_parquet(path)


def fit(reference: pd.DataFrame) -> UnivariateDriftCalculator:
    """Learn the reference, in the chunks that are the default."""
    calculator = UnivariateDriftCalculator(
        column_names=list(reference.columns),
        continuous_methods=["jensen_shannon", "kolmogorov_smirnov"],
        categorical_methods=["jensen_shannon"],
    )
    return calculator.fit(reference)


def run(calculator: UnivariateDriftCalculator, current: pd.DataFrame) -> int:
    """Score, and read the results."""
    found = calculator.calculate(current).to_df()
    return len({name for name, *_ in found.columns} - {"chunk"})


if __name__ == "__main__":
    measure("nannyml", load, fit, run)
