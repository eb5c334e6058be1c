"""The one wiring file: settings in, a project with its adapters out."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mooring.clock import Clock, system_clock
from mooring.ids import IdSource, random_ids
from mooring.lineage.artifacts import ArtifactStore
from mooring.lineage.blobs import BlobStore
from mooring.lineage.catalog.engine import open_catalog
from mooring.pipeline.context import Context
from mooring.settings import Settings, find_project, load_settings

if TYPE_CHECKING:
    from mooring.retraining.watch import Look
    from mooring.serving.log import PredictionLog


def settings_of(folder: str | None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of the project in, or above, a folder (the current one when None)."""
    start = Path(folder) if folder else Path.cwd()
    found = os.environ if environment is None else environment
    return load_settings(find_project(start.resolve()), found)


@contextmanager
def open_project(
    settings: Settings, *, clock: Clock = system_clock, ids: IdSource = random_ids
) -> Iterator[Context]:
    """Everything a use case needs of the world, closed again afterwards."""
    catalog = open_catalog(settings.catalog_dsn)
    artifacts = settings.state / "artifacts"
    try:
        yield Context(
            settings=settings,
            catalog=catalog,
            store=ArtifactStore(artifacts),
            blobs=BlobStore(artifacts / "blobs"),
            clock=clock,
            ids=ids,
            by=_who(),
        )
    finally:
        catalog.close()


@contextmanager
def open_log(settings: Settings) -> Iterator[PredictionLog]:
    """The prediction log of a project, closed again afterwards."""
    from mooring.adapters.sqlite_log.log import SqliteLog

    log = SqliteLog(settings.state / "predictions" / "log.db", settings.serving.log)
    try:
        yield log
    finally:
        log.close()


def looking(context: Context, log: PredictionLog) -> Look:
    """Monitoring of one project, with the routes it declares and its versions kept loaded."""
    from functools import partial

    from mooring.monitoring.monitor import monitor_due
    from mooring.monitoring.routes import make_routes
    from mooring.monitoring.versions import VersionCache

    routes = make_routes(context.settings, os.environ, context.clock)
    return partial(monitor_due, context, log, routes=routes, versions=VersionCache(context.store))


def _who() -> str:
    """The account of this process, as the machine has it; no variable can name another."""
    user = os.geteuid()
    try:
        return pwd.getpwuid(user).pw_name.strip() or f"uid {user}"
    except KeyError:
        return f"uid {user}"  # a container's user may have no name
