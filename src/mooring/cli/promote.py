"""``mooring promote``: the champion moves forward."""

from __future__ import annotations

import click

from mooring.cli.changing import change_traffic
from mooring.cli.common import because_option


@click.command()
@click.argument("version")
@because_option("promoted by hand")
@click.pass_context
def command(context: click.Context, version: str, because: str) -> None:
    """Make VERSION (v7, 7, models:/name/7) the champion with all of the traffic."""
    from mooring.lineage.deployments import find_version, promote

    change_traffic(
        context,
        because,
        lambda tx, change: promote(tx, change, find_version(tx, change.deployment, version).id),
    )
