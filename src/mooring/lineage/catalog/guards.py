"""Triggers that make the catalog refuse edits, whoever writes the SQL.

SQLite checks foreign keys only on connections that ask for it, CHECK constraints only until a
pragma says otherwise, and ``INSERT OR REPLACE`` deletes whatever is in its way, under any unique
key, without firing DELETE triggers. So the rules that carry the promises are triggers as well.
They are no defence against the owner of the database, who can drop a trigger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Column, ColumnElement, Table, UniqueConstraint

from mooring.lineage.catalog.schema import metadata

GUARDED = ("sqlite", "postgresql")
"""The databases whose guards are written; in another, P2 would be a promise and no more."""

_HAS_A_VERDICT = """EXISTS (
  SELECT 1 FROM verdict JOIN deployment_revision ON deployment_revision.id = NEW.revision
  WHERE verdict.id = NEW.verdict AND verdict.model_version = NEW.model_version
  AND verdict.outcome = NEW.outcome AND (
    (verdict.gate = 'model' AND verdict.outcome = 'pass') OR
    (verdict.gate = 'override' AND verdict.outcome = 'override'
     AND verdict.until > deployment_revision.at)))"""

_IS_A_SHARE = """NEW.weight > 0 AND NEW.weight + COALESCE(
  (SELECT SUM(arm.weight) FROM arm WHERE arm.revision = NEW.revision), 0) <= 1.000000001"""

_IS_HISTORY = """EXISTS (
  SELECT 1 FROM deployment_revision AS its JOIN deployment_revision AS later
  ON later.deployment = its.deployment AND later.number > its.number
  WHERE its.id = NEW.revision)"""

_ARM_RULES = (
    (f"NOT {_HAS_A_VERDICT}", "no traffic without a passing verdict or an override in force"),
    (f"NOT ({_IS_A_SHARE})", "the shares of a revision must be positive and not exceed 1"),
    (_IS_HISTORY, "the traffic of an earlier revision is history"),
)

_VERDICT_RULES = (
    ("TRIM(NEW.\"by\") = ''", "a verdict names who gave it"),
    (
        "NEW.gate = 'override' AND CAST(NEW.reasons AS TEXT) IN ('[]', '[\"\"]')",
        "an override says why",
    ),
)
_RULES = {"arm": _ARM_RULES, "verdict": _VERDICT_RULES}


def guards(dialect: str) -> Iterator[str]:
    """The statements that install the guards on a database of that dialect, where they are not."""
    if dialect == "sqlite":
        yield from _sqlite()
    elif dialect == "postgresql":
        yield from _postgresql()


def _sqlite() -> Iterator[str]:
    for table in metadata.sorted_tables:
        only = f"{table.name} is append-only"
        for verb in ("UPDATE", "DELETE"):
            yield _refuse(table, verb, verb.lower(), "TRUE", only)
        seen = " OR ".join(_taken(table))
        yield _refuse(table, "INSERT", "replacement", seen, f"{only}, and has this key already")
    for name, rules in _RULES.items():
        for number, (rule, message) in enumerate(rules, start=1):
            yield _refuse(metadata.tables[name], "INSERT", f"rule_{number}", rule, message)
    not_a_number = "typeof(NEW.weight) NOT IN ('real', 'integer')"
    yield _refuse(metadata.tables["arm"], "INSERT", "words", not_a_number, "a weight is a number")


def _refuse(table: Table, verb: str, what: str, when: str, message: str) -> str:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {table.name}_refuses_{what} "
        f"BEFORE {verb} ON {table.name} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _taken(table: Table) -> Iterator[str]:
    """For each unique key of a table: that another row has the new row's."""
    yield _exists(table, table.primary_key.columns)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield _exists(table, constraint.columns)
    for index in table.indexes:
        if index.unique:
            yield _exists(table, index.columns, index.dialect_options["sqlite"]["where"])


def _exists(
    table: Table, columns: Iterable[Column[object]], where: ColumnElement[bool] | None = None
) -> str:
    same = [f'"{column.name}" = NEW."{column.name}"' for column in columns]
    if where is not None:
        rule = str(where.compile(compile_kwargs={"literal_binds": True}))
        same += [rule, rule.replace(f"{table.name}.", "NEW.")]
    return f"EXISTS (SELECT 1 FROM {table.name} WHERE {' AND '.join(same)})"  # noqa: S608 - our names


def _postgresql() -> Iterator[str]:
    yield _function("mooring_append_only", _raise("TG_TABLE_NAME || ' is append-only'"))
    for table in metadata.sorted_tables:
        yield (
            f"CREATE OR REPLACE TRIGGER {table.name}_append_only "
            f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION mooring_append_only()"
        )
    # Two sessions that add arms to one revision take turns, or neither would see the other's.
    turns = "PERFORM pg_advisory_xact_lock(hashtext(NEW.revision));"
    for name, rules in _RULES.items():
        checks = "".join(f" IF {rule} THEN {_raise(repr(text))} END IF;" for rule, text in rules)
        first = turns if name == "arm" else ""
        yield _function(f"mooring_{name}_rules", f"{first}{checks} RETURN NEW;")
        yield (
            f"CREATE OR REPLACE TRIGGER {name}_rules BEFORE INSERT ON {name} "
            f"FOR EACH ROW EXECUTE FUNCTION mooring_{name}_rules()"
        )


def _function(name: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger AS $$ BEGIN {body} END $$ "
        "LANGUAGE plpgsql"
    )


def _raise(message: str) -> str:
    # The usual form of RAISE has a percent sign, which a driver takes for a parameter.
    return f"RAISE EXCEPTION USING MESSAGE = {message}, ERRCODE = 'integrity_constraint_violation';"
