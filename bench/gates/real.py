"""What the model gate does over the years of real data, against never and always retraining.

A candidate is trained on the latest blocks of rows and judged against the champion on the block
after them; whoever stays answers the block after that. Prints the mean log loss of what would have
served, and how often the gate passed a candidate.

    python bench/gates/real.py FOLDER

where ``FOLDER/<name>/<name>.parquet`` are the data sets named below, as many as are there.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from mooring.gates.metrics import METRICS, measure
from mooring.gates.model_gate import ModelVerdict, judge
from mooring.gates.trivial import trivial_answers
from mooring.lineage.answers import Answers
from mooring.settings.model import ModelGate

RULES = ModelGate()
SEED = 0
"""Larger blocks stop boosting early, by rows that are drawn."""
STEPS = 40
"""Of boosting: enough for the order of the policies, and seconds instead of minutes."""


@dataclass(frozen=True)
class Years:
    """A data set, how it is cut, and on how many blocks a model is trained."""

    name: str
    target: str
    block: int
    window: int
    without: tuple[str, ...]

    def read(self, folder: Path) -> pl.DataFrame:
        """Features as numbers, and the target; oldest first."""
        frame = pl.read_parquet(folder / self.name / f"{self.name}.parquet")
        frame = frame.sort("event_time") if "event_time" in frame.columns else frame
        frame = frame.drop(self.without)
        words = [name for name in frame.columns if not frame.schema[name].is_numeric()]
        codes = pl.col(words).cast(pl.String).rank("dense").cast(pl.Float64)
        return frame.with_columns(codes)


CENSUS = Years(
    "us_census_ma_employment",
    "employed",
    17_000,
    4,
    ("id", "year", "period", "prediction", "predicted_probability"),
)
ELEC = Years("elec2", "class", 1_344, 2, ("event_time", "date", "nswprice"))


@dataclass(frozen=True)
class Judged:
    """One retraining: the verdict, and the log loss of each policy on the block it was made on."""

    block: int
    verdict: ModelVerdict
    served: float
    never: float
    always: float
    trivial: float


def lived(years: Years, frame: pl.DataFrame, last: int | None = None) -> Iterator[Judged]:
    """A verdict for each block, the champion of the gate going on."""
    truth = frame[years.target].to_numpy()
    rows = frame.drop(years.target)
    X = rows.to_numpy()
    champion = first = latest = _fit(X, truth, 0, years.window * years.block)
    for block in range(years.window + 1, last or frame.height // years.block):
        start = block * years.block
        part = slice(start, start + years.block)
        candidate = _fit(X, truth, start - years.window * years.block, start)
        trained = truth[start - years.window * years.block : start]
        trivial = trivial_answers("binary", trained, years.block, (0, 1))
        said = [_answers(model, X[part]) for model in (candidate, champion, first, latest)]
        verdict = judge(
            "binary",
            truth[part],
            said[0],
            said[1],
            "the champion",
            RULES,
            time_ordered=True,
            trivial=trivial,
            rows=rows[part],
            searched=tuple(rows.columns),
        )
        losses = [_loss(truth[part], one) for one in (*said[1:], trivial)]
        yield Judged(block, verdict, *losses)
        champion = candidate if verdict.outcome == "pass" else champion
        latest = candidate


def _fit(
    X: NDArray[np.generic], y: NDArray[np.generic], start: int, end: int
) -> HistGradientBoostingClassifier:
    model = HistGradientBoostingClassifier(max_iter=STEPS, random_state=SEED)
    with _one_thread():
        model.fit(X[start:end], y[start:end])
    return model


def _one_thread() -> AbstractContextManager[object]:
    """Blocks this small are done before a second thread has started."""
    threads: AbstractContextManager[object] = import_module("threadpoolctl").threadpool_limits(1)
    return threads


def _answers(model: HistGradientBoostingClassifier, X: NDArray[np.generic]) -> Answers:
    with _one_thread():
        chances = np.asarray(model.predict_proba(X))
    return Answers(chances.argmax(axis=1), chances, (0, 1))


def _loss(truth: NDArray[np.generic], said: Answers) -> float:
    value = measure("binary", truth, said, 1)["log_loss"]
    assert value is not None, METRICS["log_loss"]  # noqa: S101 - it is defined on every block
    return value


def main() -> None:
    """A line for each data set."""
    folder = Path(sys.argv[1])
    for years in (CENSUS, ELEC):
        if not (folder / years.name).is_dir():
            continue
        found = list(lived(years, years.read(folder)))
        outcomes = Counter(one.verdict.outcome for one in found)
        means = {
            name: np.mean([getattr(one, name) for one in found])
            for name in ("never", "always", "served", "trivial")
        }
        shown = ", ".join(f"{name} {value:.4f}" for name, value in means.items())
        print(f"{years.name}: {len(found)} retrainings, {dict(outcomes)}")  # noqa: T201
        print(f"  log loss: {shown}")  # noqa: T201
        worse = [one for one in found if one.verdict.outcome == "pass"]
        bad = sum(1 for o in worse if (o.verdict.difference or 0) < 0)
        print(f"  passed although worse on the holdout: {bad}")  # noqa: T201


if __name__ == "__main__":
    main()
