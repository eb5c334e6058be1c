"""Hourly demand for shared bikes in Washington, DC, from the calendar and the weather."""

import polars as pl
from sklearn.ensemble import HistGradientBoostingRegressor

CALENDAR = ["season", "hr", "weekday", "holiday", "workingday"]
WEATHER = ["weathersit", "temp", "atemp", "hum", "windspeed"]


def features(frame):
    """The columns the model learns from; the same code runs in training and in serving."""
    return frame.select(pl.col(CALENDAR + WEATHER).cast(pl.Float64))


def train(X, y, params):
    """A gradient boosting of counts: rides are never negative, and their spread grows with them."""
    model = HistGradientBoostingRegressor(
        loss="poisson",
        max_iter=params["max_iter"],
        learning_rate=params["learning_rate"],
        random_state=params["seed"],
    )
    return model.fit(X, y)
