"""Questions to the catalog; each returns values, and takes the instant it is asked about."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar, get_args

from sqlalchemy import Row, Select, Table, func, select

from mooring.errors import CatalogError, UnknownName
from mooring.lineage.catalog import schema
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.values import (
    Alert,
    AlertDelivery,
    Arm,
    Decision,
    DeploymentRevision,
    Evaluation,
    Fact,
    Metric,
    ModelVersion,
    Reproduction,
    Role,
    Run,
    RunDataset,
    RunEvent,
    StepResult,
    Verdict,
    WindowScore,
)

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a deployment's traffic is split over, as of one revision."""

    revision: DeploymentRevision
    arms: tuple[Arm, ...]

    @property
    def champion(self) -> Arm:
        """The champion's arm; every revision that Mooring writes has exactly one.

        Raises
        ------
        CatalogError
            For a revision that somebody wrote without one.
        """
        for arm in self.arms:
            if arm.role == "champion":
                return arm
        raise CatalogError(
            f"revision {self.revision.number} of {self.revision.deployment} has no champion",
            where=f"written by {self.revision.by} at {self.revision.at:%Y-%m-%d %H:%M}",
            fix="mooring promote <version> makes a revision that has one",
        )


def get(tx: Transaction, kind: type[F], key: str) -> F:
    """The fact of that kind with that id or digest.

    Raises
    ------
    UnknownName
        With the nearest known names.
    """
    table = schema.TABLE_OF[kind]
    column = next(iter(table.primary_key))
    found = _first(tx, kind, select(table).where(column == key))
    if found is not None:
        return found
    newest = select(column).order_by(column.desc()).limit(1000)
    known = tx.connection.execute(newest).scalars().all()
    near = difflib.get_close_matches(key, [str(name) for name in known], n=3, cutoff=0.4)
    raise UnknownName(
        f"no {table.name.replace('_', ' ')} {key!r} in the catalog",
        fix=f"the nearest are: {', '.join(near)}" if near else "mooring status shows what there is",
    )


def traffic(tx: Transaction, deployment: str, at: datetime | None = None) -> Traffic | None:
    """The split in force now, or as of an instant; None before the first deployment."""
    table = schema.deployment_revision
    query = select(table).where(table.c.deployment == deployment, *_until(table, at))
    revision = _first(tx, DeploymentRevision, query.order_by(table.c.number.desc()))
    if revision is None:
        return None
    arms = select(schema.arm).where(schema.arm.c.revision == revision.id)
    heaviest = (schema.arm.c.weight.desc(), schema.arm.c.model_version)
    return Traffic(revision, tuple(_all(tx, Arm, arms.order_by(*heaviest))))


def deployments(tx: Transaction) -> tuple[str, ...]:
    """The names of all deployments, in order."""
    column = schema.deployment_revision.c.deployment
    return tuple(tx.connection.execute(select(column).distinct().order_by(column)).scalars())


def revisions(tx: Transaction, deployment: str) -> tuple[DeploymentRevision, ...]:
    """Every change of a deployment's traffic, oldest first."""
    table = schema.deployment_revision
    query = select(table).where(table.c.deployment == deployment).order_by(table.c.number)
    return tuple(_all(tx, DeploymentRevision, query))


def champions(tx: Transaction, deployment: str) -> tuple[tuple[DeploymentRevision, str], ...]:
    """Every revision with its champion, oldest first."""
    table, arm = schema.deployment_revision, schema.arm
    query = (
        select(table, arm.c.model_version)
        .join(arm, arm.c.revision == table.c.id)
        .where(table.c.deployment == deployment, arm.c.role == "champion")
        .order_by(table.c.number)
    )
    rows = tx.connection.execute(query)
    return tuple((_value(DeploymentRevision, row), str(row.model_version)) for row in rows)


def arms_of(tx: Transaction, revision: str) -> tuple[Arm, ...]:
    """The arms of one revision."""
    query = select(schema.arm).where(schema.arm.c.revision == revision)
    return tuple(_all(tx, Arm, query.order_by(schema.arm.c.weight.desc())))


def latest_versions(tx: Transaction, name: str, limit: int) -> tuple[ModelVersion, ...]:
    """The newest model versions of that name, newest first."""
    table = schema.model_version
    query = select(table).where(table.c.name == name).order_by(table.c.version.desc())
    return tuple(_all(tx, ModelVersion, query.limit(limit)))


def version_of_run(tx: Transaction, run: str) -> ModelVersion | None:
    """The model version a run registered, if it came that far."""
    table = schema.model_version
    return _first(tx, ModelVersion, select(table).where(table.c.run == run))


def next_version_number(tx: Transaction, name: str) -> int:
    """One more than the newest version of that name."""
    table = schema.model_version
    newest = select(func.max(table.c.version)).where(table.c.name == name)
    return int(tx.connection.execute(newest).scalar() or 0) + 1


def verdicts(
    tx: Transaction, model_version: str, at: datetime | None = None
) -> tuple[Verdict, ...]:
    """Every verdict on a model version, oldest first."""
    table = schema.verdict
    query = select(table).where(table.c.model_version == model_version, *_until(table, at))
    return tuple(_all(tx, Verdict, query.order_by(table.c.at, table.c.id)))


def verdicts_of_run(tx: Transaction, run: str) -> tuple[Verdict, ...]:
    """Every verdict that a run's gates gave, oldest first."""
    table = schema.verdict
    query = select(table).where(table.c.run == run).order_by(table.c.at, table.c.id)
    return tuple(_all(tx, Verdict, query))


def last_data_pass(tx: Transaction, name: str) -> Verdict | None:
    """The data gate's newest pass in a project: what it accepted last."""
    table = schema.verdict
    query = (
        select(table)
        .join(schema.run, schema.run.c.id == table.c.run)
        .where(schema.run.c.name == name, table.c.gate == "data", table.c.outcome == "pass")
    )
    return _first(tx, Verdict, query.order_by(table.c.at.desc(), table.c.id.desc()))


def evaluations(tx: Transaction, name: str, at: datetime | None = None) -> tuple[Evaluation, ...]:
    """Every comparison of a project's candidates on a holdout, oldest first."""
    table = schema.evaluation
    query = (
        select(table)
        .join(schema.run, schema.run.c.id == table.c.run)
        .where(schema.run.c.name == name, *_until(table, at))
    )
    return tuple(_all(tx, Evaluation, query.order_by(table.c.at, table.c.id)))


def usable_verdict(tx: Transaction, model_version: str, now: datetime) -> Verdict | None:
    """What an arm may refer to: the newest pass, else the override that lasts longest after now.

    A pass goes first because it does not expire. One that the version's own run contradicts is
    none: see :func:`contradicted`.
    """
    found = verdicts(tx, model_version)
    passes = [v for v in found if v.gate == "model" and v.outcome == "pass"]
    if passes and not contradicted(tx, passes[-1]):
        return passes[-1]
    lasting = [(v.until, v) for v in found if v.gate == "override" and v.until and v.until > now]
    return max(lasting, key=lambda item: item[0])[1] if lasting else None


def contradicted(tx: Transaction, passed: Verdict) -> bool:
    """Whether the run that made a version recorded another verdict, or other bytes, than this pass.

    What a run registers is written in one transaction with its step's result, so a pass that was
    added or changed later, or a version whose artifact was exchanged, does not agree with it.
    """
    version = get(tx, ModelVersion, str(passed.model_version))
    table = schema.step_result
    query = select(table).where(table.c.run == version.run, table.c.step == "register")
    step = _first(tx, StepResult, query)
    if step is None:
        return False
    said = step.result
    same = (said.get("verdict"), said.get("outcome")) == (passed.id, passed.outcome)
    return not same or said.get("artifact", version.artifact) != version.artifact


def knows_revision(tx: Transaction, revision: str) -> bool:
    """Whether a deployment revision of that id is in the history."""
    column = schema.deployment_revision.c.id
    return tx.connection.execute(select(column).where(column == revision)).first() is not None


def metrics(tx: Transaction, model_version: str) -> tuple[Metric, ...]:
    """A model version's metrics, by role and name."""
    table = schema.metric
    query = select(table).where(table.c.model_version == model_version)
    return tuple(_all(tx, Metric, query.order_by(table.c.role, table.c.name)))


def run_datasets(tx: Transaction, run: str) -> tuple[RunDataset, ...]:
    """The dataset versions of a run, in the order of the roles."""
    table = schema.run_dataset
    found = _all(tx, RunDataset, select(table).where(table.c.run == run))
    return tuple(sorted(found, key=lambda used: get_args(Role).index(used.role)))


def runs_on_dataset(tx: Transaction, dataset: str) -> tuple[RunDataset, ...]:
    """Every use of a dataset version by a run, oldest first."""
    table = schema.run_dataset
    query = select(table).where(table.c.dataset == dataset).order_by(table.c.run, table.c.role)
    return tuple(_all(tx, RunDataset, query))


def source_of(tx: Transaction, dataset: str, at: datetime | None = None) -> str | None:
    """Where a dataset version was found; of several places, the newest."""
    table = schema.dataset_source
    query = select(table.c.uri).where(table.c.dataset == dataset, *_until(table, at))
    return tx.connection.execute(query.order_by(table.c.at.desc()).limit(1)).scalar()


def source_of_run(tx: Transaction, run: str, at: datetime | None = None) -> str | None:
    """Where the rows of a run came from, for the parts it was divided into."""
    used = schema.run_dataset
    query = select(used.c.dataset).where(used.c.run == run, used.c.role == "source")
    dataset = tx.connection.execute(query).scalar()
    return None if dataset is None else source_of(tx, dataset, at)


def datasets_like(tx: Transaction, beginning: str) -> tuple[str, ...]:
    """The digests that begin with some characters, with or without their prefix."""
    column = schema.dataset_version.c.digest
    digest = beginning if ":" in beginning else f"t1:{beginning}"
    query = select(column).where(column.startswith(digest, autoescape=True)).limit(10)
    return tuple(tx.connection.execute(query).scalars())


def run_events(tx: Transaction, run: str) -> tuple[RunEvent, ...]:
    """What happened to a run, in order; the last says its status."""
    table = schema.run_event
    query = select(table).where(table.c.run == run).order_by(table.c.number)
    return tuple(_all(tx, RunEvent, query))


def latest_runs(tx: Transaction, name: str, limit: int) -> tuple[Run, ...]:
    """The newest runs of a project, newest first."""
    table = schema.run
    query = select(table).where(table.c.name == name).order_by(table.c.at.desc(), table.c.id.desc())
    return tuple(_all(tx, Run, query.limit(limit)))


def unfinished_runs(tx: Transaction, name: str) -> tuple[Run, ...]:
    """Runs whose last event is a start or a resumption."""
    event, later = schema.run_event, schema.run_event.alias("later")
    is_later = (later.c.run == event.c.run) & (later.c.number > event.c.number)
    query = (
        select(schema.run)
        .join(event, event.c.run == schema.run.c.id)
        .outerjoin(later, is_later)
        .where(schema.run.c.name == name, later.c.run.is_(None))
        .where(event.c.kind.in_(["started", "resumed"]))
    )
    return tuple(_all(tx, Run, query.order_by(schema.run.c.at)))


def step_results(tx: Transaction, run: str) -> tuple[StepResult, ...]:
    """What a run's steps came to, in the order they ended."""
    table = schema.step_result
    query = select(table).where(table.c.run == run).order_by(table.c.at, table.c.step)
    return tuple(_all(tx, StepResult, query))


def window_scores(
    tx: Transaction, deployment: str, limit: int, model_version: str | None = None
) -> tuple[WindowScore, ...]:
    """The newest scores of a deployment's windows, newest first."""
    table = schema.window_score
    query = select(table).where(table.c.deployment == deployment)
    if model_version is not None:
        query = query.where(table.c.model_version == model_version)
    newest = (table.c.end.desc(), table.c.at.desc(), table.c.id.desc())
    return tuple(_all(tx, WindowScore, query.order_by(*newest).limit(limit)))


def decisions(tx: Transaction, deployment: str, limit: int) -> tuple[Decision, ...]:
    """The newest decisions of a deployment's policy, newest first."""
    table = schema.decision
    query = select(table).where(table.c.deployment == deployment)
    newest = (table.c.at.desc(), table.c.id.desc())
    return tuple(_all(tx, Decision, query.order_by(*newest).limit(limit)))


def decisions_about(
    tx: Transaction, deployment: str, cause: str, window_key: str
) -> tuple[Decision, ...]:
    """Everything decided for a cause and window, oldest first."""
    table = schema.decision
    query = select(table).where(
        table.c.deployment == deployment,
        table.c.cause == cause,
        table.c.window_key == window_key,
    )
    return tuple(_all(tx, Decision, query.order_by(table.c.at, table.c.id)))


def decision_without_run(tx: Transaction, deployment: str) -> Decision | None:
    """The newest decision to retrain, when a crash left it without a run."""
    table, made = schema.decision, schema.run
    query = select(table).where(table.c.deployment == deployment, table.c.action == "retrain")
    newest = _first(tx, Decision, query.order_by(table.c.at.desc(), table.c.id.desc()))
    if newest is None:
        return None
    followed = select(made.c.id).where(made.c.decision == newest.id).limit(1)
    return None if tx.connection.execute(followed).first() else newest


def alerts(tx: Transaction, deployment: str, limit: int) -> tuple[Alert, ...]:
    """The newest alerts of a deployment, newest first."""
    table = schema.alert
    query = select(table).where(table.c.deployment == deployment)
    return tuple(_all(tx, Alert, query.order_by(table.c.at.desc(), table.c.id).limit(limit)))


def deliveries(tx: Transaction, alert: str) -> tuple[AlertDelivery, ...]:
    """Every attempt to hand an alert to a route."""
    table = schema.alert_delivery
    query = select(table).where(table.c.alert == alert).order_by(table.c.route, table.c.attempt)
    return tuple(_all(tx, AlertDelivery, query))


def reproductions(
    tx: Transaction, model_version: str, at: datetime | None = None
) -> tuple[Reproduction, ...]:
    """Every attempt to train a model version again, oldest first."""
    table = schema.reproduction
    query = select(table).where(table.c.model_version == model_version, *_until(table, at))
    return tuple(_all(tx, Reproduction, query.order_by(table.c.at, table.c.id)))


def count_versions(tx: Transaction, name: str) -> int:
    """How many model versions there are of that name."""
    table = schema.model_version
    query = select(func.count()).select_from(table).where(table.c.name == name)
    return int(tx.connection.execute(query).scalar_one())


def _until(table: Table, at: datetime | None) -> list[Any]:
    return [] if at is None else [table.c.at <= at]


def _first(tx: Transaction, kind: type[F], query: Select[Any]) -> F | None:
    row = tx.connection.execute(query.limit(1)).first()
    return None if row is None else _value(kind, row)


def _all(tx: Transaction, kind: type[F], query: Select[Any]) -> list[F]:
    return [_value(kind, row) for row in tx.connection.execute(query)]


def _value(kind: type[F], row: Row[Any]) -> F:
    cells = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row by column
    found = {f.name: cells[f.name] for f in fields(kind)}
    make: Callable[..., F] = kind
    return make(**{k: tuple(v) if isinstance(v, list) else v for k, v in found.items()})
