"""Triggers that make the catalog refuse edits, whoever writes the SQL.

SQLite checks foreign keys only on connections that ask for it, and ``INSERT OR REPLACE`` deletes
without firing DELETE triggers; so the two rules that carry the promises are triggers as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select, text

from mooring.lineage.catalog.schema import metadata

_ARM_WITHOUT_VERDICT = """NOT EXISTS (
  SELECT 1 FROM verdict WHERE verdict.id = NEW.verdict
  AND verdict.model_version = NEW.model_version AND verdict.outcome = NEW.outcome
  AND verdict.outcome IN ('pass', 'override'))"""


def guards(dialect: str) -> Iterator[str]:
    """The statements that install the guards on a database of that dialect."""
    if dialect == "sqlite":
        yield from _sqlite()
    elif dialect == "postgresql":
        yield from _postgresql()


def _sqlite() -> Iterator[str]:
    for table in metadata.sorted_tables:
        for verb in ("UPDATE", "DELETE"):
            yield _refuse(table.name, verb)
        same_key = (c == text(f'NEW."{c.name}"') for c in table.primary_key)
        seen = select(text("1")).select_from(table).where(*same_key)
        yield _refuse(table.name, "INSERT", f"EXISTS ({seen})")
    yield (
        f"CREATE TRIGGER arm_needs_a_verdict BEFORE INSERT ON arm WHEN {_ARM_WITHOUT_VERDICT} "
        "BEGIN SELECT RAISE(ABORT, 'no traffic without a passing verdict or an override'); END"
    )


def _refuse(table: str, verb: str, when: str = "TRUE") -> str:
    return (
        f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def _postgresql() -> Iterator[str]:
    yield (
        "CREATE OR REPLACE FUNCTION mooring_append_only() RETURNS trigger AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$ LANGUAGE plpgsql"
    )
    for table in metadata.sorted_tables:
        yield (
            f"CREATE OR REPLACE TRIGGER {table.name}_append_only "
            f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION mooring_append_only()"
        )
