"""What a child process is told to train again, and what it hands back: two files of JSON."""

from __future__ import annotations

from datetime import datetime

import msgspec

from mooring.lineage.values import CodeVersion, Environment, Run
from mooring.settings.model import ProjectFile


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a model version was made from.

    Parameters
    ----------
    file : ProjectFile
        The settings of the run that made it.
    project : str
        The folder that stands for the project's: its code is there, its state is not.
    work : str
        An empty folder for what training writes.
    run, code, environment
        As recorded.
    contract : str
        The file of the contract that the data gate accepted.
    sources : tuple of str
        Where the rows may be, the most likely first.
    datasets : dict of str to str
        The digest of the rows by role, ``source`` among them.
    quarantined : str
        The file of the rows that the contract took out; empty when there were none.
    rows, columns : int, dict of str to str
        How many rows the source had, and the digest of each of its columns.
    artifacts, artifact : str
        The store and the digest of the version to compare with.
    tolerance : float
        Relative; a prediction further off is another one.
    """

    file: ProjectFile
    project: str
    work: str
    run: Run
    code: CodeVersion
    environment: Environment
    contract: str
    sources: tuple[str, ...]
    datasets: dict[str, str]
    quarantined: str
    rows: int
    columns: dict[str, str]
    artifacts: str
    artifact: str
    tolerance: float
    at: datetime


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two models' answers to the same holdout rows.

    ``largest`` is the largest absolute difference of a predicted number or of a probability, and
    None where there are only labels; ``beyond`` counts the rows that differ by more than allowed.
    """

    rows: int
    beyond: int
    largest: float | None


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """What training again came to.

    Parameters
    ----------
    missing : str
        Why there was nothing to train on; empty when there was.
    source : str
        Where the rows were found.
    grown : int
        How many rows the source has gained behind those that were used.
    artifact : str
    parts : tuple of str
        The parts of the version whose bytes differ.
    metrics : dict
        By role and name.
    predictions : Compared or None
        None when the other version does not answer here; ``silent`` says why.
    environment : Environment or None
        That it was trained in.
    """

    missing: str = ""
    source: str = ""
    grown: int = 0
    artifact: str = ""
    parts: tuple[str, ...] = ()
    metrics: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)
    predictions: Compared | None = None
    silent: str = ""
    environment: Environment | None = None
