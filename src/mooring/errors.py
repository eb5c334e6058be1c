"""Every error Mooring raises on purpose.

::

    MooringError                      exit code 2
    ├── UsageError                    2   the command or its arguments are off
    │   ├── SettingsError             2   mooring.toml, or a MOORING_ variable
    │   ├── NoProject                 2   no mooring.toml here
    │   └── UnknownName               2   no such run, model version, dataset, deployment
    ├── NotPermitted                  1   the project's file withholds this from whoever asks
    ├── DataError                     1   the data cannot be used
    │   ├── UnreadableData            1   no such file, not a table, mixed schemas
    │   └── ContractViolation         1   rows that break a contract
    ├── GateRefused                   1   a gate said no
    │   └── NotEnoughEvidence         3   a gate could not tell
    ├── RunError                      1   a step of a run failed
    │   ├── UserCodeError             1   pipeline.py raised, or returned what cannot be used
    │   └── RunBusy                   1   another run holds this project
    ├── CatalogError                  1   the catalog refuses, or cannot be used
    │   └── NoVerdict                 1   traffic asked for a version without a passing verdict
    ├── ArtifactError                 1   a model version on disk is missing, changed or unusable
    ├── RequestError                  2   a request the server cannot answer (4xx)
    ├── DeliveryError                 1   an alert did not reach its receiver
    └── MachineError                  1   a full disk, a folder that is read-only

Each says what is wrong, where, and what to do next; the command line prints those three parts and
ends with the exit code (0 pass, 1 fail, 2 usage, 3 not enough evidence).
"""

from __future__ import annotations


class MooringError(Exception):
    """An error a person can act on.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence.
    where : str
        The place: file and line, column, rows, an example value. Empty when there is none.
    fix : str
        What to change or type next. Empty when nothing helps.

    Examples
    --------
    >>> print(DataError("no rows", where="data.csv", fix="check the export"))
    no rows
      where: data.csv
      fix:   check the export
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  fix:   {self.fix}")
        return "\n".join(lines)


class UsageError(MooringError):
    """The command or its arguments are off."""


class SettingsError(UsageError):
    """``mooring.toml`` or a ``MOORING_`` variable says something that cannot be."""


class NoProject(UsageError):
    """There is no ``mooring.toml`` here or above."""


class UnknownName(UsageError):
    """A run, model version, dataset or deployment that the catalog does not know."""


class NotPermitted(MooringError):
    """The project's file withholds this from whoever asks."""

    exit_code = 1


class DataError(MooringError):
    """The data cannot be used."""

    exit_code = 1


class UnreadableData(DataError):
    """A file that is missing, is not a table, or whose parts do not fit together."""


class ContractViolation(DataError):
    """Rows that break a contract: the column, what was expected, what was found."""


class GateRefused(MooringError):
    """A gate said no."""

    exit_code = 1


class NotEnoughEvidence(GateRefused):
    """A gate could not tell: neither a pass nor a fail."""

    exit_code = 3


class RunError(MooringError):
    """A step of a run failed."""

    exit_code = 1


class UserCodeError(RunError):
    """The project's own code raised, or returned what cannot be used."""


class RunBusy(RunError):
    """Another run holds this project."""


class CatalogError(MooringError):
    """The catalog refuses a fact, or cannot be used."""

    exit_code = 1


class NoVerdict(CatalogError):
    """Traffic was asked for a model version that has no passing verdict and no override."""


class ArtifactError(MooringError):
    """A model version on disk is missing, was changed, or cannot be used."""

    exit_code = 1


class RequestError(MooringError):
    """A request the server cannot answer as it stands.

    Parameters
    ----------
    field : str
        The field of the request that is wrong, as the caller wrote it.
    kind : str
        What kind of refusal: ``malformed``, ``media_type``, ``too_large``, ``contract``,
        ``not_found``, ``busy``. The protocol decides which status code that is.
    """

    def __init__(
        self, what: str, *, field: str = "", kind: str = "malformed", where: str = "", fix: str = ""
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.field = field
        self.kind = kind


class DeliveryError(MooringError):
    """An alert did not reach its receiver."""

    exit_code = 1


class MachineError(MooringError):
    """The operating system refused: a full disk, a folder that is read-only."""

    exit_code = 1
