"""What ``promote``, ``rollback`` and ``traffic`` share: one transaction, then the new split."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from mooring.cli.common import project_here

if TYPE_CHECKING:
    from mooring.lineage.catalog.engine import Transaction
    from mooring.lineage.catalog.queries import Traffic
    from mooring.lineage.deployments import Change


def change_traffic(
    context: click.Context, because: str, decide: Callable[[Transaction, Change], Traffic]
) -> None:
    """Appends the revision that ``decide`` comes to, and prints the split."""
    from mooring.lineage.deployments import Change
    from mooring.lineage.standing import record_expiry

    with project_here(context) as project:
        record_expiry(project.catalog, project.name, project.clock(), project.ids)
        change = Change(project.name, because, project.by, project.clock(), project.ids)
        with project.catalog.write() as tx:
            traffic = decide(tx, change)
            tx.append(traffic.revision, *traffic.arms)
    split = ", ".join(f"{arm.model_version} {arm.weight:.0%} ({arm.role})" for arm in traffic.arms)
    click.echo(f"revision {traffic.revision.number}: {split}")
