"""Starting a project for data that is there already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mooring.reading.tables import read_table
from mooring.starting.inspect import inspect_data, project_name
from mooring.starting.write import write_project


@dataclass(frozen=True, slots=True)
class Started:
    """What was found in the data, a line each, and the files that were written."""

    findings: tuple[str, ...]
    files: tuple[Path, ...]


def start_project(  # noqa: PLR0913 - each is an option of the command
    folder: Path,
    *,
    data: str,
    target: str,
    name: str | None = None,
    time: str | None = None,
    task: str | None = None,
    overwrite: bool = False,
) -> Started:
    """Inspects the data and writes ``mooring.toml`` and ``pipeline.py`` for it.

    Parameters
    ----------
    folder : Path
        The project's folder; ``data`` is read relative to it.
    data : str
        A file, a glob or a folder.
    target : str
        The column to predict.
    name, time, task : str, optional
        When the guess would be wrong.
    overwrite : bool
        Whether existing files may be replaced.

    Raises
    ------
    UnreadableData, UnknownName, UsageError
        When the data or the target cannot be used, or files exist.
    """
    frame = read_table(data, folder)
    plan = inspect_data(
        frame, target=target, name=name or project_name(data), source=data, time=time, task=task
    )
    files = write_project(plan, folder, overwrite=overwrite)
    return Started(plan.findings, files)
