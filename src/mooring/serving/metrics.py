"""What Prometheus is told, in a registry of the server's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_AGES = (1, 10, 60, 300, 900, 3600, 10_800, 21_600, 43_200, 86_400, 259_200, 604_800)
"""Seconds to a week: from features of the moment to those of a job that has stopped."""
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 512, 2048, 8192)


class Metrics:
    """The counters of one server.

    Examples
    --------
    >>> metrics = Metrics()
    >>> metrics.revision.set(3)
    >>> b"mooring_split_revision 3.0" in metrics.text()
    True
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "mooring_requests", "Requests answered", ["route", "status"], registry=self._registry
        )
        self.seconds = self._histogram(
            "mooring_request_seconds", "From the request to its answer", _SECONDS, "route"
        )
        self.rows = self._counter("mooring_predicted_rows", "Rows answered", "model_version")
        self.outside = self._counter(
            "mooring_outside_contract",
            "Values beyond the contract, answered",
            *("model_version", "field", "rule"),
        )
        self.feature_age = self._histogram(
            "mooring_feature_age_seconds",
            "From when features were computed to the answer",
            _AGES,
            "model_version",
        )
        self.feature_age_unknown = self._counter(
            "mooring_feature_age_unknown",
            "Rows answered whose features are of unknown age",
            *("model_version", "reason"),
        )
        self.batch_rows = self._histogram("mooring_batch_rows", "Rows per append", _ROWS)
        self.log_seconds = self._histogram("mooring_log_append_seconds", "Per append", _SECONDS)
        self.log_failures = self._counter("mooring_log_failures", "Appends that failed")
        self.unwritten = self._gauge("mooring_log_unwritten_rows", "Answered, not yet in the log")
        self.lost = self._counter("mooring_log_lost_rows", "Answered and never logged")
        self.waiting = self._gauge("mooring_waiting_requests", "Requests in the queue")
        self.revision = self._gauge("mooring_split_revision", "Revision of the traffic split")
        self.load_failures = self._counter("mooring_load_failures", "Versions that did not load")
        self.poll_failures = self._counter("mooring_poll_failures", "Failed looks at the catalog")
        self._expiry = Gauge(
            "mooring_override_expires_timestamp_seconds",
            "When the override that a served version needs expires",
            ["model_version"],
            registry=self._registry,
        )

    def overrides(self, until: Mapping[str, datetime]) -> None:
        """Tells which of the versions with traffic serve by an override, and until when."""
        self._expiry.clear()
        for version, instant in until.items():
            self._expiry.labels(version).set(instant.timestamp())

    def text(self) -> bytes:
        """All of them, in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self._registry)

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(name, what, registry=self._registry)

    def _histogram(
        self, name: str, what: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, what, labels, buckets=buckets, registry=self._registry)
