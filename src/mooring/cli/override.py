"""``mooring override``: traffic without a pass, named, reasoned and expiring."""

from __future__ import annotations

from datetime import datetime

import click

from mooring.cli.common import Instant, project_here


@click.command()
@click.argument("version")
@click.option("--because", required=True, help="Why; shown wherever the version is.")
@click.option("--until", type=Instant(), required=True, help="When it expires by itself.")
@click.pass_context
def command(context: click.Context, version: str, because: str, until: datetime) -> None:
    """Let VERSION have traffic although no gate passed it, until a date."""
    from mooring.lineage.deployments import Change, find_version, override

    with project_here(context) as project:
        change = Change(project.name, because, project.by, project.clock(), project.ids)
        with project.catalog.write() as tx:
            found = find_version(tx, project.name, version)
            permitted = project.settings.permissions.override
            verdict = override(change, found.id, until, permitted=permitted)
            tx.append(verdict)
    click.echo(
        f"override of {found.id} by {verdict.by} until {until:%Y-%m-%d %H:%M} UTC: {because}"
    )
    click.echo(f"next: mooring promote v{found.version}")
