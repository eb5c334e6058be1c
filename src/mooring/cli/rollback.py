"""``mooring rollback``: the champion moves back."""

from __future__ import annotations

import click

from mooring.cli.changing import change_traffic
from mooring.cli.common import because_option


@click.command()
@because_option("rolled back by hand")
@click.pass_context
def command(context: click.Context, because: str) -> None:
    """Give all traffic back to the champion before this one."""
    from mooring.lineage.deployments import roll_back

    change_traffic(context, because, roll_back)
