"""Which groups there are rows of: a group that is no longer sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mooring.gates.data.finding import Finding, examples_of, quoted, share
from mooring.profiling.words import listed

if TYPE_CHECKING:
    from mooring.gates.data.case import Pair, Part
    from mooring.profiling.profiles import Profile

GONE = 0.2
"""A share of the rows whose categories never are away all at once by chance: of 100 rows, 0.8^100
is 2e-10."""
EXPECTED = 20
"""Rows of other categories that would be there but for a chance of exp(-20), 2e-9."""
MOST = 0.5
"""More than this gone, and one category left, is another population."""


def narrowed(part: Part, pair: Pair, accepted: Profile) -> Finding | None:
    """Categories that many rows had are still there, unless others have taken their place.

    Where there are days to compare, the shares of categories over time say more.
    """
    known, before = pair.accepted.categories, accepted.column(pair.now.name)
    if not known or before is None or not before.rows or pair.now.type != "string":
        return None
    values = part.frame.get_column(pair.now.name).cast(pl.String).drop_nulls()
    new = int((~values.is_in(known)).sum())
    if not values.len() or new > part.case.rules.max_unseen * values.len():
        return None
    counts = dict(zip(before.names.texts, before.names.counts, strict=True))
    here = set(values.unique().to_list())
    gone = sorted(set(known) - here, key=lambda text: (-counts.get(text, 0), text))
    lost = sum(counts.get(text, 0) for text in gone) / before.rows
    alone = len(here) == 1 and lost * values.len() >= EXPECTED
    if lost < GONE and not alone:
        return None
    return Finding(
        column=pair.now.name,
        rule="sampling",
        severity="stop" if len(here) == 1 and lost > MOST else "warn",
        expected=f"rows of all {len(known)} categories",
        found=f"none of {listed([quoted(text) for text in gone])}{part.where}, which {share(lost)} "
        "of the rows had",
        rows=part.frame.height,
        examples=examples_of(sorted(here)),
        cure="look whether only some of the rows are sent now",
    )
