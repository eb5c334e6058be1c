"""P2 where the guards cannot help: forged facts, dropped triggers, and overrides that expire."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mooring.errors import CatalogError, NoVerdict
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Catalog, open_catalog
from mooring.lineage.deployments import override, promote, roll_back, split_traffic
from mooring.lineage.standing import Standing, record_expiry, standing
from mooring.lineage.values import StepResult
from tests.contract.databases import Database, Refused
from tests.facts import AT, HOUR, NAME, Story, arm, revision, run, verdict

pytestmark = pytest.mark.contract


@pytest.fixture
def story(catalog: Catalog) -> Story:
    """Versions 1 and 2 passed, 3 and 4 were refused; each says so in its run."""
    story = Story(catalog)
    for number in range(1, 5):
        made = story.made(number, "pass" if number < 3 else "fail")
        with catalog.write() as tx:
            judged = queries.verdicts(tx, made.id)[-1]
            said = {"verdict": judged.id, "outcome": judged.outcome, "artifact": made.artifact}
            tx.append(StepResult(made.run, "register", story.now, 0.1, said))
    return story


def change(story: Story, **shares: float) -> None:
    """Promotes ``v3=1`` with an override where it needs one, or splits ``v1=…, v3=…``."""
    weights = {f"{NAME}/{name[1:]}": share for name, share in shares.items()}
    with story.catalog.write() as tx:
        made = (
            promote(tx, story.change(), next(iter(weights)))
            if len(weights) == 1
            else split_traffic(tx, story.change(), weights)
        )
        tx.append(made.revision, *made.arms)
    story.later(0.1)


def allow(story: Story, number: int, hours: float) -> None:
    """An override from now on."""
    with story.catalog.write() as tx:
        tx.append(override(story.change("a day"), f"{NAME}/{number}", story.now + hours * HOUR))


def look(story: Story) -> Standing:
    """The second look, now."""
    with story.catalog.read() as tx:
        traffic = queries.traffic(tx, NAME)
        assert traffic is not None
        return standing(tx, traffic, story.now)


def shares(found: Standing) -> dict[int, float]:
    """By version, the champion first."""
    return {held.version.version: round(held.weight, 9) for held in found.arms}


def expire(story: Story, hours: float = 3) -> Standing:
    """Lets time go by, and looks."""
    story.later(hours)
    return look(story)


def test_what_passed_stays_as_it_is_for_ever(story: Story) -> None:
    change(story, v1=1)
    change(story, v1=0.25, v2=0.75)
    found = expire(story, 10_000)
    assert shares(found) == {1: 0.25, 2: 0.75}
    assert not found.ended
    assert not record_expiry(story.catalog, NAME, story.now, story.ids)


def test_a_challenger_that_expires_leaves_its_share_to_the_champion(story: Story) -> None:
    change(story, v1=1)
    allow(story, 3, 1)
    change(story, v1=0.5, v2=0.2, v3=0.3)
    assert shares(look(story)) == {1: 0.5, 2: 0.2, 3: 0.3}
    assert shares(expire(story)) == {1: 0.8, 2: 0.2}


def test_a_champion_that_expires_is_followed_by_the_last_one_that_passed(story: Story) -> None:
    change(story, v1=1)
    change(story, v2=1)
    allow(story, 3, 1)
    allow(story, 4, 9)
    change(story, v4=1)
    change(story, v3=1)
    assert shares(expire(story)) == {2: 1.0}, "v4's override is in force; nobody chose it for this"
    assert record_expiry(story.catalog, NAME, story.now, story.ids)
    assert not record_expiry(story.catalog, NAME, story.now, story.ids), "it is recorded once"
    with story.catalog.read() as tx:
        newest = queries.revisions(tx, NAME)[-1]
        traffic = queries.traffic(tx, NAME)
        (alert,) = queries.alerts(tx, NAME, 9)
    assert (newest.number, newest.action, newest.by) == (5, "rollback", "mooring")
    assert traffic is not None
    assert [one.model_version for one in traffic.arms] == [f"{NAME}/2"]
    assert f"{NAME}/3: the override by ana" in alert.body
    with story.catalog.write() as tx:
        back = roll_back(tx, story.change())
    assert [one.model_version for one in back.arms] == [f"{NAME}/1"], "before v2 there was v1"


def test_a_split_whose_champion_expires_keeps_the_shares_of_the_others(story: Story) -> None:
    change(story, v1=1)
    allow(story, 3, 1)
    change(story, v3=1)
    change(story, v3=0.7, v2=0.3)
    assert shares(expire(story)) == {1: 0.7, 2: 0.3}


def test_without_a_champion_that_passed_the_others_grow(story: Story) -> None:
    allow(story, 3, 1)
    change(story, v3=1)
    change(story, v3=0.6, v2=0.4)
    assert shares(expire(story)) == {2: 1.0}


def test_an_override_that_was_extended_keeps_its_share_under_the_new_one(story: Story) -> None:
    change(story, v1=1)
    allow(story, 3, 1)
    change(story, v3=1)
    allow(story, 3, 90)
    found = expire(story)
    assert shares(found) == {3: 1.0}
    assert len(found.ended) == 1
    assert record_expiry(story.catalog, NAME, story.now, story.ids)
    assert not look(story).ended, "the new revision refers to the new verdict"


def test_nothing_is_left_when_nothing_passed(story: Story) -> None:
    allow(story, 3, 1)
    change(story, v3=1)
    found = expire(story)
    assert (shares(found), found.heir) == ({}, None)
    assert record_expiry(story.catalog, NAME, story.now, story.ids)
    with story.catalog.read() as tx:
        assert len(queries.revisions(tx, NAME)) == 1
        assert [alert.severity for alert in queries.alerts(tx, NAME, 9)] == ["page"]


def test_of_two_that_record_an_expiry_at_once_one_does(database: Database, story: Story) -> None:
    change(story, v1=1)
    allow(story, 3, 1)
    change(story, v3=1)
    story.later(3)
    other = open_catalog(database.dsn)
    for catalog in (story.catalog, other, story.catalog):
        record_expiry(catalog, NAME, story.now, story.ids)
    other.close()
    with story.catalog.read() as tx:
        assert len(queries.revisions(tx, NAME)) == 3


def test_a_pass_that_is_inserted_for_a_refused_version_gives_no_traffic(story: Story) -> None:
    """Every statement of it is one that the guards must let through."""
    forged = replace(verdict("forged", f"{NAME}/3"), run=run(3).id)
    with story.catalog.write() as tx:
        tx.append(forged)
        with pytest.raises(NoVerdict):
            promote(tx, story.change(), f"{NAME}/3")
        tx.append(revision(1), arm(revision(1).id, forged))
    with pytest.raises(NoVerdict, match="has traffic and no passing verdict"):
        look(story)


def test_a_pass_of_a_version_that_passed_is_not_taken_for_another_artifact(
    database: Database, story: Story
) -> None:
    change(story, v1=1)
    drop_guards(database)
    database.sql("UPDATE model_version SET artifact = 'sha256:3' WHERE version = 1")
    with pytest.raises(NoVerdict):
        look(story)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE verdict SET outcome = 'pass', id = 'new' WHERE model_version = 'bikes/3'",
        "UPDATE arm SET model_version = 'bikes/3'",
        "DELETE FROM verdict",
        "DELETE FROM arm",
        "UPDATE verdict SET outcome = 'fail'",
    ],
    ids=lambda edit: edit[:40],
)
def test_with_every_guard_and_key_dropped_the_second_look_refuses(
    database: Database, story: Story, edit: str
) -> None:
    change(story, v1=1)
    drop_guards(database)
    for statement in ("UPDATE verdict SET outcome = 'pass' WHERE model_version = 'bikes/3'", edit):
        database.sql(statement)
    if "id = 'new'" in edit:
        database.sql("UPDATE arm SET model_version = 'bikes/3', verdict = 'new'")
    with pytest.raises(CatalogError):
        look(story)


def drop_guards(database: Database) -> None:
    """What the owner of a database can do to it."""
    if database.kind == "sqlite":
        names = database.sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names:
            database.sql(f"DROP TRIGGER {name}")
        return
    found = database.sql(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint "
        "WHERE contype IN ('f', 'c') AND connamespace = current_schema()::regnamespace"
    )
    for table, name in found:
        database.sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for (table,) in database.sql(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    ):
        database.sql(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')


@pytest.mark.parametrize("what", ["", " "])
def test_an_override_without_a_name_is_not_a_row(story: Story, what: str) -> None:
    found = replace(override(story.change(), f"{NAME}/3", story.now + HOUR), by=what)
    with pytest.raises(CatalogError, match="names who gave it"), story.catalog.write() as tx:
        tx.append(found)


@pytest.mark.parametrize("reasons", [(), ("",)])
def test_an_override_without_a_reason_is_not_a_row(story: Story, reasons: tuple[str, ...]) -> None:
    found = replace(override(story.change(), f"{NAME}/3", story.now + HOUR), reasons=reasons)
    with pytest.raises(CatalogError, match="says why"), story.catalog.write() as tx:
        tx.append(found)


def test_a_catalog_of_the_first_version_gets_what_it_lacks(
    database: Database, story: Story
) -> None:
    """The table of reproductions, and the guards of verdicts; what it holds stays."""
    change(story, v1=1)
    downgrade(database)
    again = open_catalog(database.dsn)
    with again.read() as tx:
        assert queries.reproductions(tx, f"{NAME}/1") == ()
        assert len(queries.revisions(tx, NAME)) == 1
    late = replace(override(story.change(), f"{NAME}/3", AT + timedelta(days=9)), by="")
    with pytest.raises(CatalogError, match="names who gave it"), again.write() as tx:
        tx.append(late)
    with pytest.raises(Refused, match="append-only"):
        database.sql("DELETE FROM model_version")
    again.close()
    open_catalog(database.dsn).close()


def downgrade(database: Database) -> None:
    """Makes a catalog what the first version of the schema was."""
    database.sql("DROP TABLE reproduction")
    if database.kind == "sqlite":
        for name in ("verdict_refuses_rule_1", "verdict_refuses_rule_2"):
            database.sql(f"DROP TRIGGER {name}")
        database.sql("DROP TRIGGER catalog_version_refuses_update")
    else:
        database.sql("DROP TRIGGER verdict_rules ON verdict")
        database.sql("DROP TRIGGER catalog_version_append_only ON catalog_version")
    database.sql("UPDATE catalog_version SET version = 1")
