"""What changed between two contracts, in words."""

from __future__ import annotations

import pytest

from mooring.gates.terms.differing import differences
from mooring.gates.terms.reading import parse_terms

BEFORE = """
[table]
min_rows = 10
[severity]
range = "stop"
[relations]
"x >= 0" = "stop"
[columns.x]
type = "float"
max_missing = 0.05
max = 10
[columns.s]
type = "string"
categories = ["a", "b"]
[columns.t]
type = "datetime"
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("min_rows = 10", "min_rows = 1000", "the table: the least rows was 10, is 1,000"),
        ('range = "stop"', 'range = "warn"', "severity: range was stop, is warn"),
        ('"x >= 0" = "stop"', "", "relation 'x >= 0': no longer there (was stop)"),
        ('"x >= 0" = "stop"', '"x >= 0" = "warn"', "relation 'x >= 0': was stop, is warn"),
        ("max = 10", "max = 12.5", "x: the most value was 10, is 12.5"),
        ("max = 10", "", "x: the most value was 10; nothing is said of it now"),
        ("max = 10", "max = 10\nmin = 0", "x: the least value is 0; nothing was said of it"),
        ("max = 10", "max = 0", "x: the most value was 10, is 0"),
        ("0.05", "0", "x: missing values was at most 5 %, is at most 0 %"),
        ("0.05", "0.5", "x: missing values was at most 5 %, is at most 50 %"),
        ('"float"', '"integer"', "x: type was float, is integer"),
        ('["a", "b"]', '["a", "b", "c"]', "s: new categories 'c'"),
        ('["a", "b"]', '["a"]', "s: categories no longer there 'b'"),
        (
            "max = 10",
            'max = 10\nseverity = { range = "warn" }',
            "x severity: range is warn; nothing was said of it",
        ),
        ('[columns.t]\ntype = "datetime"', "", "t: no longer there (was datetime)"),
        (
            "[columns.t]",
            '[columns.n]\ntype = "string"\n[columns.t]',
            "n: a new column of type string",
        ),
        (
            'type = "datetime"',
            'type = "datetime"\nmonotone = true',
            "t: monotone is demanded; nothing was said of it",
        ),
    ],
)
def test_each_change_is_a_sentence(old: str, new: str, said: str) -> None:
    assert old in BEFORE
    after = BEFORE.replace(old, new, 1)
    assert differences(parse_terms(BEFORE).terms, parse_terms(after).terms) == (said,)


def test_the_same_terms_differ_in_nothing() -> None:
    assert differences(parse_terms(BEFORE).terms, parse_terms(BEFORE + "# why\n").terms) == ()
