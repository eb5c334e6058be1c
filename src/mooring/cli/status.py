"""``mooring status``: the project at a glance."""

from __future__ import annotations

from typing import Any

import click

from mooring.cli.common import as_json, project_here
from mooring.cli.output import print_json, wrapped


@click.command()
@as_json
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show the project at a glance: traffic, the last run, the last window, open alerts."""
    from mooring.lineage.glance import glance

    with project_here(context) as project, project.catalog.read() as tx:
        found: Any = glance(tx, project.name, project.clock())
    if as_json:
        print_json(found)
        return
    count = found["model_versions"]
    click.echo(f"{found['name']}: {count:,} model version{'' if count == 1 else 's'}")
    for arm in found["traffic"]:
        click.echo(f"  {arm['weight']:6.1%}  {arm['model_version']} ({arm['role']})")
        if arm["override"]:
            click.secho(wrapped(arm["override"], indent=10), fg="yellow")
    if not found["traffic"]:
        click.echo("  no traffic yet.  next: mooring run")
    for label, key in (("last run", "run"), ("last window", "window"), ("decision", "decision")):
        click.echo(f"  {label + ':':13s}{found[key] or 'none yet'}")
    for alert in found["alerts"]:
        click.echo(f"  {alert}")
