"""Tables of the kinds that people bring, made from a seed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

ROWS = 400
NASTY = (
    'quote"d',
    "apo'strophe",
    "both\"and'",
    "back\\slash",
    "new\nline",
    '"\nimport os\nos.abort()\n"',
    '"]\n[storage]\ncatalog = "x',
    "{{ plan }}",
    "^regex",
    "*",
    "a.b",
    "1st",
    "größe €",
    "del\x7f\u2028\x00",
    " ",
)


def iris() -> pl.DataFrame:
    """Three kinds, sorted, as the file comes."""
    chance = np.random.default_rng(1)
    kinds = ["setosa", "versicolor", "virginica"]
    return pl.DataFrame(
        {
            "sepal length (cm)": np.concatenate([chance.normal(m, 0.4, 50) for m in (5, 5.9, 6.6)]),
            "petal.width": np.concatenate([chance.normal(m, 0.3, 50) for m in (0.2, 1.3, 2.0)]),
            "class": [kind for kind in kinds for _ in range(50)],
        }
    )


def adult() -> pl.DataFrame:
    """Words with a blank before them, and `?` for what is missing."""
    chance = np.random.default_rng(2)
    age = chance.integers(17, 90, ROWS)
    rich = (age + chance.normal(0, 15, ROWS)) > 65
    return pl.DataFrame(
        {
            "age": age,
            "workclass": chance.choice([" Private", " ?", " State-gov"], ROWS),
            "fnlwgt": chance.integers(10_000, 900_000, ROWS),
            "income": np.where(rich, " >50K", " <=50K"),
        }
    )


def titanic() -> pl.DataFrame:
    """Names, tickets, gaps, a row number, and a small count that is no class."""
    chance = np.random.default_rng(3)
    female = chance.random(ROWS) < 0.4
    return pl.DataFrame(
        {
            "PassengerId": range(1, ROWS + 1),
            "Name": [f"Passenger number {i}, Mr. John" for i in range(ROWS)],
            "Sex": np.where(female, "female", "male"),
            "Age": [
                None if i % 5 == 0 else float(a) for i, a in enumerate(chance.normal(30, 9, ROWS))
            ],
            "Ticket": [f"A/5 {n}" for n in chance.integers(0, 900, ROWS)],
            "Cabin": [f"C{i % 260}" if i % 4 == 0 else None for i in range(ROWS)],
            "empty": pl.Series([None] * ROWS, dtype=pl.Null),
            "ship": ["Titanic"] * ROWS,
            "Survived": (female ^ (chance.random(ROWS) < 0.2)).astype(np.int64),
        }
    )


def churn() -> pl.DataFrame:
    """Yes and No, an id of letters, and numbers kept as text for a few blanks."""
    chance = np.random.default_rng(4)
    tenure = chance.integers(0, 72, ROWS)
    total = [f"{t * 70.35:.2f}" if t else " " for t in tenure]
    return pl.DataFrame(
        {
            "customerID": [f"{i:04d}-ABCDE" for i in chance.permutation(ROWS)],
            "tenure": tenure,
            "Senior": chance.random(ROWS) < 0.2,
            "TotalCharges": total,
            "Churn": np.where(tenure + chance.normal(0, 20, ROWS) < 20, "Yes", "No"),
        }
    )


def oddities() -> pl.DataFrame:
    """Every type a column can have, and dates in several roles."""
    chance = np.random.default_rng(5)
    start = datetime(2024, 1, 31, tzinfo=UTC)
    x = chance.normal(size=ROWS)
    when = [start + timedelta(hours=3 * i) for i in range(ROWS)]
    return pl.DataFrame(
        {
            "updated_at": [w + timedelta(days=2) for w in when],
            "created": [w.isoformat() for w in when],
            "born": [
                date(1980, 1, 1) + timedelta(days=int(d)) for d in chance.integers(0, 9000, ROWS)
            ],
            "us_date": [f"{w:%m/%d/%Y}" for w in when],
            "amount": pl.Series([f"{v:.2f}" for v in x]).cast(pl.Decimal(12, 2)),
            "took": [timedelta(seconds=int(s)) for s in chance.integers(1, 99, ROWS)],
            "tags": [["a", "b"]] * ROWS,
            "raw": [b"x"] * ROWS,
            "store_id": chance.integers(1, 12, ROWS),
            "ok": [None if i % 7 == 0 else i % 2 == 0 for i in range(ROWS)],
            "note": [
                "a longer sentence that somebody wrote about this very row, " + str(i)
                for i in range(ROWS)
            ],
            "infinite": [float("inf") if i % 9 == 0 else float(v) for i, v in enumerate(x)],
            "predicted_y": x,
            "y_lag_1": chance.normal(size=ROWS),
            "y": x * 3 + chance.normal(0, 0.6, ROWS),
        }
    )


def nasty() -> pl.DataFrame:
    """Names that would break out of a string, if anything let them; the target too."""
    chance = np.random.default_rng(6)
    columns = {name: chance.normal(size=ROWS) for name in NASTY}
    words = {f"{name} word": chance.choice(["a", 'b"', "\\c"], ROWS) for name in NASTY}
    y = np.where(columns[NASTY[0]] + chance.normal(size=ROWS) > 0, 'yes"\n', "no'")
    return pl.DataFrame({**columns, **words, 'tar"get\n': y})
