"""What to calibrate: a project's own history, as its monitoring sees it, or any table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from mooring.clock import parse_duration
from mooring.errors import NotEnoughEvidence, UsageError
from mooring.lineage.answering import as_polars, features_of
from mooring.lineage.catalog import queries
from mooring.lineage.codespace import CodeSpace
from mooring.lineage.values import ModelVersion
from mooring.monitoring.drift import watched_features
from mooring.monitoring.score import drift_rules
from mooring.monitoring.versions import VersionCache
from mooring.profiling.calibration.calibrate import calibrate
from mooring.profiling.calibration.history import instants_of
from mooring.profiling.calibration.plan import Calibration, Plan, Training
from mooring.reading.tables import read_table
from mooring.settings.counts import parse_n_of_m
from mooring.settings.model import Monitoring

if TYPE_CHECKING:
    from pathlib import Path

    from mooring.pipeline.context import Context
    from mooring.settings import Settings

PROPOSED = (2, 3)
"""The alarm that is proposed where none is declared: a window late, and far fewer alarms."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says instead of the project.

    Parameters
    ----------
    data : (str, Path), optional
        A file, glob or folder, and what it is relative to.
    time, target, window : str, optional
    """

    data: tuple[str, Path] | None = None
    time: str | None = None
    target: str | None = None
    window: str | None = None


def calibrate_project(context: Context, asked: Asked) -> Calibration:
    """Calibrate on the history of a project: the columns that its monitoring watches.

    They are the features its code makes: the champion's watched ones, or all of them before there
    is a champion.

    Raises
    ------
    UsageError
        There is no time column.
    NotEnoughEvidence
        The history is shorter than two windows.
    """
    settings = context.settings
    time = asked.time or settings.data.time
    if time is None:
        raise UsageError("there is no time column to cut windows by", fix="name it: --time COLUMN")
    source, root = asked.data or (settings.data.source, settings.root)
    frame = _told(read_table(source, root, settings.data.types if asked.data is None else {}), time)
    plan = _plan(settings, asked.window)
    return calibrate(_watched(context, frame), instants_of(frame, time), plan)


def calibrate_table(asked: Asked) -> Calibration:
    """Calibrate on any table: all of its columns but the time and the target.

    Raises
    ------
    UsageError
        The data or its time column are not named.
    """
    if asked.data is None or asked.time is None:
        raise UsageError(
            "outside of a project the data and its time column must be named",
            fix="mooring calibrate DATA --time COLUMN",
        )
    frame = _told(read_table(*asked.data), asked.time)
    instants = instants_of(frame, asked.time)
    if asked.target is not None and asked.target not in frame.columns:
        raise UsageError(
            f"there is no column {asked.target!r} to be the target",
            where=f"the columns are {', '.join(frame.columns[:20])}",
        )
    length = parse_duration(asked.window or Monitoring().window)
    plan = Plan(_span(length), length, rules=drift_rules(Monitoring()), proposed=PROPOSED)
    hidden = {asked.time, asked.target}
    return calibrate(frame.select(c for c in frame.columns if c not in hidden), instants, plan)


def _plan(settings: Settings, window: str | None) -> Plan:
    rules, data, split = settings.monitoring, settings.data, settings.split
    length = _span(parse_duration(window or rules.window))
    held = (split.validation, split.holdout)
    spans = [parse_duration(one) for one in (*held, data.label_delay) if isinstance(one, str)]
    alarm = parse_n_of_m(rules.alarm)
    return Plan(
        length=length,
        every=min(parse_duration(rules.every), length),
        rules=drift_rules(rules),
        alarm=alarm,
        proposed=PROPOSED if alarm == (1, 1) else alarm,
        training=Training(
            span=parse_duration(data.window) if data.window else None,
            held_share=sum(one for one in held if isinstance(one, float)),
            held_span=sum(spans, timedelta()),
        ),
    )


def _span(length: timedelta) -> timedelta:
    if not length:
        raise UsageError("a window of no time holds no rows", fix="--window 1w")
    return length


def _told(frame: pl.DataFrame, time: str) -> pl.DataFrame:
    """The rows that say when they were."""
    frame = frame.filter(pl.col(time).is_not_null()) if time in frame.columns else frame
    if frame.is_empty():
        raise NotEnoughEvidence("not enough evidence: there are no rows with a time")
    return frame


def _watched(context: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """The features that monitoring would watch, of every row."""
    settings = context.settings
    rows = frame.select(c for c in frame.columns if c not in settings.hidden_columns)
    with context.catalog.read() as tx:
        traffic = queries.traffic(tx, context.name)
        champion = (
            queries.get(tx, ModelVersion, traffic.champion.model_version) if traffic else None
        )
    if champion is None:
        space = CodeSpace.load(settings.root, settings.pipeline.code)
        return as_polars(features_of(space, rows, settings.pipeline.frame))
    version = VersionCache(context.store).get(champion.artifact)
    names = [column.name for column in version.baseline.columns]
    top_k = settings.monitoring.top_k
    watched = watched_features(version.loaded.manifest.watched, names, top_k)
    return version.loaded.features(rows).select(watched)
