"""The catalog's tables. Rows are appended, never edited: the database itself refuses more.

Two shapes carry the promises. ``arm`` refers to ``verdict (id, model_version, outcome)`` and its
outcome can only be *pass* or *override*, so traffic without a verdict is not a row (P2). Triggers
refuse UPDATE, DELETE and a second INSERT of a key, so what was true then stays readable (P1, P9).
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
)

from mooring.lineage import values
from mooring.lineage.catalog.columns import Instant, at, count, json, key, one_of, text, to
from mooring.lineage.catalog.evaluations import EVALUATION

VERSION = 3
"""2 added ``reproduction``, 3 ``evaluation``."""

metadata = MetaData()

catalog_version = Table("catalog_version", metadata, Column("version", Integer, primary_key=True))

dataset_version = Table(
    "dataset_version",
    metadata,
    key("digest"),
    count("rows"),
    json("schema"),
    json("columns"),
    at(),
)
dataset_source = Table(
    "dataset_source",
    metadata,
    to("dataset_version.digest", "dataset", key=True),
    key("uri"),
    at(),
)
code_version = Table(
    "code_version",
    metadata,
    key("digest"),
    text("commit", null=True),
    text("branch", null=True),
    Column("dirty", Boolean, nullable=False),
    text("patch", null=True),
    json("files"),
    at(),
)
environment = Table(
    "environment",
    metadata,
    key("digest"),
    text("python"),
    text("platform"),
    json("packages"),
    at(),
)
decision = Table(
    "decision",
    metadata,
    key(),
    text("deployment"),
    text("cause"),
    text("window_key"),
    text("action"),
    text("because"),
    at(),
    json("detail"),
    one_of("action", "retrain", "wait", "ask"),
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
    key(),
    text("name"),
    text("trigger"),
    text("because"),
    to("code_version.digest", "code"),
    to("environment.digest", "environment"),
    json("params"),
    count("seed"),
    at(),
    to("decision.id", "decision", null=True),
    UniqueConstraint("decision", name="one_run_per_decision"),
)
Index("run_by_time", run.c.name, run.c.at)
run_event = Table(
    "run_event",
    metadata,
    to("run.id", "run", key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    text("kind"),
    at(),
    json("detail"),
    one_of("kind", "started", "resumed", "succeeded", "rejected", "failed", "crashed"),
)
step_result = Table(
    "step_result",
    metadata,
    to("run.id", "run", key=True),
    key("step"),
    at(),
    Column("seconds", Float, nullable=False),
    json("result"),
)
run_dataset = Table(
    "run_dataset",
    metadata,
    to("run.id", "run", key=True),
    key("role"),
    to("dataset_version.digest", "dataset"),
    one_of("role", "source", "training", "validation", "holdout"),
)
Index("run_by_dataset", run_dataset.c.dataset)
model_version = Table(
    "model_version",
    metadata,
    key(),
    text("name"),
    Column("version", Integer, nullable=False),
    to("run.id", "run"),
    text("artifact"),
    text("task"),
    at(),
    UniqueConstraint("name", "version"),
    UniqueConstraint("run", name="one_model_version_per_run"),
)
metric = Table(
    "metric",
    metadata,
    to("model_version.id", "model_version", key=True),
    key("role"),
    key("name"),
    Column("value", Float, nullable=False),
    count("rows"),
)
verdict = Table(
    "verdict",
    metadata,
    key(),
    text("gate"),
    text("outcome"),
    at(),
    text("by"),
    json("reasons"),
    to("run.id", "run", null=True),
    to("model_version.id", "model_version", null=True),
    to("model_version.id", "opponent", null=True),
    Column("until", Instant, nullable=True),
    json("evidence"),
    UniqueConstraint("id", "model_version", "outcome", name="what_an_arm_refers_to"),
    one_of("gate", "data", "model", "override"),
    one_of("outcome", "pass", "fail", "not_enough_evidence", "override"),
    CheckConstraint("(gate = 'override') = (outcome = 'override')", name="override_is_named"),
    CheckConstraint("gate = 'data' OR model_version IS NOT NULL", name="about_a_version"),
    CheckConstraint("gate <> 'data' OR model_version IS NULL", name="data_gives_no_traffic"),
    CheckConstraint("gate <> 'override' OR until IS NOT NULL", name="overrides_expire"),
)
Index("verdict_by_version", verdict.c.model_version, verdict.c.at)
Index("verdict_by_run", verdict.c.run)
Index("verdict_by_gate", verdict.c.gate, verdict.c.at)
deployment_revision = Table(
    "deployment_revision",
    metadata,
    key(),
    text("deployment"),
    Column("number", Integer, nullable=False),
    text("action"),
    text("because"),
    text("by"),
    at(),
    UniqueConstraint("deployment", "number"),
    one_of("action", "deploy", "traffic", "promote", "rollback"),
)
arm = Table(
    "arm",
    metadata,
    to("deployment_revision.id", "revision", key=True),
    to("model_version.id", "model_version", key=True),
    Column("weight", Float, nullable=False),
    text("role"),
    text("verdict"),
    text("outcome"),
    ForeignKeyConstraint(
        ["verdict", "model_version", "outcome"],
        ["verdict.id", "verdict.model_version", "verdict.outcome"],
        name="no_traffic_without_a_verdict",
    ),
    CheckConstraint("outcome IN ('pass', 'override')", name="only_a_pass_or_an_override"),
    CheckConstraint("weight > 0 AND weight <= 1", name="weight_is_a_share"),
    one_of("role", "champion", "challenger"),
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
    key(),
    text("deployment"),
    to("model_version.id", "model_version"),
    at("start"),
    at("end"),
    at(),
    count("rows"),
    count("labelled"),
    text("status"),
    Column("distance", Float, nullable=True),
    json("detail"),
    one_of("status", "ok", "drift", "degraded", "unknown"),
    Index("window_by_version", "deployment", "model_version", "end"),
)
Index("window_by_time", window_score.c.deployment, window_score.c.end)
alert = Table(
    "alert",
    metadata,
    key(),
    text("deployment"),
    text("rule"),
    text("severity"),
    text("title"),
    text("body"),
    at(),
    json("detail"),
    one_of("severity", "page", "notify", "record"),
)
Index("alert_by_time", alert.c.deployment, alert.c.at)
alert_delivery = Table(
    "alert_delivery",
    metadata,
    to("alert.id", "alert", key=True),
    key("route"),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    at(),
    Column("delivered", Boolean, nullable=False),
    text("detail"),
)
evaluation = Table("evaluation", metadata, *EVALUATION)
Index("evaluation_by_run", evaluation.c.run)
label_batch = Table(
    "label_batch",
    metadata,
    key(),
    text("deployment"),
    text("source"),
    count("rows"),
    count("joined"),
    at(),
)
reproduction = Table(
    "reproduction",
    metadata,
    key(),
    to("model_version.id", "model_version"),
    text("outcome"),
    text("by"),
    at(),
    json("reasons"),
    json("detail"),
    one_of("outcome", "same", "differs", "cannot_tell"),
)
Index("reproduction_by_version", reproduction.c.model_version, reproduction.c.at)

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
    values.Reproduction: reproduction,
    values.Evaluation: evaluation,
}
