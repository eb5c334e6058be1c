"""P2 and P9 against whoever writes the SQL: Mooring's own code is not asked here."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from mooring.lineage.catalog.engine import open_catalog
from mooring.lineage.catalog.schema import metadata
from tests.contract.databases import Database, PostgresSchema, Refused, Row, SqliteFile
from tests.facts import AT, HOUR, NAME, Story, arm, revision, verdict

pytestmark = pytest.mark.contract

_NUMBERS = count(1)

LAX = ("PRAGMA foreign_keys = OFF", "PRAGMA ignore_check_constraints = ON")
"""What SQLite lets any connection switch off."""

ARM = (
    "INSERT INTO arm (revision, model_version, weight, role, verdict, outcome) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
VERDICT = (
    "INSERT INTO verdict (id, gate, outcome, at, by, reasons, model_version, until, evidence) "
    "VALUES (?, ?, ?, '2026-03-01 00:00:00.000000', 'eve', '[1]', ?, ?, '{}')"
)


@dataclass(frozen=True)
class World:
    """A catalog with a story in it, and what a connection says before it writes."""

    database: Database
    given: tuple[str, ...]

    def sql(self, *statements: str, values: Row = ()) -> list[Row]:
        """Runs statements on a connection that has said what it says."""
        return self.database.sql(*self.given, *statements, values=values)

    @property
    def is_sqlite(self) -> bool:
        """Whether SQLite's own verbs exist here."""
        return self.database.kind == "sqlite"


SQLITE = ["sqlite", "sqlite without constraints"]
EVERY = [*SQLITE, pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="module", params=EVERY)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world that no test changes, because everything is refused."""
    return _make(request, tmp_path_factory.mktemp("p2"))


@pytest.fixture(scope="module", params=SQLITE)
def lite(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same for what only SQLite can be asked."""
    return _make(request, tmp_path_factory.mktemp("p2"))


@pytest.fixture(params=EVERY)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """A world of a test's own."""
    return _make(request, tmp_path)


def _make(request: pytest.FixtureRequest, folder: Path) -> World:
    database: Database = SqliteFile(folder / "catalog.db")
    if request.param == "postgres":
        database = PostgresSchema(request.getfixturevalue("postgres"), f"p2_{next(_NUMBERS)}")
    _tell(database)
    return World(database, LAX if request.param == SQLITE[1] else ())


def _tell(database: Database) -> None:
    """Versions 1 (passed), 2 (failed), 3 (override in force), 4 (expired), 5 (unjudged).

    Revision 1 serves version 1 and is history; revision 2 has no arms yet.
    """
    catalog = open_catalog(database.dsn)
    story = Story(catalog)
    for number in range(1, 6):
        story.made(number, outcome=None)
    passed = verdict("passed", f"{NAME}/1")
    with catalog.write() as tx:
        tx.append(passed, verdict("failed", f"{NAME}/2", "fail"))
        tx.append(verdict("unsure", f"{NAME}/2", "not_enough_evidence"))
        tx.append(verdict("in force", f"{NAME}/3", "override", until=AT + 9 * HOUR))
        tx.append(verdict("expired", f"{NAME}/4", "override", until=AT + HOUR))
        tx.append(revision(1), arm(revision(1).id, passed))
        tx.append(revision(2, at=AT + 2 * HOUR))
    catalog.close()


def _values(model_version: int, verdict_id: str | None, outcome: str) -> Row:
    return (revision(2).id, f"{NAME}/{model_version}", 1.0, "champion", verdict_id, outcome)


@pytest.mark.parametrize(
    ("model_version", "verdict_id", "outcome"),
    [
        pytest.param(5, None, "pass", id="without a verdict"),
        pytest.param(5, "none such", "pass", id="with a verdict that does not exist"),
        pytest.param(2, "failed", "fail", id="with a failed verdict"),
        pytest.param(2, "failed", "pass", id="with a failed verdict called a pass"),
        pytest.param(2, "failed", "override", id="with a failed verdict called an override"),
        pytest.param(2, "unsure", "not_enough_evidence", id="without enough evidence"),
        pytest.param(5, "passed", "pass", id="with the verdict of another version"),
        pytest.param(3, "in force", "pass", id="with an override called a pass"),
        pytest.param(4, "expired", "override", id="with an override that has expired"),
        pytest.param(1, "passed", "PASS", id="with a pass in capitals"),
    ],
)
def test_p2_an_arm_is_refused(
    world: World, model_version: int, verdict_id: str, outcome: str
) -> None:
    values = _values(model_version, verdict_id, outcome)
    ways = ["INSERT INTO"]
    if world.is_sqlite:
        ways += ["INSERT OR REPLACE INTO", "INSERT OR IGNORE INTO", "REPLACE INTO"]
    for way in ways:
        with pytest.raises(Refused):
            world.sql(ARM.replace("INSERT INTO", way), values=values)
    assert world.sql("SELECT count(*) FROM arm") == [(1,)]


@pytest.mark.parametrize(("number", "verdict_id"), [(1, "passed"), (3, "in force")])
def test_p2_a_pass_and_an_override_in_force_are_accepted(
    fresh: World, number: int, verdict_id: str
) -> None:
    outcome = "pass" if number == 1 else "override"
    fresh.sql(ARM, values=_values(number, verdict_id, outcome))
    assert fresh.sql("SELECT count(*) FROM arm") == [(2,)]


@pytest.mark.parametrize(
    ("gate", "outcome", "until"),
    [
        pytest.param("data", "pass", None, id="of the data gate"),
        pytest.param("model", "override", "2030-01-01 00:00:00.000000", id="of no override"),
        pytest.param("override", "override", None, id="that never expires"),
        pytest.param("override", "pass", None, id="an override that calls itself a pass"),
        pytest.param("none", "pass", None, id="of a gate that does not exist"),
    ],
)
def test_p2_a_strange_verdict_gives_no_traffic(
    fresh: World, gate: str, outcome: str, until: str | None
) -> None:
    try:
        fresh.sql(VERDICT, values=("strange", gate, outcome, f"{NAME}/5", until))
    except Refused:
        assert not fresh.given, "a check constraint, unless it was switched off"
    with pytest.raises(Refused):
        fresh.sql(ARM, values=_values(5, "strange", outcome))


@pytest.mark.parametrize("weight", [0, 0.0, -0.5, 1.5, 1.0001, "much", None])
def test_p2_a_weight_is_a_share(world: World, weight: object) -> None:
    values = list(_values(1, "passed", "pass"))
    values[2] = weight
    with pytest.raises(Refused):
        world.sql(ARM, values=tuple(values))


def test_p2_shares_do_not_add_up_to_more_than_one(fresh: World) -> None:
    share = (revision(2).id, f"{NAME}/1", 0.6, "champion", "passed", "pass")
    fresh.sql(ARM, values=share)
    over = (revision(2).id, f"{NAME}/3", 0.5, "challenger", "in force", "override")
    with pytest.raises(Refused):
        fresh.sql(ARM, values=over)


def test_p1_an_earlier_revision_takes_no_arm(world: World) -> None:
    late = (revision(1).id, f"{NAME}/3", 1e-12, "challenger", "in force", "override")
    with pytest.raises(Refused):
        world.sql(ARM, values=late)
    nowhere = ("no such revision", f"{NAME}/1", 1.0, "champion", "passed", "pass")
    with pytest.raises(Refused):
        world.sql(ARM, values=nowhere)


EDITS = [
    "UPDATE arm SET verdict = 'failed'",
    "UPDATE arm SET weight = 0.5",
    "UPDATE arm SET model_version = 'bikes/5'",
    "UPDATE verdict SET outcome = 'pass' WHERE id = 'failed'",
    "UPDATE verdict SET model_version = 'bikes/5' WHERE id = 'passed'",
    "UPDATE verdict SET until = '2100-01-01 00:00:00.000000' WHERE id = 'expired'",
    "UPDATE deployment_revision SET at = '2020-01-01 00:00:00.000000'",
    "UPDATE model_version SET artifact = 'sha256:evil'",
    "DELETE FROM verdict",
    "DELETE FROM verdict WHERE id = 'failed'",
    "DELETE FROM arm",
    "DELETE FROM deployment_revision",
]


@pytest.mark.parametrize("statement", EDITS)
def test_p9_facts_are_not_edited(world: World, statement: str) -> None:
    before = _everything(world)
    ways = [statement]
    if world.is_sqlite and statement.startswith("UPDATE"):
        ways += [
            statement.replace("UPDATE", f"UPDATE OR {way}", 1) for way in ("REPLACE", "IGNORE")
        ]
    for way in ways:
        with pytest.raises(Refused):
            world.sql(way)
    assert _everything(world) == before


def test_p9_no_table_takes_an_update_or_a_delete(world: World) -> None:
    for table in metadata.tables.values():
        column = next(iter(table.columns)).name
        found = world.sql(f"SELECT count(*) FROM {table.name}")  # noqa: S608 - our names
        if found == [(0,)] and world.is_sqlite:
            continue  # SQLite's triggers are per row
        for edit in (f"UPDATE {table.name} SET {column} = {column}", f"DELETE FROM {table.name}"):  # noqa: S608
            with pytest.raises(Refused, match="append-only"):
                world.sql(edit)


@pytest.mark.parametrize("recursive", ["OFF", "ON"])
@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "INSERT OR REPLACE INTO verdict SELECT id, gate, 'pass', at, by, reasons, run, "
            "model_version, opponent, until, evidence FROM verdict WHERE id = 'failed'",
            id="a verdict",
        ),
        pytest.param(
            "INSERT OR REPLACE INTO deployment_revision "
            "SELECT 'new', deployment, number, action, because, 'eve', at FROM deployment_revision "
            "WHERE number = 1",
            id="a revision under its number",
        ),
        pytest.param(
            "INSERT OR REPLACE INTO model_version "
            "SELECT 'new', name, version, 'other run', 'sha256:evil', task, at FROM model_version",
            id="a model version under its number",
        ),
        pytest.param(
            "INSERT OR REPLACE INTO model_version "
            "SELECT 'new', name, version + 90, run, 'sha256:evil', task, at FROM model_version",
            id="a model version under its run",
        ),
        pytest.param(
            "INSERT OR REPLACE INTO arm "
            "VALUES ('rev-bikes-1', 'bikes/3', 1.0, 'champion', 'in force', 'override')",
            id="a champion under its revision",
        ),
        pytest.param(
            "INSERT OR REPLACE INTO run_event SELECT run, number, 'succeeded', at, detail "
            "FROM run_event",
            id="how a run ended",
        ),
    ],
)
def test_p9_nothing_is_replaced_under_any_of_its_keys(
    lite: World, recursive: str, statement: str
) -> None:
    before = _everything(lite)
    with pytest.raises(Refused):
        lite.sql(f"PRAGMA recursive_triggers = {recursive}", statement)
    assert _everything(lite) == before


def test_p2_a_new_champion_does_not_replace_the_one_of_its_revision(
    fresh: World,
) -> None:
    fresh.sql(ARM, values=(revision(2).id, f"{NAME}/1", 0.5, "champion", "passed", "pass"))
    rival = (revision(2).id, f"{NAME}/3", 0.5, "champion", "in force", "override")
    way = ARM.replace("INSERT", "INSERT OR REPLACE") if fresh.is_sqlite else ARM
    with pytest.raises(Refused):
        fresh.sql(way, values=rival)
    assert fresh.sql("SELECT count(*) FROM arm") == [(2,)]


def test_p9_no_row_has_a_hidden_number_to_be_replaced_by(lite: World) -> None:
    """A row of another key may be deleted by ``INSERT OR REPLACE`` if it has a rowid."""
    for table in set(metadata.tables) - {"catalog_version"}:
        with pytest.raises(Refused, match="no such column"):
            lite.sql(f"SELECT rowid FROM {table}")  # noqa: S608 - our names


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO verdict SELECT * FROM verdict WHERE id = 'failed' "  # noqa: ISC004
        "ON CONFLICT (id) DO UPDATE SET outcome = 'pass'",
        "INSERT INTO arm SELECT * FROM arm WHERE true "  # noqa: ISC004
        "ON CONFLICT (revision, model_version) DO UPDATE SET verdict = 'failed'",
        "INSERT INTO catalog_version SELECT max(version) FROM catalog_version WHERE true "  # noqa: ISC004
        "ON CONFLICT (version) DO UPDATE SET version = 0",
    ],
)
def test_p9_an_upsert_is_an_edit(world: World, statement: str) -> None:
    before = _everything(world)
    with pytest.raises(Refused):
        world.sql(statement)
    assert _everything(world) == before


@pytest.mark.postgres
@pytest.mark.parametrize("world", ["postgres"], indirect=True)
@pytest.mark.parametrize("table", ["verdict", "arm", "run_event"])
def test_p9_truncate_is_refused(world: World, table: str) -> None:
    for statement in (f"TRUNCATE {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(Refused):
            world.sql(statement)


@pytest.mark.postgres
@pytest.mark.parametrize("fresh", ["postgres"], indirect=True)
def test_p2_arms_of_two_sessions_do_not_exceed_one_together(fresh: World) -> None:
    """Neither session sees the other's arm; the second waits for the first and is refused."""
    share = (revision(2).id, f"{NAME}/1", 0.6, "champion", "passed", "pass")
    over = (revision(2).id, f"{NAME}/3", 0.5, "challenger", "in force", "override")

    def attempt() -> None:
        fresh.sql(ARM, values=over)

    database = fresh.database
    assert isinstance(database, PostgresSchema)
    with ThreadPoolExecutor(1) as thread, database.session() as first:
        first.execute(ARM.replace("?", "%s").encode(), share)
        second = thread.submit(attempt)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.3)
        first.commit()
        with pytest.raises(Refused):
            second.result(timeout=10)


def _everything(world: World) -> dict[str, list[Row]]:
    names = ("arm", "verdict", "deployment_revision", "model_version", "run_event")
    return {name: sorted(map(_row, world.sql(f"SELECT * FROM {name}"))) for name in names}  # noqa: S608


def _row(row: Row) -> Row:
    return tuple(map(str, row))
