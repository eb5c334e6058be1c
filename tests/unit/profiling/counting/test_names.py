"""Names: every text while they are few, the baseline's whatever happens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mooring.profiling.counting.names import BYTES, MOST, Names, merged, names

found = st.dictionaries(st.text(max_size=4), st.integers(1, 9), max_size=12)
many = {f"text {place}": 1 for place in range(MOST + 1)}


@given(found, found, found)
def test_p5_names_add_up_in_any_order(
    one: dict[str, int], two: dict[str, int], three: dict[str, int]
) -> None:
    a, b, c = names(one), names(two), names(three)
    assert merged([merged([a, b]), c]) == merged([a, merged([b, c])]) == merged([c, b, a])
    assert merged([a, Names()]) == a
    assert merged([a, b]).rows == a.rows + b.rows


def test_p5_too_many_names_leave_those_of_the_baseline_whatever_the_grouping() -> None:
    known = ("text 7", "absent", "here")
    a, b, c = (names(part, known=known) for part in (many, {"here": 3, "x": 1}, {"text 7": 2}))
    left = merged([merged([a, b], known), c], known)
    assert left == merged([a, merged([b, c], known)], known) == merged([c, a, b], known)
    assert (left.texts, left.counts, left.rest) == (("here", "text 7"), (3, 3), MOST + 1)
    assert not left.complete
    half = [dict(list(many.items())[:9]), dict(list(many.items())[9:])]
    assert merged([names(part, known=known) for part in half], known) == a


def test_names_of_too_many_bytes_are_dropped_too() -> None:
    assert names({"x" * BYTES: 1}).complete
    assert names({"x" * BYTES: 1, "yy": 2}).texts == ()
    assert names({"x" * BYTES: 1, "yy": 2}).rest == 3
    assert names({"é" * (BYTES // 2): 1, "y": 2}).rest == 3


def test_names_are_ranked_by_their_rows_and_then_by_their_order() -> None:
    assert names({"b": 2, "a": 2, "c": 5, "gone": 0}).ranked() == (("c", 5), ("a", 2), ("b", 2))
