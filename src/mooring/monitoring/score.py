"""One window of one model version: drift against its baseline, performance against its holdout."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mooring.clock import Window, parse_duration
from mooring.errors import MooringError, SettingsError
from mooring.gates.cases import prepare
from mooring.gates.metrics import Metric, find_metric
from mooring.lineage.catalog import queries
from mooring.monitoring.answered import logged_answers, logged_truth
from mooring.monitoring.detail import Detail, Performance, Scored, Status
from mooring.monitoring.drift import DriftFound, judge_drift
from mooring.monitoring.freshness import window_age
from mooring.monitoring.performance import Holdout, PerformanceRules, judge_performance, not_yet
from mooring.monitoring.versions import MonitoredVersion, VersionCache
from mooring.pipeline.feature_age import PART as FEATURE_AGE
from mooring.pipeline.steps.register import predictions_frame
from mooring.profiling.counting.making import profile
from mooring.profiling.findings import DriftRules

if TYPE_CHECKING:
    from mooring.lineage.values import ModelVersion
    from mooring.pipeline.context import Context
    from mooring.serving.log import LoggedRows, PredictionLog
    from mooring.settings import Settings
    from mooring.settings.model import Monitoring

NO_DATA = "no predictions in this window"


def score_window(
    context: Context,
    log: PredictionLog,
    window: Window,
    version: ModelVersion,
    versions: VersionCache | None = None,
) -> Scored:
    """Score the rows of a window that one model version answered.

    Nothing is recorded. What cannot be scored is *unknown*, with the reason, never *ok* (P3):
    no rows (FD-14), too few (FD-64), a feature function that fails, an artifact that is damaged.

    Parameters
    ----------
    context : Context
    log : PredictionLog
    window : Window
    version : ModelVersion
    versions : VersionCache, optional
        Keeps loaded versions from one window to the next.

    Returns
    -------
    Scored
    """
    now = context.clock()
    rows = log.read(context.name, window, version.id, as_of=now)
    if rows.meta.height == 0:
        return _unknown(window, version, rows, NO_DATA)
    try:
        monitored = (versions or VersionCache(context.store)).get(version.artifact)
        with context.catalog.read() as tx:
            holdout = {
                m.name: m.rows for m in queries.metrics(tx, version.id) if m.role == "holdout"
            }
        return score_rows(context.settings, rows, window, version.id, monitored, holdout, now)
    except SettingsError:
        raise
    except MooringError as error:
        where = f" ({error.where})" if error.where else ""
        return _unknown(window, version, rows, f"could not be scored: {error.what}{where}")


def score_rows(  # noqa: PLR0913, PLR0917 - what is scored, against what, when
    settings: Settings,
    rows: LoggedRows,
    window: Window,
    model_version: str,
    version: MonitoredVersion,
    holdout_rows: dict[str, int],
    now: datetime,
) -> Scored:
    """The score of rows in memory; as :func:`score_window` without the catalog and the log."""
    drift = _drift(settings, rows, version)
    performance = _performance(settings, rows, window, version, holdout_rows, now)
    detail = Detail(
        performance=performance,
        drift=drift.status,
        drifted=tuple(column.name for column in drift.watched if column.status == "drift"),
        watched=drift.watched,
        others=drift.others,
        predictions=drift.predictions,
        feature_age=window_age(settings, rows, version.loaded.parts.get(FEATURE_AGE)),
        reason=_too_few(rows.meta.height, settings.monitoring.min_rows),
    )
    return Scored(
        window=window,
        model_version=model_version,
        rows=rows.meta.height,
        labelled=_labelled(rows),
        status=overall(detail),
        distance=drift.distance,
        detail=detail,
    )


def overall(detail: Detail) -> Status:
    """Degraded before drift before unknown before ok.

    Labels come late, or never: performance that is not known yet stands beside the status and does
    not change it.
    """
    if detail.performance.status == "degraded":
        return "degraded"
    return detail.drift


def _drift(settings: Settings, rows: LoggedRows, version: MonitoredVersion) -> DriftFound:
    rules = settings.monitoring
    manifest = version.loaded.manifest
    said = predictions_frame(logged_answers(rows.meta, manifest.classes))
    return judge_drift(
        version.baseline,
        profile(version.features(rows.inputs), baseline=version.baseline),
        version.predictions,
        profile(said, baseline=version.predictions),
        importance=manifest.watched,
        top_k=rules.top_k,
        rules=drift_rules(rules),
    )


def drift_rules(monitoring: Monitoring) -> DriftRules:
    """When a column counts as drifted, as ``[monitoring]`` says."""
    return DriftRules(
        alpha=monitoring.alpha,
        min_psi=monitoring.min_psi,
        min_rows=monitoring.min_rows,
        null_rate_floor=monitoring.min_missing,
        unseen_rate_floor=monitoring.min_unseen,
        inflation=monitoring.inflation,
        floors=tuple(monitoring.thresholds.items()),
        inflations=tuple(monitoring.inflations.items()),
    )


def check_thresholds(settings: Settings, scored: Sequence[Scored]) -> None:
    """Every threshold and inflation is for a column that some version that answered has.

    Raises
    ------
    SettingsError
        Naming the column, and the nearest there is.
    """
    details = [one.detail for one in scored]
    known = {
        column.name
        for detail in details
        for column in (*detail.watched, *detail.others, *detail.predictions)
    }
    if not details or not all(detail.watched for detail in details):
        return  # a version that could not be scored may have the column
    rules = settings.monitoring
    tables = {"thresholds": rules.thresholds, "inflations": rules.inflations}
    for table, name in ((table, name) for table, names in tables.items() for name in names):
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            raise SettingsError(
                f"monitoring.{table}: no model version has a column {name!r}",
                where=f"mooring.toml, [monitoring.{table}]",
                fix=f"did you mean {near[0]!r}?" if near else "take it out",
            )


def _performance(  # noqa: PLR0913, PLR0917 - as score_rows
    settings: Settings,
    rows: LoggedRows,
    window: Window,
    version: MonitoredVersion,
    holdout_rows: dict[str, int],
    now: datetime,
) -> Performance:
    metric = monitored_metric(settings)
    rules = PerformanceRules.of(settings.monitoring, parse_duration(settings.data.label_delay))
    labelled = _labelled(rows)
    baseline = version.loaded.manifest.metrics.get(metric.name)
    why = not_yet(window, rows.meta.height, labelled, rules, now)
    if why:
        return Performance(
            status="unknown", reason=why, metric=metric.name, baseline=baseline, rows=labelled
        )
    meta = rows.meta.filter(rows.meta["label"].is_not_null())
    classes = version.loaded.manifest.classes
    case = prepare(
        settings.data.task,
        logged_truth(meta["label"], classes),
        logged_answers(meta, classes),
        settings.data.positive,
    )
    holdout = Holdout(baseline, holdout_rows.get(metric.name, 0))
    return judge_performance(metric, case, holdout, rules)


def monitored_metric(settings: Settings) -> Metric:
    """The metric that performance is watched by: ``monitoring.metric``, else the gate's.

    Raises
    ------
    SettingsError
        When the task has no such metric, or the metric cannot say which model is better.
    """
    name = settings.monitoring.metric or settings.gates.model.metric
    metric = find_metric(settings.data.task, name)
    if not metric.decides:
        raise SettingsError(
            f"{metric.name} cannot say that a model got worse",
            where="monitoring.metric",
            fix="leave it out, or name a metric that sees every error",
        )
    return metric


def _labelled(rows: LoggedRows) -> int:
    return rows.meta.height - rows.meta["label"].null_count()


def _too_few(rows: int, least: int) -> str:
    return f"{rows:,} rows, {least:,} are needed" if rows < least else ""


def _unknown(window: Window, version: ModelVersion, rows: LoggedRows, reason: str) -> Scored:
    return Scored(
        window=window,
        model_version=version.id,
        rows=rows.meta.height,
        labelled=_labelled(rows),
        status="unknown",
        distance=None,
        detail=Detail(performance=Performance(status="unknown", reason=reason), reason=reason),
    )
