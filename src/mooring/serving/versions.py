"""What the server has in its hands: loaded model versions, and the traffic split over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mooring.lineage.standing import inherit
from mooring.serving.domain import Domain
from mooring.serving.splits import choose

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import polars as pl

    from mooring.lineage.answers import Answers, Label
    from mooring.lineage.overrides import Override
    from mooring.serving.requests import Fields


class Answering(Protocol):
    """A loaded model: raw input rows in, answers out."""

    def answers(self, rows: pl.DataFrame) -> Answers:
        """What the model says about each row; the order of rows is kept."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A model version's artifact, verified and ready to answer.

    Parameters
    ----------
    model : Answering
    fields : Fields
        What a request to it may hold.
    task : "regression", "binary" or "multiclass"
    classes : tuple of labels
        In the order of its probabilities.
    domain : Domain
        What its ``contract.toml`` says about the values of a request.
    """

    model: Answering
    fields: Fields
    task: str
    classes: tuple[Label, ...] = ()
    domain: Domain = field(default_factory=Domain)


@dataclass(frozen=True, slots=True, eq=False)
class ServedVersion:
    """A model version of the catalog (``id`` is ``name/number``) with what it loaded to.

    ``override`` is by whom, why and until when it serves; None for a version that passed.
    """

    id: str
    number: int
    loaded: Loaded
    override: Override | None = None


if TYPE_CHECKING:
    Load = Callable[[str], Loaded]
    """Loads the artifact of a digest; raises ArtifactError or UserCodeError."""


@dataclass(frozen=True, slots=True)
class ServedArm:
    """A version's share of the traffic, above 0 and at most 1."""

    version: ServedVersion
    weight: float

    def holds(self, now: datetime) -> bool:
        """Whether what allows it has not expired."""
        return self.version.override is None or not self.version.override.expired(now)


@dataclass(frozen=True, slots=True)
class Split:
    """One revision of the deployment; requests in flight keep the one they began with.

    The champion's arm comes first. ``heir`` is the version that follows its overrides.
    """

    deployment: str
    revision: int
    arms: tuple[ServedArm, ...]
    heir: ServedVersion | None = None

    def choose(self, key: str) -> ServedVersion:
        """The version that answers for a key, always the same within a revision."""
        if len(self.arms) == 1:
            return self.arms[0].version
        shares = [(arm.version.id, arm.weight) for arm in self.arms]
        chosen = choose(shares, key, self.deployment)
        return next(arm.version for arm in self.arms if arm.version.id == chosen)

    def numbered(self, number: str) -> ServedVersion | None:
        """The version of that number, if it has traffic."""
        return next((a.version for a in self.arms if str(a.version.number) == number), None)

    def at(self, now: datetime) -> Split | None:
        """What of it holds at an instant; None when nothing does.

        The share of an override that has expired goes to the champion while that holds, else to
        the heir, as the catalog's own answer has it (:func:`mooring.lineage.standing.standing`).
        Asked with every request: an override ends on time whatever the catalog is doing.
        """
        if all(arm.holds(now) for arm in self.arms):
            return self
        holding = {arm.version.id: arm.version for arm in self.arms if arm.holds(now)}
        leader = self.arms[0].version
        taker = leader if leader.id in holding else self.heir
        shares = {arm.version.id: arm.weight for arm in self.arms}
        left = inherit(shares, set(holding), taker.id if taker else None)
        if taker is not None:
            holding[taker.id] = taker
        arms = tuple(ServedArm(holding[name], share) for name, share in left.items())
        return Split(self.deployment, self.revision, arms, self.heir) if arms else None
