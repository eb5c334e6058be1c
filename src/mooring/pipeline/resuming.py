"""What must be as it was for an interrupted run to go on: one run, one lineage (P1)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mooring.errors import RunError
from mooring.lineage.blobs import digest_bytes
from mooring.lineage.canonical import canonical_json
from mooring.lineage.values import CodeVersion, Environment, Run, RunEvent
from mooring.pipeline.contracting import contract_files
from mooring.settings import Settings

_TABLES = ("data", "split", "pipeline", "params", "gates")
"""The tables of the project's file that decide what a run makes."""


def declared(settings: Settings) -> dict[str, str]:
    """The digest of each table, and of each file of the contract, that decides what a run makes.

    Kept where the run starts.
    """
    tables = {name: digest_bytes(canonical_json(getattr(settings, name))) for name in _TABLES}
    return tables | {path: digest_bytes(data) for path, data in contract_files(settings).items()}


def spoken(settings: Settings) -> dict[str, object]:
    """The same tables in full, variables included: what a run is reproduced with."""
    return {name: msgspec.to_builtins(getattr(settings, name)) for name in _TABLES}


def check_unchanged(
    run: Run, started: RunEvent, settings: Settings, code: CodeVersion, environment: Environment
) -> None:
    """Lets a run go on only with the code, the settings and the environment that it started with.

    The data is checked where it is read.

    Raises
    ------
    RunError
        Naming what changed.
    """
    before = started.detail.get("settings")
    known: Mapping[str, object] = before if isinstance(before, dict) else {}
    now = declared(settings)
    changed = [name for name in dict.fromkeys((*known, *now)) if known.get(name) != now.get(name)]
    if code.digest != run.code:
        raise _changed("code", f"was {run.code[:19]}…, is {code.digest[:19]}…")
    tables = [f"[{name}]" for name in changed if name in _TABLES]
    files = [str(name) for name in changed if name not in _TABLES]
    if changed:
        where = [f"mooring.toml, {', '.join(tables)}"] if tables else []
        raise _changed("settings", "; ".join([*where, *files]))
    if environment.digest != run.environment:
        raise _changed("environment", f"was {run.environment[:19]}…, is {environment.digest[:19]}…")


def _changed(what: str, where: str) -> RunError:
    return RunError(
        f"the {what} changed since this run was interrupted, so it cannot go on",
        where=where,
        fix="start a new run: mooring run",
    )
