"""The keys of other datasets that travel with a model version, so that its server can ask for them.

A server has the version and nothing else of the project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mooring.errors import ArtifactError
from mooring.gates.contract import type_of
from mooring.gates.terms.model import Category
from mooring.gates.terms.relation import Reference, parse_relation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mooring.gates.terms.model import Terms

PART = "references.json"
"""The file of a model version that has them."""
MOST = 10_000
"""More keys than that are not carried: with ids of 20 letters this is 230 kB in each version, and
under a megabyte in the memory of each server."""
Keys = dict[str, tuple[Category, ...]]
"""Of each foreign key that is carried, by its text: the other dataset's keys, ascending."""


def keys_of(terms: Terms, tables: Mapping[str, pl.DataFrame], hidden: frozenset[str]) -> Keys:
    """The keys that a version carries: texts, whole numbers or booleans, when they are not many.

    Parameters
    ----------
    terms : Terms
    tables : mapping of str to polars.DataFrame
        The datasets that its relations refer to.
    hidden : frozenset of str
        Columns of the project whose values are written down nowhere: no keys for those.

    Examples
    --------
    >>> from mooring.gates.terms.model import Terms
    >>> tables = {"stations": pl.DataFrame({"id": ["b", "a", "b"]})}
    >>> keys_of(Terms(relations={"station in stations.id": "stop"}), tables, frozenset())
    {'station in stations.id': ('a', 'b')}
    """
    found: Keys = {}
    for text in terms.relations:
        relation = parse_relation(text)
        if not isinstance(relation, Reference) or relation.column in hidden:
            continue
        table = tables[relation.dataset]
        keys = table.get_column(relation.key) if relation.key in table.columns else pl.Series()
        if type_of(keys.dtype) not in {"string", "integer", "boolean"}:
            continue
        keys = keys.cast(pl.String) if type_of(keys.dtype) == "string" else keys
        distinct = keys.drop_nulls().unique().sort()
        if distinct.len() <= MOST:
            found[text] = tuple(distinct.to_list())
    return found


def to_bytes(keys: Keys) -> bytes:
    """Keys as JSON, always the same bytes for the same keys."""
    return msgspec.json.encode(keys, order="sorted")


def from_bytes(data: bytes | None) -> Keys:
    """What ``to_bytes`` wrote; none where a version carries none.

    Raises
    ------
    ArtifactError
        When the bytes are something else.
    """
    if data is None:
        return {}
    try:
        return msgspec.json.decode(data, type=Keys)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArtifactError(
            f"{PART} holds no keys of other datasets", where=str(error), fix="train again"
        ) from error
