"""Living through the weeks: requests go out, labels come a week later, the loop does the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from mooring.demo.rides import KEY, TARGET, TIME, Week, deliver
from mooring.demo.server import Answered, Client
from mooring.lineage.catalog import queries
from mooring.lineage.loading import LoadedVersion
from mooring.lineage.values import WindowScore
from mooring.pipeline.context import Context
from mooring.retraining.decide import Outcome, act
from mooring.retraining.watch import Look
from mooring.serving.log import Label, PredictionLog


class ReplayClock:
    """A clock that stands where the replay has come to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The instant the replay pretends it is."""
        return self.now


@dataclass(frozen=True, slots=True)
class Lived:
    """What one week came to."""

    week: Week
    score: WindowScore | None
    error: float
    error_never: float
    champion: str
    outcome: Outcome | None


@dataclass(slots=True)
class Replay:
    """One deployment, lived through week by week.

    Parameters
    ----------
    context : Context
        The project; its clock must be ``clock``.
    first : LoadedVersion
        The first champion, kept to show what never retraining would have cost.
    """

    context: Context
    log: PredictionLog
    look: Look
    client: Client
    clock: ReplayClock
    first: LoadedVersion
    waiting: tuple[Week, Answered] | None = None
    """The week whose labels have not come yet."""

    def live(self, weeks: tuple[Week, ...]) -> Iterator[Lived]:
        """Lives through the weeks, one at a time."""
        for week in weeks:
            answered = self._ask(week)
            self.clock.now = week.end
            if self.waiting is not None:
                self._label(*self.waiting)
            self.waiting = (week, answered)
            scores = self.look()
            outcome = act(self.context)
            if outcome is not None and outcome.finished is not None:
                self._follow()
            yield Lived(
                week,
                _score_of(scores, week),
                _error(week, np.array(answered.predictions)),
                _error(week, self._never(week)),
                answered.model_versions[-1],
                outcome,
            )

    def _ask(self, week: Week) -> Answered:
        """Sends the week's rows a day at a time, as the hours of that day go by."""
        ids: list[str] = []
        predictions: list[float] = []
        versions: list[str] = []
        for _, day in week.rows.group_by(pl.col(TIME).dt.date(), maintain_order=True):
            first = day[TIME][0]
            self.clock.now = first.replace(tzinfo=week.start.tzinfo)
            answered = self.client.predict(_request(self.context, day), self.clock.now)
            ids += answered.prediction_ids
            predictions += answered.predictions
            versions += answered.model_versions
        return Answered(tuple(ids), tuple(predictions), tuple(versions))

    def _label(self, week: Week, answered: Answered) -> None:
        """Hands in a week's labels, and exports its rows for training."""
        truth = week.rows[TARGET].to_list()
        labels = [
            Label(prediction_id, value, self.clock.now)
            for prediction_id, value in zip(answered.prediction_ids, truth, strict=True)
        ]
        self.log.add_labels(self.context.name, labels, self.clock.now)
        deliver(self.context.settings.root, f"week-{week.start:%Y-%m-%d}", week.rows)

    def _follow(self) -> None:
        with self.context.catalog.read() as tx:
            traffic = queries.traffic(tx, self.context.name)
        if traffic is not None:
            self.client.wait_for(traffic.revision.number)

    def _never(self, week: Week) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
        return self.first.answers(_request(self.context, week.rows)).predictions


def _request(context: Context, rows: pl.DataFrame) -> pl.DataFrame:
    """What a caller knows when it asks: neither the label nor what is excluded."""
    return rows.drop(*(n for n in context.settings.hidden_columns if n != KEY), TIME)


def _error(week: Week, predictions: np.ndarray[tuple[int], np.dtype[np.generic]]) -> float:
    truth = week.rows[TARGET].to_numpy()
    return float(np.abs(predictions.astype(np.float64) - truth).mean())


def _score_of(scores: tuple[WindowScore, ...], week: Week) -> WindowScore | None:
    """The newest score of the week's own window."""
    return next((score for score in reversed(scores) if score.end == week.end), None)
