"""The data gate: what stops a run before training, what is only told, and what may pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.errors import GateRefused, NotEnoughEvidence
from mooring.gates.data_gate import DataJudgement, Finding, data_refusal, judge_data
from mooring.profiling.profiles import Profile
from mooring.settings.model import Data, DataGate, Task

DATA = Data(source="rows.csv", target="sold", task="regression", time="at", keys=("shop",))
START = datetime(2025, 1, 1, tzinfo=UTC)
HOURS = 2000
Fault = Callable[[pl.DataFrame], pl.DataFrame]


@cache
def rows(hours: int = HOURS, seed: int = 7) -> pl.DataFrame:
    """A shop's hours: numbers of several kinds, categories, an entity and a target."""
    random = np.random.default_rng(seed)
    at = [START + timedelta(hours=hour) for hour in range(hours)]
    price = random.lognormal(3, 0.5, hours).round(2)
    return pl.DataFrame(
        {
            "at": at,
            "shop": [f"shop {hour}" for hour in range(hours)],
            "hour": [hour % 24 for hour in range(hours)],
            "month": [instant.month for instant in at],
            "price": price,
            "visits": random.poisson(400, hours),
            "level": random.integers(1, 5, hours),
            "warmth": random.normal(12, 6, hours),
            "open": random.random(hours) < 0.8,
            "sky": random.choice(["clear", "cloud", "rain"], hours, p=[0.6, 0.3, 0.1]),
            "sold": random.poisson(50, hours).astype(float),
        }
    )


def judge(
    frame: pl.DataFrame,
    before: DataJudgement | None = None,
    rules: DataGate | None = None,
    data: Data = DATA,
) -> DataJudgement:
    contract, profile = (before.contract, before.profile) if before else (None, None)
    return judge_data(frame, contract, profile, rules or DataGate(), data)


@cache
def accepted() -> DataJudgement:
    return judge(rows())


def only(judgement: DataJudgement, rule: str) -> Finding:
    found = [finding for finding in judgement.findings if finding.rule == rule]
    assert len(found) == 1, judgement.findings
    return found[0]


def in_part(share: float) -> pl.Expr:
    """The same share of rows each time, spread evenly."""
    return (pl.int_range(pl.len()) * 37) % 100 < 100 * share


# --- any data, the very first included ------------------------------------------------------------


def test_clean_first_data_passes_without_a_word() -> None:
    assert accepted().outcome == "pass"
    assert accepted().findings == ()


def test_contract_and_profile_leave_out_what_is_not_judged() -> None:
    assert accepted().contract.column("shop") is not None
    assert {"at", "shop"}.isdisjoint(column.name for column in accepted().profile.columns)
    assert "sold" in {column.name for column in accepted().profile.columns}


@pytest.mark.parametrize("count", [0, 5, 99])
def test_p3_too_few_rows_are_not_enough_evidence(count: int) -> None:
    for before in (None, accepted()):
        judgement = judge(rows().head(count), before)
        assert judgement.outcome == "not_enough_evidence"
        assert str(only(judgement, "rows")).startswith("the table: expected at least 100 rows")


def test_fd_14_an_empty_file_without_types_cannot_tell() -> None:
    empty = pl.DataFrame(schema=dict.fromkeys(rows().columns, pl.String))
    assert judge(empty, accepted()).outcome == "not_enough_evidence"
    assert judge(pl.DataFrame()).outcome == "not_enough_evidence"


def test_p3_one_class_in_a_few_rows_is_not_enough_evidence() -> None:
    data = Data(source="", target="sold", task="binary")
    frame = rows().head(5).with_columns(sold=pl.lit("no"))
    assert judge(frame, data=data).outcome == "not_enough_evidence"


def test_few_rows_of_a_broken_schema_fail_all_the_same() -> None:
    assert judge(rows().head(5).drop("price"), accepted()).outcome == "fail"


@pytest.mark.parametrize(
    ("data", "column", "near"),
    [
        (Data(source="", target="Sold", task="regression"), "Sold", "sold"),
        (Data(source="", target="sold", task="regression", time="att"), "att", "at"),
        (Data(source="", target="sold", task="regression", keys=("shops",)), "shops", "shop"),
        (Data(source="", target="sold", task="regression", exclude=("prize",)), "prize", "price"),
    ],
)
def test_a_declared_column_that_is_not_there_names_the_nearest(
    data: Data, column: str, near: str
) -> None:
    judgement = judge(rows(), data=data)
    [finding] = judgement.stops
    assert (judgement.outcome, finding.column) == ("fail", column)
    assert finding.cure == f"did you mean {near!r}?"


@pytest.mark.parametrize(
    ("form", "kind"),
    [("%Y-%m-%d %H:%M:%S", "datetime"), ("%Y-%m-%dT%H:%M", "datetime"), ("%Y-%m-%d", "date")],
)
def test_a_time_in_text_says_how_to_declare_it(form: str, kind: str) -> None:
    frame = rows().with_columns(pl.col("at").dt.strftime(form))
    finding = only(judge(frame), "time")
    assert finding.severity == "stop"
    assert f'`at = "{kind}"` under [data.types]' in finding.cure


def test_a_time_that_is_a_number_stops() -> None:
    assert only(judge(rows().with_columns(at=pl.int_range(pl.len()))), "time").severity == "stop"


@pytest.mark.parametrize(("share", "severity"), [(0.02, "warn"), (0.5, "stop")])
def test_rows_without_an_instant_are_told(share: float, severity: str) -> None:
    frame = rows().with_columns(at=pl.when(~in_part(share)).then("at"))
    assert only(judge(frame), "time").severity == severity


def test_some_labels_may_be_missing_but_not_all_and_not_too_many() -> None:
    def without(share: float) -> DataJudgement:
        return judge(rows().with_columns(sold=pl.when(~in_part(share)).then("sold")))

    assert without(0.5).outcome == "pass"
    assert without(0.97).outcome == "not_enough_evidence"
    assert without(1.0).outcome == "fail"


@pytest.mark.parametrize(
    ("task", "target", "words"),
    [
        ("binary", ["yes"], "one class only: 'yes'"),
        ("multiclass", [3], "one class only: 3"),
        ("binary", ["a", "b", "c"], 'task = "multiclass" would fit'),
        ("binary", list(range(60)), 'task = "regression" would fit'),
        ("multiclass", [number / 7 for number in range(2000)], 'task = "regression" would fit'),
        ("regression", ["a", "b"], 'task = "binary" would fit'),
        ("regression", ["a", "b", "c"], 'task = "multiclass" would fit'),
        ("regression", [True, False], 'task = "binary" would fit'),
        ("regression", [4.5], "always 4.5"),
        ("regression", [date(2025, 1, 1), date(2025, 1, 2)], "numbers or classes"),
    ],
)
def test_a_target_that_does_not_fit_the_task_says_which_would(
    task: Task, target: list[object], words: str
) -> None:
    labels = pl.Series("sold", (target * HOURS)[:HOURS])
    data = Data(source="", target="sold", task=task)
    judgement = judge(rows().with_columns(labels), data=data)
    finding = only(judgement, "target")
    assert judgement.outcome == "fail"
    assert words in f"{finding} {finding.cure}"


@pytest.mark.parametrize("labels", [[0, 1], [0.0, 1.0], [True, False], ["n", "y"], [1, 2, None]])
def test_two_classes_of_any_type_are_binary(labels: list[object]) -> None:
    target = pl.Series("sold", (labels * HOURS)[:HOURS])
    data = Data(source="", target="sold", task="binary")
    judgement = judge(rows().with_columns(target), data=data)
    assert judgement.outcome == "pass"
    assert len(judgement.contract.classes) == 2


def test_a_positive_class_that_does_not_occur_stops() -> None:
    target = pl.Series("sold", ["no", "yes"] * (HOURS // 2))
    data = Data(source="", target="sold", task="binary", positive="Yes")
    assert "the class 'Yes'" in str(only(judge(rows().with_columns(target), data=data), "target"))


@pytest.mark.parametrize("column", ["price", "sold"])
def test_infinite_numbers_stop_and_are_counted(column: str) -> None:
    broken = pl.when(in_part(0.01)).then(float("inf")).otherwise(column).alias(column)
    finding = only(judge(rows().with_columns(broken)), "infinite")
    assert (finding.column, finding.rows, finding.examples) == (column, 20, ("inf",))


@pytest.mark.parametrize("value", [None, float("nan"), 3, "same", True])
def test_a_column_that_says_nothing_is_told(value: object) -> None:
    judgement = judge(rows().with_columns(idle=pl.lit(value)))
    assert judgement.outcome == "pass"
    assert only(judgement, "idle").column == "idle"


def test_nothing_to_learn_from_stops() -> None:
    data = Data(source="", target="sold", task="regression", keys=("shop",))
    assert judge(rows().select("shop", "sold"), data=data).stops[0].rule == "features"


# --- against what was accepted --------------------------------------------------------------------


def test_more_of_the_same_passes() -> None:
    judgement = judge(rows(seed=8), accepted())
    assert (judgement.outcome, judgement.findings) == ("pass", ())


def test_fd_07_the_order_of_the_columns_is_free() -> None:
    assert judge(rows().select(reversed(rows().columns)), accepted()).findings == ()


def test_fd_08_a_dropped_column_stops_and_its_new_name_is_guessed() -> None:
    finding = only(judge(rows().drop("price"), accepted()), "schema")
    assert (finding.column, finding.severity) == ("price", "stop")
    judgement = judge(rows().rename({"price": "Price"}), accepted())
    assert judgement.stops[0].cure == "rename 'Price' to 'price'"


def test_an_extra_column_is_told() -> None:
    judgement = judge(rows().with_columns(new=pl.int_range(pl.len())), accepted())
    assert (judgement.outcome, only(judgement, "schema").column) == ("pass", "new")


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (pl.col("visits").cast(pl.Float64), "pass"),
        (pl.col("visits").cast(pl.Float64) + 0.5, "fail"),
        (pl.col("visits").cast(pl.Int16), "pass"),
        (pl.col("visits").cast(pl.String), "fail"),
        (pl.col("price").cast(pl.String), "fail"),
        (pl.col("open").cast(pl.Int8), "pass"),
        (pl.col("open").cast(pl.Int8) + 1, "fail"),
        (pl.col("sky").cast(pl.Categorical), "pass"),
        (pl.col("at").dt.date(), "pass"),
        (pl.col("shop").str.len_chars(), "pass"),
    ],
    ids=str,
)
def test_fd_08_a_type_may_change_when_it_means_the_same(change: pl.Expr, outcome: str) -> None:
    assert judge(rows().with_columns(change), accepted()).outcome == outcome


@pytest.mark.parametrize("nothing", [None, float("nan")])
@pytest.mark.parametrize(("share", "outcome"), [(0.04, "pass"), (0.1, "fail"), (1.0, "fail")])
def test_fd_03_a_flood_of_missing_values_stops(
    nothing: float | None, share: float, outcome: str
) -> None:
    broken = pl.when(in_part(share)).then(pl.lit(nothing, pl.Float64)).otherwise("price")
    judgement = judge(rows().with_columns(price=broken), accepted())
    assert judgement.outcome == outcome
    if outcome == "fail":
        finding = only(judgement, "missing")
        assert (finding.column, finding.rows) == ("price", round(share * HOURS))


def test_missing_values_of_a_column_that_often_lacks_them_are_told_until_they_double() -> None:
    def lacking(share: float) -> pl.DataFrame:
        return rows().with_columns(price=pl.when(~in_part(share)).then("price"))

    before = judge(lacking(0.2))
    assert only(judge(lacking(0.3), before), "missing").severity == "warn"
    assert only(judge(lacking(0.41), before), "missing").severity == "stop"
    nearly = judge(lacking(0.8))
    assert only(judge(lacking(0.91), nearly), "missing").severity == "stop"


@pytest.mark.parametrize("column", ["price", "visits", "warmth", "sold"])
@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1000, "\N{MULTIPLICATION SIGN}1000"),
        (0.001, "\N{DIVISION SIGN}1000"),
        (0.1, "\N{DIVISION SIGN}10"),
    ],
)
def test_fd_01_a_change_of_unit_is_suspected(column: str, factor: float, words: str) -> None:
    frame = rows().with_columns((pl.col(column) * factor).alias(column))
    if column == "visits" and factor > 1:
        frame = frame.with_columns(pl.col("visits").cast(pl.Int64))
    judgement = judge(frame, accepted())
    assert judgement.outcome == "fail"
    found = [finding for finding in judgement.stops if finding.rule == "scale"]
    if column != "warmth":  # some of its quantiles are near zero, on either side
        assert f"scale {words} suspected" in found[0].found


def test_a_factor_that_is_no_power_of_ten_is_named_as_it_is() -> None:
    found = only(judge(rows().with_columns(pl.col("price") * 41), accepted()), "scale").found
    assert "scale \N{MULTIPLICATION SIGN}41 suspected" in found


@pytest.mark.parametrize(("share", "outcome"), [(0.005, "pass"), (0.05, "fail")])
def test_fd_02_error_codes_out_of_range_stop(share: float, outcome: str) -> None:
    broken = pl.when(in_part(share)).then(9999.0).otherwise("price")
    judgement = judge(rows().with_columns(price=broken), accepted())
    assert judgement.outcome == outcome
    if outcome == "fail":
        assert only(judgement, "ranges").examples == ("9999",)


@pytest.mark.parametrize(
    ("column", "code"), [("visits", 0), ("visits", -1), ("hour", -1), ("level", 0), ("price", 20)]
)
def test_fd_02_a_flood_of_one_value_within_the_range_stops(column: str, code: int) -> None:
    kind = rows().schema[column]
    broken = pl.when(in_part(0.3)).then(pl.lit(code, kind)).otherwise(column).alias(column)
    judgement = judge(rows().with_columns(broken), accepted())
    assert only(judgement, "flood").examples == (str(code),)
    assert judgement.outcome == "fail"


def test_examples_are_the_most_frequent_values() -> None:
    turn = pl.int_range(pl.len()) % 100
    broken = pl.when(turn < 2).then(888.0).when(turn < 5).then(999.0).when(turn < 6).then(777.0)
    judgement = judge(rows().with_columns(price=broken.otherwise("price")), accepted())
    assert only(judgement, "ranges").examples == ("999", "888", "777")


def test_shares_of_a_column_of_few_values_may_move() -> None:
    frame = rows().with_columns(level=pl.when(in_part(0.3)).then(pl.lit(4)).otherwise("level"))
    assert judge(frame, accepted()).outcome == "pass"


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("CLEAR", "'CLEAR' is 'clear' written otherwise"),
        (" clear ", "' clear ' is 'clear' written otherwise"),
        ("bright", "new 'bright'; no longer there 'clear'"),
    ],
)
def test_fd_05_a_renamed_category_stops_and_names_both(now: str, words: str) -> None:
    frame = rows().with_columns(pl.col("sky").replace("clear", now))
    finding = only(judge(frame, accepted()), "categories")
    assert finding.severity == "stop"
    assert words in finding.found


def test_fd_05_names_that_are_gone_stand_beside_the_new() -> None:
    frame = rows().with_columns(sky="new " + pl.col("sky"))
    found = only(judge(frame, accepted()), "categories").found
    assert "new 'new clear', 'new cloud', 'new rain'" in found
    assert "no longer there 'clear', 'cloud', 'rain'" in found


def test_fd_05_a_few_rows_in_new_clothes_are_told() -> None:
    broken = pl.when(in_part(0.02)).then(pl.lit("Rain")).otherwise("sky")
    finding = only(judge(rows().with_columns(sky=broken), accepted()), "categories")
    assert (finding.severity, finding.examples) == ("warn", ("'Rain'",))


def test_fd_06_an_explosion_of_categories_stops() -> None:
    frame = rows().with_columns(sky=pl.int_range(pl.len()).cast(pl.String))
    assert only(judge(frame, accepted()), "categories").severity == "stop"


def test_names_that_do_not_repeat_may_all_be_new() -> None:
    data = Data(source="", target="sold", task="regression", time="at")
    before = judge(rows(), data=data)
    frame = rows(seed=9).with_columns(shop=pl.col("shop") + " b")
    assert judge(frame, before, data=data).outcome == "pass"


@pytest.mark.parametrize(("hours", "outcome"), [(150, "fail"), (300, "pass"), (21_000, "fail")])
def test_fd_06_rows_may_not_grow_or_shrink_tenfold(hours: int, outcome: str) -> None:
    data = Data(source="", target="sold", task="regression", keys=("shop",), exclude=("month",))
    before = judge(rows(), data=data)
    judgement = judge(rows(hours, seed=4), before, data=data)
    assert judgement.outcome == outcome
    if outcome == "fail":
        assert only(judgement, "volume").rows == hours


def test_fd_07_swapped_columns_of_one_type_are_suspected() -> None:
    frame = rows().with_columns(price="warmth", warmth="price")
    found = [f for f in judge(frame, accepted()).stops if f.rule == "swapped"]
    assert {finding.column for finding in found} == {"price", "warmth"}


def test_a_distribution_that_moved_far_stops_and_one_that_moved_a_little_is_told() -> None:
    def warmer(degrees: float) -> DataJudgement:
        return judge(rows().with_columns(pl.col("warmth") + degrees), accepted())

    assert warmer(0.5).findings == ()
    assert only(warmer(6), "distribution").severity == "warn"
    assert warmer(6).outcome == "pass"
    assert only(warmer(14), "distribution").severity == "stop"


def test_a_small_sample_of_the_same_is_not_said_to_have_moved() -> None:
    data = Data(source="", target="sold", task="regression", keys=("shop",), exclude=("month",))
    before = judge(rows(300), data=data)
    windows = [judge(rows(120, seed), before, data=data) for seed in range(20, 60)]
    assert all(judgement.outcome == "pass" for judgement in windows)
    assert sum(len(judgement.findings) for judgement in windows) <= 2  # of 280 columns


def test_without_the_accepted_profile_it_says_what_was_not_compared() -> None:
    judgement = judge_data(rows(), accepted().contract, None, DataGate(), DATA)
    assert only(judgement, "distribution").severity == "warn"


# --- new rows among old ones ----------------------------------------------------------------------


def grown(fault: Fault) -> DataJudgement:
    """A thousand hours more, the newest 150 of them broken after 2850 were accepted."""
    frame = rows(3000)
    new = frame.tail(150)
    return judge(pl.concat([frame.head(2850), fault(new)]), judge(frame.head(2850)))


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (lambda new: new.with_columns(pl.col("price") * 1000), "scale"),
        (lambda new: new.with_columns(price=pl.when(~in_part(0.2)).then("price")), "missing"),
        (lambda new: new.with_columns(pl.col("sky").replace("rain", "wet")), "categories"),
        (
            lambda new: new.with_columns(
                visits=pl.when(in_part(0.3)).then(pl.lit(-1)).otherwise("visits")
            ),
            "flood",
        ),
        (lambda new: new.with_columns(price="warmth", warmth="price"), "swapped"),
    ],
)
def test_a_fault_in_the_newest_rows_is_not_diluted_by_the_old(fault: Fault, rule: str) -> None:
    judgement = grown(fault)
    assert judgement.outcome == "fail"
    stop = next(finding for finding in judgement.stops if finding.rule == rule)
    assert "among the 150 rows after 2025-04-29 17:00" in stop.found


def test_new_rows_like_the_old_pass() -> None:
    assert grown(lambda new: new).outcome == "pass"


def test_a_column_that_follows_the_time_may_move_on() -> None:
    frame = rows(6000).with_columns(row=pl.int_range(pl.len()))
    before = judge(frame.head(3000))
    judgement = judge(frame.tail(2500), before)
    assert judgement.outcome == "pass"
    assert {finding.column for finding in judgement.findings} == {"month", "row"}


def test_a_counter_may_grow_tenfold() -> None:
    frame = rows(4000).with_columns(row=pl.int_range(pl.len()) + 300)
    judgement = judge(frame.tail(1000), judge(frame.head(300)))
    assert judgement.outcome == "pass"
    assert "row" in {finding.column for finding in judgement.findings}


def test_a_column_that_follows_the_time_may_not_change_its_unit() -> None:
    at = pl.int_range(pl.len())
    frame = rows(6000).with_columns(row=at, half=at // 3500)
    broken = frame.with_columns(pl.col("row") * 1000, pl.col("half") * 1000)
    stopped = {finding.column for finding in judge(broken, judge(frame.head(5000))).stops}
    assert stopped == {"row", "half"}


def test_a_counter_may_not_shrink_a_thousandfold() -> None:
    frame = rows(6000).with_columns(row=pl.int_range(pl.len()) + 1.0)
    broken = frame.with_columns(pl.col("row") / 1000)
    assert only(judge(broken, judge(frame.head(5000))), "scale").severity == "stop"


def test_a_column_that_follows_the_time_may_not_become_an_error_code() -> None:
    judgement = grown(lambda new: new.with_columns(month=pl.lit(-1, pl.Int64)))
    assert only(judgement, "flood").column == "month"


# --- severity, refusal, laws ----------------------------------------------------------------------


def test_warn_only_lets_a_column_through_and_still_tells() -> None:
    frame = rows().with_columns(pl.col("price") * 1000)
    judgement = judge(frame, accepted(), DataGate(warn_only=("price",)))
    assert judgement.outcome == "pass"
    assert only(judgement, "scale").severity == "warn"


def test_warn_only_may_name_a_column_that_was_dropped() -> None:
    rules = DataGate(warn_only=("price",))
    assert judge(rows().drop("price"), accepted(), rules).outcome == "pass"


def test_warn_only_does_not_help_a_missing_target() -> None:
    rules = DataGate(warn_only=("sold",))
    assert judge(rows().drop("sold"), accepted(), rules).outcome == "fail"


def test_warn_only_of_no_column_is_an_error() -> None:
    judgement = judge(rows(), accepted(), DataGate(warn_only=("prise",)))
    assert (judgement.outcome, only(judgement, "declared").cure) == (
        "fail",
        "did you mean 'price'?",
    )


def test_every_problem_is_told_not_only_the_first() -> None:
    frame = rows().with_columns(
        pl.col("price") * 1000,
        sky=pl.lit("fog"),
        visits=pl.lit(None, pl.Int64),
        level=pl.col("level").cast(pl.String),
    )
    stopped = {finding.column for finding in judge(frame, accepted()).stops}
    assert stopped == {"price", "sky", "visits", "level"}


def test_a_finding_is_one_line_with_all_that_matters() -> None:
    broken = pl.when(in_part(0.05)).then(9999.0).otherwise("price")
    line = str(only(judge(rows().with_columns(price=broken), accepted()), "ranges"))
    assert line.startswith("price: expected ")
    assert line.endswith("found 5 % outside (100 rows, such as 9999)")
    assert "\n" not in line


def test_a_refusal_lists_at_most_ten_reasons_with_their_cures() -> None:
    frame = rows().with_columns(**{f"x{n}": pl.lit(float("inf")) for n in range(12)})
    error = data_refusal(judge(frame))
    assert type(error) is GateRefused
    assert str(error).count("  - x") == 10
    assert "and 2 more" in str(error)
    assert "write a missing value instead" in str(error)
    assert "warn_only" in error.fix


def test_p3_a_refusal_for_lack_of_rows_says_that_it_cannot_tell() -> None:
    error = data_refusal(judge(rows().head(7)))
    assert isinstance(error, NotEnoughEvidence)
    assert "cannot tell" in str(error)


BROKEN: tuple[Fault, ...] = (
    lambda frame: frame,
    lambda frame: frame.with_columns(pl.col("price") * 1000, sky=pl.lit("fog")),
    lambda frame: frame.with_columns(price="warmth", warmth="price"),
    lambda frame: frame.with_columns(
        visits=pl.when(in_part(0.3)).then(pl.lit(-1)).otherwise("visits"),
        warmth=pl.when(in_part(0.4)).then(float("nan")).otherwise("warmth"),
        sky=pl.when(in_part(0.1)).then(pl.lit("Rain")).otherwise("sky"),
        at=pl.when(in_part(0.9)).then("at"),
    ),
)


@pytest.mark.parametrize("fault", BROKEN)
def test_the_order_of_the_rows_does_not_matter(fault: Fault) -> None:
    frame = fault(rows(900))
    before = judge(rows(600, seed=3))
    ordered = judge(frame, before)
    for mixed in (frame.reverse(), frame.sample(fraction=1, shuffle=True, seed=4)):
        _same_but_for_last_digits(judge(mixed, before), ordered)


def _same_but_for_last_digits(shuffled: DataJudgement, ordered: DataJudgement) -> None:
    # means may differ in their last digits
    assert replace(shuffled, profile=Profile()) == replace(ordered, profile=Profile())
    pairs = zip(shuffled.profile.columns, ordered.profile.columns, strict=True)
    assert all((a.cells, a.names, a.nulls) == (b.cells, b.names, b.nulls) for a, b in pairs)


FLOATS = st.floats(-1e300, 1e300) | st.sampled_from([float("nan"), float("inf"), -float("inf")])


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """Small tables of odd values, with a target that can be learned."""
    size = draw(st.integers(0, 12))

    def column(
        values: st.SearchStrategy[object], kind: type[pl.DataType] | pl.DataType
    ) -> pl.Series:
        cells = draw(st.lists(st.none() | values, min_size=size, max_size=size))
        return pl.Series(cells, dtype=kind)

    return pl.DataFrame(
        {
            "at": column(st.datetimes(timezones=st.just(UTC)), pl.Datetime("us", "UTC")),
            "f": column(FLOATS, pl.Float64),
            "i": column(st.integers(-(2**63), 2**63 - 1), pl.Int64),
            "s": column(st.text(max_size=3), pl.String),
            "b": column(st.booleans(), pl.Boolean),
            "y": column(st.floats(-10, 10), pl.Float64),
        }
    )


@settings(max_examples=settings().max_examples // 2)  # each is two tables of six columns
@given(tables(), tables())
def test_own_contract_always_passes_and_no_table_raises(
    frame: pl.DataFrame, other: pl.DataFrame
) -> None:
    data, rules = Data(source="", target="y", task="regression", time="at"), DataGate(min_rows=1)
    first = judge(frame, None, rules, data)
    again = judge(frame, first, rules, data)
    assert again.contract == first.contract
    assert (again.outcome == "pass") == (first.outcome == "pass")
    against = judge(other, first, rules, data)
    assert all("\n" not in str(finding) for finding in against.findings)


ODD: dict[str, Sequence[object] | pl.Series] = {
    "list": [[1]],
    "struct": [{"a": 1}],
    "binary": [b"ab"],
    "null": [None],
    "decimal": [Decimal("1.5"), Decimal("2.5")],
    "time": [time(1), time(2)],
    "duration": [timedelta(1), timedelta(2)],
    "date": [date(1, 1, 1), date(9999, 12, 31)],
    "huge": [1e308, -1e308],
    "tiny": [5e-324, 1e-310],
    "unsigned": pl.Series([2**64 - 1, 2**63], dtype=pl.UInt64),
    "wide": pl.Series([2**100, 1], dtype=pl.Int128),
    "enum": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])),
    "object": pl.Series([object()], dtype=pl.Object),
}


def odd(name: str, role: str, height: int) -> pl.DataFrame:
    cells = pl.Series(ODD[name])
    x = pl.Series((cells.to_list() * height)[:height], dtype=cells.dtype)
    other = "x" if role == "y" else "y"
    return pl.DataFrame({role: x, other: [0.5, 1.5] * (height // 2)})


@pytest.mark.parametrize("role", ["x", "y", "at"])
def test_odd_types_are_findings_and_never_errors(role: str) -> None:
    time_column = "at" if role == "at" else None
    data = Data(source="", target="y", task="regression", time=time_column)
    before = [judge(odd(name, role, 120), data=data) for name in ODD]
    full = [odd(name, role, 120) for name in ODD]
    few = [odd(name, role, height) for name, height in product(ODD, (0, 2))]
    for first, frame in (*product(before, full), *product(before[-1:], few)):
        judged = judge_data(frame, first.contract, first.profile, DataGate(), data, past=first.past)
        assert judged.outcome in {"pass", "fail", "not_enough_evidence"}
