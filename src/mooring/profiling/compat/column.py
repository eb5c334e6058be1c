"""What another tool would say of one column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["numeric", "categorical"]


@dataclass(frozen=True, slots=True)
class CompatColumn:
    """One column's score, judged as the other tool judges it.

    Parameters
    ----------
    name : str
        The column.
    kind : "numeric" or "categorical"
        What the tool takes the column for.
    method : str
        The tool's own name of the method; empty when it has none for the column.
    score : float
        A distance or a p-value, whichever the method gives; NaN when there is none.
    threshold : float
        What the tool compares the score with; NaN when there is none.
    drifted : bool or None
        The tool's decision; None when it makes none.
    problem : str
        Why there is no decision; empty when there is one.
    """

    name: str
    kind: Kind
    method: str
    score: float
    threshold: float
    drifted: bool | None
    problem: str = ""
