"""``mooring serve``: answers over HTTP, each one kept before it leaves."""

from __future__ import annotations

import click

from mooring.cli.common import settings_here


@click.command()
@click.option("--host", help="Address to listen on; [serving] host by default.")
@click.option("--port", type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option("--allow-remote", is_flag=True, help="Listen beyond this machine; there is no auth.")
@click.option(
    "--accept-client-time",
    is_flag=True,
    help="Take a prediction's instant from X-Mooring-Time; for replays.",
)
@click.pass_context
def command(
    context: click.Context,
    host: str | None,
    port: int | None,
    allow_remote: bool,
    accept_client_time: bool,
) -> None:
    """Answer predictions over HTTP and keep each one in the log.

    POST /invocations (MLflow's protocol), /v2/models/NAME/infer (Open Inference), GET /livez,
    /readyz and /metrics. A new traffic split is followed within a second.
    """
    from mooring.bootstrap import open_log, open_project
    from mooring.lineage.catalog.queries import traffic
    from mooring.serving.server import serve

    settings = settings_here(context)
    with open_project(settings) as project, open_log(settings) as log:
        with project.catalog.read() as tx:
            idle = traffic(tx, project.name) is None
        if idle:
            click.echo("no model version has traffic yet; next, beside this: mooring run", err=True)
        serve(
            settings,
            project.catalog,
            project.store,
            log,
            clock=project.clock,
            ids=project.ids,
            host=host or settings.serving.host,
            port=settings.serving.port if port is None else port,
            accept_client_time=accept_client_time,
            allow_remote=allow_remote,
            ready=lambda url: click.echo(f"serving {project.name} on {url}"),
        )
