"""Following the catalog: the split that is served is the split the catalog says.

A thread looks for a new revision, loads its model versions beside the ones that serve, and swaps
the split in one assignment. Whatever goes wrong on the way, the split before stays (FD-50, FD-81).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from mooring.errors import MooringError, NoVerdict
from mooring.lineage.catalog import queries
from mooring.lineage.values import ModelVersion, Verdict
from mooring.serving.versions import ServedArm, ServedVersion, Split

if TYPE_CHECKING:
    from datetime import datetime

    from mooring.clock import Clock
    from mooring.lineage.catalog.engine import Catalog, Transaction
    from mooring.lineage.catalog.queries import Traffic
    from mooring.lineage.values import Arm
    from mooring.serving.metrics import Metrics
    from mooring.serving.versions import Load, Loaded

_logger = logging.getLogger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_SPARE = 2
"""Loaded artifacts that are kept beside those with traffic: the next one, and the one before."""
NO_TRAFFIC = "no model version has traffic yet: mooring run"


@dataclass(frozen=True, slots=True)
class _Pause:
    """How long an artifact that did not load is left alone."""

    until: float
    seconds: float


@dataclass(frozen=True, slots=True)
class _Allowed:
    """An arm whose verdict holds, with its model version."""

    arm: Arm
    version: ModelVersion
    until: datetime | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the catalog says, read in one transaction."""

    traffic: Traffic | None
    """None when it is the split that is served."""
    versions: tuple[_Allowed, ...]
    next: ModelVersion | None


class Following:
    """Holds the split that is served, and keeps it that of the catalog.

    Parameters
    ----------
    catalog : Catalog
    deployment : str
        Also the name of the model whose newest passing version is loaded ahead of its promotion.
    load : callable
        Loads the artifact of a digest; verifies its bytes and its golden rows (P8).
    metrics : Metrics
    clock : Clock
        Says whether an override has expired.
    """

    def __init__(
        self, catalog: Catalog, deployment: str, load: Load, metrics: Metrics, clock: Clock
    ) -> None:
        self.split: Split | None = None
        self.detail = NO_TRAFFIC
        self._catalog = catalog
        self._deployment = deployment
        self._load = load
        self._metrics = metrics
        self._clock = clock
        self._loaded: dict[str, Loaded] = {}
        self._pauses: dict[str, _Pause] = {}
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, poll_seconds: float, first_look: Callable[[], None] = lambda: None) -> None:
        """Looks now and then every ``poll_seconds``; tells when the first look is over."""

        def work() -> None:
            self.look()
            first_look()
            while not self._closing.wait(poll_seconds):
                self.look()

        self._thread = threading.Thread(target=work, name="mooring-following", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops looking; the split stays."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def held(self) -> frozenset[str]:
        """The digests of the artifacts in memory: those with traffic, and a few spare ones."""
        return frozenset(self._loaded)

    def look(self) -> None:
        """One look at the catalog: takes over a new split, or keeps the one there is and says why.

        Never raises: the server goes on with what it has.
        """
        try:
            self._take_over(self._see())
        except MooringError as error:
            self._metrics.poll_failures.inc()
            self._say(f"{error.what} ({error.where})" if error.where else error.what)
        except Exception as error:  # the thread that follows must outlive whatever a load does
            self._metrics.poll_failures.inc()
            _logger.exception("the catalog cannot be followed")
            self._say(f"the catalog cannot be followed: {type(error).__name__}")

    def _say(self, detail: str) -> None:
        if detail != self.detail:
            _logger.warning("%s", detail)
        self.detail = detail

    def _see(self) -> _Seen:
        now = self._clock()
        with self._catalog.read() as tx:
            newest = queries.latest_versions(tx, self._deployment, 1)
            passing = [v for v in newest if queries.usable_verdict(tx, v.id, now)]
            traffic = queries.traffic(tx, self._deployment)
            if traffic and self.split and traffic.revision.number == self.split.revision:
                traffic = None
            arms = traffic.arms if traffic else ()
            versions = tuple(_allowed(tx, arm, now) for arm in arms)
        return _Seen(traffic, versions, passing[0] if passing else None)

    def _take_over(self, seen: _Seen) -> None:
        if seen.traffic is not None:
            if any(self._paused(allowed.version.artifact) for allowed in seen.versions):
                return
            arms = tuple(
                ServedArm(self._served(allowed.version), allowed.arm.weight, allowed.until)
                for allowed in seen.versions
            )
            number = seen.traffic.revision.number
            self.split = Split(self._deployment, number, arms)
            self._metrics.revision.set(number)
            self.detail = ""
        elif self.split is not None:
            self.detail = ""
        if seen.next is not None and not self._paused(seen.next.artifact):
            self._served(seen.next)
        self._forget()

    def _served(self, version: ModelVersion) -> ServedVersion:
        digest = version.artifact
        if digest not in self._loaded:
            try:
                self._loaded[digest] = self._load(digest)
            except Exception:
                self._metrics.load_failures.inc()
                before = self._pauses.get(digest)
                seconds = min(before.seconds * 2, _LONGEST_PAUSE) if before else _FIRST_PAUSE
                self._pauses[digest] = _Pause(monotonic() + seconds, seconds)
                raise
            self._pauses.pop(digest, None)
        else:
            self._loaded[digest] = self._loaded.pop(digest)  # the last used stays longest
        return ServedVersion(version.id, version.version, self._loaded[digest])

    def _paused(self, digest: str) -> bool:
        pause = self._pauses.get(digest)
        return pause is not None and digest not in self._loaded and monotonic() < pause.until

    def _forget(self) -> None:
        """Lets go of artifacts that have no traffic, the longest unused first."""
        serving = {id(arm.version.loaded) for arm in self.split.arms} if self.split else set()
        spare = [digest for digest, loaded in self._loaded.items() if id(loaded) not in serving]
        for digest in spare[:-_SPARE]:
            del self._loaded[digest]


def _allowed(tx: Transaction, arm: Arm, now: datetime) -> _Allowed:
    """An arm, once its verdict has been looked at again (P2)."""
    verdict = queries.get(tx, Verdict, arm.verdict)
    if verdict.model_version != arm.model_version or verdict.outcome not in {"pass", "override"}:
        raise NoVerdict(f"{arm.model_version} has traffic and no passing verdict")
    until = verdict.until if verdict.outcome == "override" else None
    if verdict.outcome == "override" and (until is None or until <= now):
        raise NoVerdict(
            f"the override that gave {arm.model_version} traffic has expired",
            where=f"by {verdict.by}, until {until}",
            fix="mooring rollback, or record a new override and promote again",
        )
    return _Allowed(arm, queries.get(tx, ModelVersion, arm.model_version), until)
