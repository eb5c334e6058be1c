"""The catalog's facts as frozen values; each is one row, appended once and never edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Outcome = Literal["pass", "fail", "not_enough_evidence", "override"]
Role = Literal["source", "training", "validation", "holdout"]
RunEventKind = Literal["started", "resumed", "succeeded", "rejected", "failed", "crashed"]
Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """One immutable state of a dataset, named by the digest of its content."""

    digest: str
    rows: int
    schema: Mapping[str, str]
    columns: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class DatasetSource:
    """Where a dataset version was seen; what stands beside the digest, not instead of it."""

    dataset: str
    uri: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """Commit, patch and imported untracked files; without Git the imported files alone."""

    digest: str
    commit: str | None
    branch: str | None
    dirty: bool
    patch: str | None
    files: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Environment:
    """The interpreter, the platform and every installed distribution with its version."""

    digest: str
    python: str
    platform: str
    packages: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of the pipeline with what went into it."""

    id: str
    name: str
    trigger: str
    because: str
    code: str
    environment: str
    params: Json
    seed: int
    at: datetime
    decision: str | None = None


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something that happened to a run; its status is the last of them."""

    run: str
    number: int
    kind: RunEventKind
    at: datetime
    detail: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step of a run came to; recorded once, when it succeeded."""

    run: str
    step: str
    at: datetime
    seconds: float
    result: Json


@dataclass(frozen=True, slots=True)
class RunDataset:
    """The dataset version that a run used in a role."""

    run: str
    role: Role
    dataset: str


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """An immutable trained artifact and the run that made it; its id is ``name/version``."""

    id: str
    name: str
    version: int
    run: str
    artifact: str
    task: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Metric:
    """A model version's metric on the rows of one role."""

    model_version: str
    role: Role
    name: str
    value: float
    rows: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a gate, with its reasons and evidence; an override is one too."""

    id: str
    gate: Literal["data", "model", "override"]
    outcome: Outcome
    at: datetime
    by: str
    reasons: tuple[str, ...]
    run: str | None = None
    model_version: str | None = None
    opponent: str | None = None
    until: datetime | None = None
    evidence: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One comparison on holdout rows, by the gate or by hand; it wears the rows.

    ``run`` made the candidate, ``sketch`` is that of the rows compared
    (:func:`mooring.lineage.fingerprints.sketch`). It opens no traffic: a verdict does.
    """

    id: str
    kind: Literal["gate", "hand"]
    run: str
    opponent: str | None
    dataset: str
    rows: int
    outcome: Outcome
    at: datetime
    by: str
    sketch: tuple[int, ...]
    detail: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeploymentRevision:
    """One change of a deployment's traffic."""

    id: str
    deployment: str
    number: int
    action: Literal["deploy", "traffic", "promote", "rollback"]
    because: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Arm:
    """A model version's share of a deployment's traffic, and the verdict that allows it."""

    revision: str
    model_version: str
    weight: float
    role: Literal["champion", "challenger"]
    verdict: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class WindowScore:
    """How one window of the prediction log compares with the baseline."""

    id: str
    deployment: str
    model_version: str
    start: datetime
    end: datetime
    at: datetime
    rows: int
    labelled: int
    status: Literal["ok", "drift", "degraded", "unknown"]
    distance: float | None
    detail: Json


@dataclass(frozen=True, slots=True)
class Alert:
    """A message to people. Its id is stable, so that a repeat is recognised."""

    id: str
    deployment: str
    rule: str
    severity: Literal["page", "notify", "record"]
    title: str
    body: str
    at: datetime
    detail: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlertDelivery:
    """One attempt to hand an alert to a route."""

    alert: str
    route: str
    attempt: int
    at: datetime
    delivered: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy decided, and why."""

    id: str
    deployment: str
    cause: str
    window_key: str
    action: Literal["retrain", "wait", "ask"]
    because: str
    at: datetime
    detail: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabelBatch:
    """A delivery of labels: how many came, how many joined a prediction."""

    id: str
    deployment: str
    source: str
    rows: int
    joined: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A model version trained again from what its lineage names, and how far the two differ."""

    id: str
    model_version: str
    outcome: Literal["same", "differs", "cannot_tell"]
    by: str
    at: datetime
    reasons: tuple[str, ...]
    detail: Json = field(default_factory=dict)


Fact = (
    DatasetVersion
    | DatasetSource
    | CodeVersion
    | Environment
    | Run
    | RunEvent
    | StepResult
    | RunDataset
    | ModelVersion
    | Metric
    | Verdict
    | DeploymentRevision
    | Arm
    | WindowScore
    | Alert
    | AlertDelivery
    | Decision
    | LabelBatch
    | Reproduction
    | Evaluation
)
