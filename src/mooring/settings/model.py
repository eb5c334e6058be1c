"""The shape of ``mooring.toml``: one frozen struct per table, every default written here once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Task = Literal["regression", "binary", "multiclass"]
Severity = Literal["page", "notify", "record"]
Share = Annotated[float, Meta(gt=0, lt=1)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]

Account = Annotated[str, Meta(pattern=r"\S")]


class _Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One table of the file: an unknown key is an error."""


class Project(_Table, frozen=True):
    """What this is called; the deployment and the model carry the same name."""

    name: Name


class Data(_Table, frozen=True):
    """Where the rows are, and what each column is for."""

    source: str
    target: str
    task: Task
    time: str | None = None
    """Column of instants; without one the order of the rows is the time."""
    keys: tuple[str, ...] = ()
    """Columns that name an entity; they never reach ``features``."""
    exclude: tuple[str, ...] = ()
    """Columns that must not reach ``features``: leaks, notes, what is known only afterwards."""
    types: dict[str, str] = field(default_factory=dict)
    """Logical types to read columns as, where a CSV cannot say them."""
    positive: str | int | bool | None = None
    """The class that counts as positive, for a binary task."""
    window: str | None = None
    """Train on this most recent span only (``12w``); all rows when absent."""
    label_delay: str = "0s"
    """How long after a prediction its label is final."""


class Split(_Table, frozen=True):
    """How the rows are divided, oldest to newest: training, validation, holdout."""

    validation: Share | str = 0.1
    """A share of the rows, or a span such as ``7d``."""
    holdout: Share | str = 0.2
    """A share of the rows, or a span such as ``14d``; always the newest."""


class Pipeline(_Table, frozen=True):
    """The project's own code."""

    code: str = "pipeline.py"
    frame: Literal["polars", "pandas"] = "polars"
    """The kind of data frame that ``features`` receives."""
    seed: Annotated[int, Meta(ge=0, lt=2**32)] = 0
    model_format: Literal["skops", "pickle"] = "skops"
    """``pickle`` runs any code it holds when it is loaded: say so only for models you made."""


class DataGate(_Table, frozen=True):
    """What the rows must meet before training."""

    min_rows: Annotated[int, Meta(ge=1)] = 100
    max_volume_change: Annotated[float, Meta(gt=1)] = 10.0
    """Rows may grow or shrink by at most this factor against the last accepted data."""
    max_null_increase: Annotated[float, Meta(ge=0, le=1)] = 0.05
    """Share of missing values in a column, above what the accepted data had."""
    max_out_of_range: Annotated[float, Meta(ge=0, le=1)] = 0.02
    """Share of rows outside a column's accepted range, widened by its own span on both sides."""
    max_unseen: Annotated[float, Meta(ge=0, le=1)] = 0.05
    """Share of rows with a category that the accepted data never had."""
    max_shift: Annotated[float, Meta(gt=0, le=1)] = 0.6
    """Total variation between accepted and new data: the share of rows that changed bins."""
    warn_only: tuple[str, ...] = ()
    """Columns whose findings are reported and do not stop the run."""
    contract: Literal["optional", "required"] = "optional"
    """``required`` refuses to run without a ``contract.toml``, whoever has removed it."""
    max_quarantined: Annotated[float, Meta(ge=0, lt=1)] = 0.02
    """Share of rows that a contract may have taken out; with more of them the run stops."""


class ModelGate(_Table, frozen=True):
    """What a candidate must show against the champion on the same rows."""

    metric: str | None = None
    """The one that decides: ``mae`` for regression and ``log_loss`` for classes when absent."""
    claim: Literal["superiority", "non_inferiority"] = "superiority"
    """What to show: surely better, or surely not worse by more than ``margin``. Without a champion
    it is always superiority, over an answer that ignores the features."""
    margin: Share | None = None
    """For ``non_inferiority``: the loss that is accepted, as a share of what the champion leaves to
    gain (its loss, or its distance from a perfect score)."""
    confidence: Annotated[float, Meta(gt=0.5, lt=1)] = 0.95
    """Of the two-sided intervals; equal models pass in half of the rest."""
    worthwhile: Annotated[float, Meta(ge=0, lt=1)] = 0.01
    """For ``superiority``: the smallest gain worth a promotion, as a share of what the champion
    leaves to gain; a gain surely below it is a fail."""
    min_rows: Annotated[int, Meta(ge=2)] = 50
    """Fewer rows are never enough, in the holdout or in a slice of it."""
    resamples: Annotated[int, Meta(ge=100)] = 1000
    """Of the bootstrap."""
    guardrails: dict[str, Annotated[float, Meta(ge=0, lt=1)]] = field(default_factory=dict)
    """Other metrics, each with the share of what the champion leaves to gain that may be lost:
    ``guardrails = { roc_auc = 0.02 }``."""
    slices: tuple[str, ...] = ()
    """Columns whose 50 most frequent values are compared each on its own; of a column with more
    numbers than that, every fifth of the rows."""
    find_slices: bool = True
    """Whether the slices that got worst are looked for, in every column and pair of columns."""
    slice_margin: Annotated[float, Meta(ge=0, lt=1)] = 0.1
    """What a slice may surely lose, as a share of what the champion leaves to gain on it."""
    max_calibration_error: Share | None = None
    """The largest distance between chances and frequencies (root mean square); not looked at when
    absent."""
    fresh_process: bool = True
    """Whether each candidate is loaded and timed in a process of its own, also where no limit below
    asks for it; some three seconds of a run."""
    max_latency_ms: Annotated[float, Meta(gt=0)] | None = None
    """For one row, 95 % of answers, measured in a process of its own."""
    max_load_seconds: Annotated[float, Meta(gt=0)] | None = None
    """For loading the model version in a process of its own."""
    max_memory_mb: Annotated[float, Meta(gt=0)] | None = None
    """The most that such a process holds."""
    max_size_mb: Annotated[float, Meta(gt=0)] | None = None
    """For the files of the model version."""

    @property
    def wants_trial(self) -> bool:
        """Whether the model version is to be tried in a process of its own."""
        limits = (self.max_latency_ms, self.max_load_seconds, self.max_memory_mb, self.max_size_mb)
        return self.fresh_process or any(limit is not None for limit in limits)


class Gates(_Table, frozen=True):
    """Both gates."""

    data: DataGate = DataGate()
    model: ModelGate = ModelGate()


class Serving(_Table, frozen=True):
    """How predictions are answered and kept."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    key: str | None = None
    """Column whose value keeps an entity on one arm; each request alone when absent."""
    log_keys: tuple[str, ...] = ()
    """Fields that name what a request is about, kept in clear in the log beside its inputs, so that
    ``mooring skew`` finds its offline row. The time column may be one: a forecast is of its own
    instant, and not of the one it was asked at."""
    features_at: str | None = None
    """Field of a request, and column of the data, with the instant at which the features of a row
    were computed: each answer then has a feature age."""
    log: Literal["durable", "buffered"] = "durable"
    """``buffered`` may lose the last second on a power cut; the losses are counted."""
    max_body: Annotated[int, Meta(ge=1024)] = 8 * 2**20
    max_rows: Annotated[int, Meta(ge=1)] = 20_000
    poll_seconds: Annotated[float, Meta(gt=0, le=60)] = 0.25
    """How often the server looks for a new traffic split."""


class Monitoring(_Table, frozen=True):
    """What is watched, how often, and when a score is an alarm."""

    window: str = "7d"
    every: str = "1d"
    top_k: Annotated[int, Meta(ge=1)] = 5
    """How many features, by permutation importance, are watched for alarms."""
    alpha: Annotated[float, Meta(gt=0, lt=1)] = 0.01
    """False discovery rate across the watched columns of one window (Benjamini-Hochberg)."""
    min_psi: Annotated[float, Meta(ge=0)] = 0.1
    """The effect floor: a smaller population stability index never alarms."""
    thresholds: dict[str, Annotated[float, Meta(ge=0)]] = field(default_factory=dict)
    """Effect floors of single columns instead of ``min_psi``, as ``mooring calibrate`` proposes."""
    min_missing: Annotated[float, Meta(ge=0, le=1)] = 0.01
    """A smaller rise of the share of missing values never alarms."""
    min_unseen: Annotated[float, Meta(ge=0, le=1)] = 0.01
    """A smaller rise of the share of values that the baseline never held never alarms."""
    inflation: Annotated[float, Meta(ge=1)] = 1.0
    """Rows that say as much as one independent row; ``mooring calibrate`` measures it."""
    inflations: dict[str, Annotated[float, Meta(ge=1)]] = field(default_factory=dict)
    """The same of single columns instead of ``inflation``."""
    alarm: str = "1 of 1"
    """How many of a model version's latest windows must drift before that alerts or retrains."""
    min_rows: Annotated[int, Meta(ge=1)] = 50
    min_labelled: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """Share of a window's rows whose labels must have matured before its performance counts."""
    page_on: Literal["never", "performance", "drift"] = "performance"
    """Which finding wakes a person; the rest notify."""
    metric: str | None = None
    degraded: Annotated[float, Meta(gt=0)] = 0.2
    """Relative loss against the holdout metric at which performance counts as degraded."""
    max_feature_age: str | None = None
    """Features are stale when more than one answer in twenty used older ones; needs
    ``serving.features_at``."""
    max_skew: Share = 0.01
    """Share of requests whose value in a column may differ from the offline one."""


class Alert(_Table, frozen=True):
    """A route for alerts: where they go and which severities take it."""

    name: Name
    kind: Literal["log", "slack", "webhook"]
    severities: tuple[Severity, ...] = ("page", "notify")
    url_env: str | None = None
    """The environment variable that holds the address; secrets never stand in this file."""
    secret_env: str | None = None
    """The environment variable that holds the key a generic webhook is signed with."""


class Trigger(_Table, frozen=True):
    """One reason to retrain."""

    name: Name
    kind: Literal["schedule", "new_data", "drift", "performance", "all"]
    every: str | None = None
    """For ``schedule``: a span since the last run."""
    cron: str | None = None
    """For ``schedule``: a cron expression, in UTC."""
    rows: Annotated[int, Meta(ge=1)] | None = None
    """For ``new_data``: labelled rows that the champion has not been trained on."""
    features: Annotated[int, Meta(ge=1)] = 1
    """For ``drift``: how many watched features must have drifted."""
    windows: str | None = None
    """For ``drift`` and ``performance``: how many of the latest windows, such as ``2 of 3``; else
    ``monitoring.alarm`` for drift, and the latest for performance."""
    degraded: Annotated[float, Meta(gt=0)] | None = None
    """For ``performance``: relative loss against the holdout metric."""
    of: tuple[str, ...] = ()
    """For ``all``: the triggers that must hold together."""
    alone: bool = True
    """``false`` when the trigger only counts as part of an ``all``."""


class Policy(_Table, frozen=True):
    """How reasons become action."""

    cooldown: str = "1d"
    budget_per_month: Annotated[int, Meta(ge=0)] = 8
    back_off: Annotated[float, Meta(ge=1)] = 2.0
    """The cooldown is multiplied by this for each rejected candidate in a row, up to 8 times."""


class Permissions(_Table, frozen=True):
    """Who may do what the gates do not allow; no ``MOORING_`` variable can say."""

    override: bool | tuple[Account, ...] = True
    """Who may record an override: ``false`` for nobody, or account names of the machine."""


class Storage(_Table, frozen=True):
    """Where the state lives."""

    catalog: str | None = None
    """A SQLAlchemy DSN; SQLite under ``.mooring/`` when absent."""


class ProjectFile(_Table, frozen=True):
    """Everything that stands in ``mooring.toml``."""

    project: Project
    data: Data
    split: Split = Split()
    pipeline: Pipeline = Pipeline()
    params: dict[str, object] = field(default_factory=dict)
    gates: Gates = Gates()
    serving: Serving = Serving()
    monitoring: Monitoring = Monitoring()
    alerts: tuple[Alert, ...] = (Alert(name="log", kind="log", severities=("page", "notify")),)
    triggers: tuple[Trigger, ...] = ()
    policy: Policy = Policy()
    permissions: Permissions = Permissions()
    storage: Storage = Storage()


class Settings(ProjectFile, frozen=True, kw_only=True):
    """A project's file together with the folder it was found in."""

    root: Path

    @property
    def state(self) -> Path:
        """The folder of the project's state."""
        return self.root / ".mooring"

    @property
    def catalog_dsn(self) -> str:
        """The catalog's address."""
        return self.storage.catalog or f"sqlite:///{self.state / 'catalog.db'}"

    @property
    def hidden_columns(self) -> tuple[str, ...]:
        """Columns that never reach ``features``."""
        return (self.data.target, *self.data.keys, *self.data.exclude)


SPANS = {
    "data": ("window", "label_delay"),
    "monitoring": ("window", "every", "max_feature_age"),
    "policy": ("cooldown",),
}
"""Keys that hold a duration, by table."""

POSITIVE_SPANS = {
    ("data", "window"),
    ("monitoring", "window"),
    ("monitoring", "every"),
    ("monitoring", "max_feature_age"),
}
"""Those of them that must be longer than nothing."""
