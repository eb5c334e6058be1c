"""``mooring traffic``: weights over model versions."""

from __future__ import annotations

import click

from mooring.cli.changing import change_traffic
from mooring.cli.common import because_option, parse_shares


@click.command()
@click.argument("shares", nargs=-1, required=True, metavar="VERSION=SHARE...")
@because_option("split by hand")
@click.pass_context
def command(context: click.Context, shares: tuple[str, ...], because: str) -> None:
    """Divide the traffic: v7=0.4 gives v7 40 % and the champion the rest."""
    from mooring.lineage.deployments import find_version, split_traffic

    wanted = parse_shares(shares)
    change_traffic(
        context,
        because,
        lambda tx, change: split_traffic(
            tx,
            change,
            {find_version(tx, change.deployment, v).id: share for v, share in wanted.items()},
        ),
    )
