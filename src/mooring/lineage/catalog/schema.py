"""The catalog's tables. Rows are appended, never edited: the database itself refuses more.

Two shapes carry the promises. ``arm`` refers to ``verdict (id, model_version, outcome)`` and its
outcome can only be *pass* or *override*, so traffic without a verdict is not a row (P2). Triggers
refuse UPDATE, DELETE and a second INSERT of a key, so what was true then stays readable (P1, P9).
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from mooring.lineage import values

VERSION = 1


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite keeps no zone, so it is stripped and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC, without a zone where the database has none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; instants are UTC")
        instant = value.astimezone(UTC)
        return instant if dialect.name == "postgresql" else instant.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """From the database: always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()


def _key(name: str = "id") -> Column[str]:
    return Column(name, String, primary_key=True)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, String, nullable=null)


def _at(name: str = "at") -> Column[datetime]:
    return Column(name, Instant, nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _json(name: str) -> Column[object]:
    return Column(name, JSON, nullable=False)


def _to(target: str, name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, String, ForeignKey(target), primary_key=key, nullable=null)


def _one_of(column: str, *allowed: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in allowed)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")


catalog_version = Table("catalog_version", metadata, Column("version", Integer, primary_key=True))

dataset_version = Table(
    "dataset_version",
    metadata,
    _key("digest"),
    _count("rows"),
    _json("schema"),
    _json("columns"),
    _at(),
)
dataset_source = Table(
    "dataset_source",
    metadata,
    _to("dataset_version.digest", "dataset", key=True),
    _key("uri"),
    _at(),
)
code_version = Table(
    "code_version",
    metadata,
    _key("digest"),
    _text("commit", null=True),
    _text("branch", null=True),
    Column("dirty", Boolean, nullable=False),
    _text("patch", null=True),
    _json("files"),
    _at(),
)
environment = Table(
    "environment",
    metadata,
    _key("digest"),
    _text("python"),
    _text("platform"),
    _json("packages"),
    _at(),
)
decision = Table(
    "decision",
    metadata,
    _key(),
    _text("deployment"),
    _text("cause"),
    _text("window_key"),
    _text("action"),
    _text("because"),
    _at(),
    _json("detail"),
    _one_of("action", "retrain", "wait", "ask"),
)
# A cause retrains at most once per window, however many daemons look (P7).
Index(
    "one_retrain_per_cause_and_window",
    decision.c.deployment,
    decision.c.cause,
    decision.c.window_key,
    unique=True,
    sqlite_where=decision.c.action == "retrain",
    postgresql_where=decision.c.action == "retrain",
)
Index("decision_by_time", decision.c.deployment, decision.c.at)
Index("decision_by_window", decision.c.deployment, decision.c.cause, decision.c.window_key)
run = Table(
    "run",
    metadata,
    _key(),
    _text("name"),
    _text("trigger"),
    _text("because"),
    _to("code_version.digest", "code"),
    _to("environment.digest", "environment"),
    _json("params"),
    _count("seed"),
    _at(),
    _to("decision.id", "decision", null=True),
    UniqueConstraint("decision", name="one_run_per_decision"),
)
Index("run_by_time", run.c.name, run.c.at)
run_event = Table(
    "run_event",
    metadata,
    _to("run.id", "run", key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("kind"),
    _at(),
    _json("detail"),
    _one_of("kind", "started", "resumed", "succeeded", "rejected", "failed", "crashed"),
)
step_result = Table(
    "step_result",
    metadata,
    _to("run.id", "run", key=True),
    _key("step"),
    _at(),
    Column("seconds", Float, nullable=False),
    _json("result"),
)
run_dataset = Table(
    "run_dataset",
    metadata,
    _to("run.id", "run", key=True),
    _key("role"),
    _to("dataset_version.digest", "dataset"),
    _one_of("role", "source", "training", "validation", "holdout"),
)
Index("run_by_dataset", run_dataset.c.dataset)
model_version = Table(
    "model_version",
    metadata,
    _key(),
    _text("name"),
    Column("version", Integer, nullable=False),
    _to("run.id", "run"),
    _text("artifact"),
    _text("task"),
    _at(),
    UniqueConstraint("name", "version"),
    UniqueConstraint("run", name="one_model_version_per_run"),
)
metric = Table(
    "metric",
    metadata,
    _to("model_version.id", "model_version", key=True),
    _key("role"),
    _key("name"),
    Column("value", Float, nullable=False),
    _count("rows"),
)
verdict = Table(
    "verdict",
    metadata,
    _key(),
    _text("gate"),
    _text("outcome"),
    _at(),
    _text("by"),
    _json("reasons"),
    _to("run.id", "run", null=True),
    _to("model_version.id", "model_version", null=True),
    _to("model_version.id", "opponent", null=True),
    Column("until", Instant, nullable=True),
    _json("evidence"),
    UniqueConstraint("id", "model_version", "outcome", name="what_an_arm_refers_to"),
    _one_of("gate", "data", "model", "override"),
    _one_of("outcome", "pass", "fail", "not_enough_evidence", "override"),
    CheckConstraint("(gate = 'override') = (outcome = 'override')", name="override_is_named"),
    CheckConstraint("gate = 'data' OR model_version IS NOT NULL", name="about_a_version"),
    CheckConstraint("gate <> 'data' OR model_version IS NULL", name="data_gives_no_traffic"),
    CheckConstraint("gate <> 'override' OR until IS NOT NULL", name="overrides_expire"),
)
Index("verdict_by_version", verdict.c.model_version, verdict.c.at)
deployment_revision = Table(
    "deployment_revision",
    metadata,
    _key(),
    _text("deployment"),
    Column("number", Integer, nullable=False),
    _text("action"),
    _text("because"),
    _text("by"),
    _at(),
    UniqueConstraint("deployment", "number"),
    _one_of("action", "deploy", "traffic", "promote", "rollback"),
)
arm = Table(
    "arm",
    metadata,
    _to("deployment_revision.id", "revision", key=True),
    _to("model_version.id", "model_version", key=True),
    Column("weight", Float, nullable=False),
    _text("role"),
    _text("verdict"),
    _text("outcome"),
    ForeignKeyConstraint(
        ["verdict", "model_version", "outcome"],
        ["verdict.id", "verdict.model_version", "verdict.outcome"],
        name="no_traffic_without_a_verdict",
    ),
    CheckConstraint("outcome IN ('pass', 'override')", name="only_a_pass_or_an_override"),
    CheckConstraint("weight > 0 AND weight <= 1", name="weight_is_a_share"),
    _one_of("role", "champion", "challenger"),
)
Index(
    "one_champion_per_revision",
    arm.c.revision,
    unique=True,
    sqlite_where=arm.c.role == "champion",
    postgresql_where=arm.c.role == "champion",
)
window_score = Table(
    "window_score",
    metadata,
    _key(),
    _text("deployment"),
    _to("model_version.id", "model_version"),
    _at("start"),
    _at("end"),
    _at(),
    _count("rows"),
    _count("labelled"),
    _text("status"),
    Column("distance", Float, nullable=True),
    _json("detail"),
    _one_of("status", "ok", "drift", "degraded", "unknown"),
)
Index("window_by_time", window_score.c.deployment, window_score.c.end)
alert = Table(
    "alert",
    metadata,
    _key(),
    _text("deployment"),
    _text("rule"),
    _text("severity"),
    _text("title"),
    _text("body"),
    _at(),
    _json("detail"),
    _one_of("severity", "page", "notify", "record"),
)
alert_delivery = Table(
    "alert_delivery",
    metadata,
    _to("alert.id", "alert", key=True),
    _key("route"),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    _at(),
    Column("delivered", Boolean, nullable=False),
    _text("detail"),
)
label_batch = Table(
    "label_batch",
    metadata,
    _key(),
    _text("deployment"),
    _text("source"),
    _count("rows"),
    _count("joined"),
    _at(),
)

# Without this, INSERT OR REPLACE could name another row's hidden number and delete that row.
for _table in metadata.tables.values():
    _table.dialect_options["sqlite"]["with_rowid"] = False

TABLE_OF: dict[type, Table] = {
    values.DatasetVersion: dataset_version,
    values.DatasetSource: dataset_source,
    values.CodeVersion: code_version,
    values.Environment: environment,
    values.Run: run,
    values.RunEvent: run_event,
    values.StepResult: step_result,
    values.RunDataset: run_dataset,
    values.ModelVersion: model_version,
    values.Metric: metric,
    values.Verdict: verdict,
    values.DeploymentRevision: deployment_revision,
    values.Arm: arm,
    values.WindowScore: window_score,
    values.Alert: alert,
    values.AlertDelivery: alert_delivery,
    values.Decision: decision,
    values.LabelBatch: label_batch,
}
