"""Following the catalog: the split that is served is the split the catalog says.

A thread looks for a new revision, loads its model versions beside the ones that serve, and swaps
the split in one assignment. Whatever goes wrong on the way, the split before stays (FD-50, FD-81),
all of it but what has expired: an override ends on time, whether or not the catalog answers (P2).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING

from mooring.errors import MooringError
from mooring.lineage.catalog import queries
from mooring.lineage.standing import Standing, standing
from mooring.serving.remembering import Memory, Served, check_memory
from mooring.serving.versions import ServedArm, ServedVersion, Split

if TYPE_CHECKING:
    from mooring.clock import Clock
    from mooring.lineage.catalog.engine import Catalog
    from mooring.lineage.overrides import Override
    from mooring.lineage.values import ModelVersion, Verdict
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
class _Seen:
    """What the catalog says, read in one transaction."""

    standing: Standing | None
    """None when nothing has traffic, or it is the split that is served."""
    ended: bool = False
    """Whether an override of the newest revision has expired, and that is to be recorded."""
    next: ModelVersion | None = None
    """The newest version, when it may serve: it is loaded ahead."""
    heir: ModelVersion | None = None
    """Who follows an override that is served."""


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
    memory : Memory, optional
        Where it is written down what is served, so that a restored catalog is noticed.
    record_expiry : callable, optional
        Records in the catalog that an override has expired; the split has moved by then.
    """

    def __init__(  # noqa: PLR0913 - what it works with
        self,
        catalog: Catalog,
        deployment: str,
        load: Load,
        metrics: Metrics,
        clock: Clock,
        *,
        memory: Memory | None = None,
        record_expiry: Callable[[], object] = lambda: None,
    ) -> None:
        self.split: Split | None = None
        self.detail = NO_TRAFFIC
        self._catalog = catalog
        self._deployment = deployment
        self._load = load
        self._metrics = metrics
        self._clock = clock
        self._memory = memory
        self._record_expiry = record_expiry
        self._last = memory.last() if memory is not None else None
        self._serving: tuple[str, object] | None = None
        self._recorded: tuple[str, object] | None = None
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
            seen = self._see()
            self._take_over(seen)
            if seen.ended and self._recorded != self._serving:
                self._record_expiry()
                self._recorded = self._serving
        except MooringError as error:
            self._metrics.poll_failures.inc()
            self._say(f"{error.what} ({error.where})" if error.where else error.what)
        except Exception as error:  # the thread that follows must outlive whatever a load does
            self._metrics.poll_failures.inc()
            _logger.exception("the catalog cannot be followed")
            self._say(f"the catalog cannot be followed: {type(error).__name__}")
        self._expire()

    def _say(self, detail: str) -> None:
        if detail != self.detail:
            _logger.warning("%s", detail)
        self.detail = detail

    def _expire(self) -> None:
        """Takes traffic from overrides that have expired while the catalog could not say so."""
        split, now = self.split, self._clock()
        held = split.at(now) if split is not None else None
        if split is None or held is split:
            return
        gone = [arm.version for arm in split.arms if not arm.holds(now)]
        self.split = held
        self._serving = None
        said = "; ".join(f"{v.id}: {v.override.words(now)}" for v in gone if v.override)
        self._say(f"an override has expired: {said}")

    def _see(self) -> _Seen:
        now = self._clock()
        with self._catalog.read() as tx:
            newest = queries.latest_versions(tx, self._deployment, 1)
            usable = [v for v in newest if queries.usable_verdict(tx, v.id, now)]
            ahead = usable[0] if usable else None
            traffic = queries.traffic(tx, self._deployment)
            revision = traffic.revision if traffic else None
            check_memory(tx, self._last, revision, self._deployment)
            if traffic is None or self._stays(traffic.revision.id):
                return _Seen(None, next=ahead)
            found = standing(tx, traffic, now)
        overridden = any(held.override for held in found.arms)
        return _Seen(found, bool(found.ended), ahead, found.heir if overridden else None)

    def _stays(self, revision: str) -> bool:
        """Whether that revision is served, and nothing of it can expire."""
        if self._serving is None or self._serving[0] != revision or self.split is None:
            return False
        return all(arm.version.override is None for arm in self.split.arms)

    def _take_over(self, seen: _Seen) -> None:
        if seen.standing is not None:
            if any(self._paused(held.version.artifact) for held in seen.standing.arms):
                return
            self._serve(seen.standing)
        if self.split is not None:
            self.detail = ""
        if seen.heir is not None and not self._paused(seen.heir.artifact):
            heir = self._served(seen.heir)
            if self.split is not None and self.split.heir is None:
                self.split = replace(self.split, heir=heir)
        if seen.next is not None and not self._paused(seen.next.artifact):
            self._served(seen.next)
        self._forget()

    def _serve(self, found: Standing) -> None:
        """Makes what holds of a revision the split that is served."""
        revision = found.traffic.revision
        serving = (revision.id, [(h.version.id, h.weight, h.verdict.id) for h in found.arms])
        if serving == self._serving:
            return
        arms = tuple(
            ServedArm(self._served(held.version, held.override), held.weight) for held in found.arms
        )
        self.split = Split(self._deployment, revision.number, arms) if arms else None
        self._serving = serving
        self._metrics.revision.set(revision.number)
        overrides = {held.version.id: held.override for held in found.arms}
        self._metrics.overrides({name: one.until for name, one in overrides.items() if one})
        if not arms:
            self._say(_nothing_left(found.ended))
        self._last = Served(revision.id, revision.number, revision.at)
        if self._memory is not None:
            self._memory.keep(self._last)

    def _served(self, version: ModelVersion, override: Override | None = None) -> ServedVersion:
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
        return ServedVersion(version.id, version.version, self._loaded[digest], override)

    def _paused(self, digest: str) -> bool:
        pause = self._pauses.get(digest)
        return pause is not None and digest not in self._loaded and monotonic() < pause.until

    def _forget(self) -> None:
        """Lets go of artifacts that have no traffic, the longest unused first."""
        serving = {id(arm.version.loaded) for arm in self.split.arms} if self.split else set()
        if self.split is not None and self.split.heir is not None:
            serving.add(id(self.split.heir.loaded))
        spare = [digest for digest, loaded in self._loaded.items() if id(loaded) not in serving]
        for digest in spare[:-_SPARE]:
            del self._loaded[digest]


def _nothing_left(ended: tuple[Verdict, ...]) -> str:
    versions = ", ".join(str(verdict.model_version) for verdict in ended)
    return (
        f"the override that gave {versions} traffic has expired, and no champion before it has a "
        "passing verdict: mooring run, or mooring override again"
    )
