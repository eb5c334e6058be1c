"""Identifiers that sort by time (RFC 9562)."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.ids import random_ids, seeded_ids, uuid7

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2500, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
BYTES = st.binary(min_size=10, max_size=10)


@given(INSTANTS, BYTES)
def test_an_id_is_a_uuid_of_version_7(at: datetime, randomness: bytes) -> None:
    found = UUID(uuid7(at, randomness))
    assert (found.version, found.variant) == (7, RFC_4122)
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert found.int >> 80 == milliseconds


@given(INSTANTS, st.timedeltas(timedelta(milliseconds=1), timedelta(days=999)), BYTES, BYTES)
def test_ids_sort_by_time(at: datetime, later: timedelta, first: bytes, second: bytes) -> None:
    assert uuid7(at, first) < uuid7(at + later, second)


@given(BYTES, BYTES)
def test_74_bits_of_chance_are_in_an_id(first: bytes, second: bytes) -> None:
    differ = int.from_bytes(first, "big") % 2**74 != int.from_bytes(second, "big") % 2**74
    assert (uuid7(AT, first) != uuid7(AT, second)) == differ


@given(st.integers())
def test_the_same_seed_gives_the_same_ids(seed: int) -> None:
    one, two = seeded_ids(seed), seeded_ids(seed)
    ids = [one(AT) for _ in range(50)]
    assert ids == [two(AT) for _ in range(50)]
    assert len(set(ids)) == 50
    assert seeded_ids(seed + 1)(AT) not in ids


def test_the_systems_randomness_does_not_repeat() -> None:
    assert len({random_ids(AT) for _ in range(1000)}) == 1000


def test_threads_never_draw_the_same_randomness() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: [random_ids(AT) for _ in range(2000)], range(8)))
    assert len({one for part in made for one in part}) == 16_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_makes_other_ids() -> None:
    random_ids(AT)
    read, write = os.pipe()
    if not (child := os.fork()):
        os.write(write, random_ids(AT).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(read, 100).decode()
    os.close(read)
    os.close(write)
    assert theirs not in {random_ids(AT) for _ in range(300)}
