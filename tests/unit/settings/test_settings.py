"""What ``mooring.toml`` may say, and how it is refused: the place and the cure."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import NoProject, SettingsError
from mooring.settings import Settings, find_project, load_settings

BASE = """\
[project]
name = "bikes"

[data]
source = "rides.parquet"
target = "rentals"
task = "regression"
time = "hour"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def read(root: Path, more: str = "", base: str = BASE, **environment: str) -> Settings:
    (root / "mooring.toml").write_text(base + more, encoding="utf-8")
    return load_settings(root, environment)


def refused(root: Path, more: str = "", base: str = BASE, **environment: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        read(root, more, base, **environment)
    return caught.value


def test_the_smallest_file_has_every_default(root: Path) -> None:
    settings = read(root)
    assert settings.project.name == "bikes"
    assert settings.split.holdout == 0.2
    assert settings.serving.host == "127.0.0.1"
    assert settings.state == root / ".mooring"
    assert settings.catalog_dsn == f"sqlite:///{root}/.mooring/catalog.db"
    assert settings.triggers == ()


def test_a_full_file_is_read(root: Path) -> None:
    settings = read(
        root,
        """
keys = ["rider"]
exclude = [
  "casual",
  "registered",
]
types = { zip = "string" }
window = "12w"

[params]
depth = 3
"max leaves" = 31

[gates.model]
metric = "rmse"

[[alerts]]
name = "team"
kind = "slack"
url_env = "SLACK"
severities = ["page"]

[[triggers]]
name = "monthly"
kind = "schedule"
cron = "0 3 1 * *"

[[triggers]]
name = "drifted"
kind = "drift"
features = 3
windows = "2 of 3"
alone = false

[[triggers]]
name = "both"
kind = "all"
of = ["monthly", "drifted"]
""",
    )
    assert settings.hidden_columns == ("rentals", "rider", "casual", "registered")
    assert settings.params == {"depth": 3, "max leaves": 31}
    assert settings.gates.model.metric == "rmse"
    assert [trigger.kind for trigger in settings.triggers] == ["schedule", "drift", "all"]
    assert settings.data.types == {"zip": "string"}


def test_fd_65_an_unknown_key_is_named_with_its_line_and_the_nearest(root: Path) -> None:
    error = refused(root, "\n[serving]\nhost = '0.0.0.0'\nprot = 9000\n")
    assert error.what == "unknown key 'serving.prot'"
    assert error.where == "mooring.toml, line 12"
    assert error.fix == "did you mean 'port'?"


@pytest.mark.parametrize(
    ("more", "key", "line", "fix"),
    [
        ("[gates.data]\nmin_row = 1\n", "gates.data.min_row", 10, "'min_rows'"),
        ("[gates]\ndata = { min_row = 1 }\n", "gates.data.min_row", 10, "'min_rows'"),
        ("gates.data.min_row = 1\n", "data.gates", 9, "'types'"),
        ("[survey]\n", "survey", 9, "serving, split"),
        ("[zzzz]\n", "zzzz", 9, "alerts, data, gates"),
        ("[zzzz.a]\nb = 1\n", "zzzz", 9, "alerts, data, gates"),
        (
            '[[alerts]]\nname = "a"\nkind = "log"\n[[alerts]]\nurl = "x"\n',
            "alerts.url",
            13,
            "'url_env'",
        ),
        (
            '[[triggers]]\nname = "a"\nkind = "drift"\nfeature = 2 # one\n',
            "triggers.feature",
            12,
            "'features'",
        ),
        ('triggers = [\n  { nam = "x" },\n]\n', "data.triggers", 9, "the keys here are"),
    ],
)
def test_fd_65_unknown_keys_are_found_wherever_they_stand(
    root: Path, more: str, key: str, line: int, fix: str
) -> None:
    error = refused(root, more)
    assert error.what == f"unknown key {key!r}"
    assert error.where == f"mooring.toml, line {line}"
    assert fix in error.fix


def test_an_inline_array_of_tables_is_read_as_strictly(root: Path) -> None:
    error = refused(root, base='triggers = [\n  { nam = "x" },\n]\n' + BASE)
    assert (error.what, error.where) == ("unknown key 'triggers.nam'", "mooring.toml, line 1")


@pytest.mark.parametrize(
    ("more", "what", "line"),
    [
        ("[serving]\nport = 'http'\n", "serving.port: expected `int`, got `str`", 10),
        ("[serving]\nport = 99999\n", "serving.port: expected `int` <= 65535", 10),
        ("[gates.data]\nmax_shift = 0\n", "gates.data.max_shift: expected `float` > 0", 10),
        ("[split]\nholdout = true\n", "split.holdout: expected `float | str`, got `bool`", 10),
        ("[split]\nholdout = 1.0\n", "split.holdout: expected `float` < 1.0", 10),
        ("keys = 'rider'\n", "data.keys: expected `array`, got `str`", 9),
        ("exclude = [\n 'a',\n 3,\n]\n", "data.exclude: expected `str`, got `int`", 9),
        ("[pipeline]\nseed = -1\n", "pipeline.seed: expected `int` >= 0", 10),
        ("[[data]]\n", "", 0),
    ],
)
def test_a_value_of_the_wrong_type_names_its_line(
    root: Path, more: str, what: str, line: int
) -> None:
    error = refused(root, more)
    assert error.what.startswith(what)
    assert error.where == f"mooring.toml, line {line}" if line else "mooring.toml" in error.where


def test_the_line_is_that_of_the_table_meant_among_several(root: Path) -> None:
    trigger = '[[triggers]]\nname = "{}"\nkind = "new_data"\nrows = {}\n'
    error = refused(root, trigger.format("a", 5) + trigger.format("b", "'x'"))
    assert error.what.startswith("triggers.rows: expected `int | null`, got `str`")
    assert error.where == "mooring.toml, line 16"


@pytest.mark.parametrize(
    ("key", "value", "fix"),
    [
        ("task", "regresion", "did you mean 'regression'?"),
        ("task", "zzz", "it may be regression, binary, multiclass"),
    ],
)
def test_a_word_that_is_not_allowed_names_those_that_are(
    root: Path, key: str, value: str, fix: str
) -> None:
    error = refused(root, base=BASE.replace('"regression"', f'"{value}"'))
    assert error.where == "mooring.toml, line 7"
    assert error.fix == fix
    assert key in error.what


@pytest.mark.parametrize(
    ("base", "what", "where"),
    [
        (
            BASE.replace('target = "rentals"\n', ""),
            "data.target: the key 'target' is missing",
            ", line 4",
        ),
        (
            BASE.replace('[project]\nname = "bikes"\n', ""),
            "project: the key 'project' is missing",
            "",
        ),
        ("", "project: the key 'project' is missing", ""),
        (
            BASE + "[[triggers]]\nname = 'a'\n",
            "triggers.kind: the key 'kind' is missing",
            ", line 9",
        ),
    ],
)
def test_a_missing_key_names_the_table_it_belongs_in(
    root: Path, base: str, what: str, where: str
) -> None:
    error = refused(root, base=base)
    assert (error.what, error.where) == (what, f"mooring.toml{where}")
    assert error.fix


@pytest.mark.parametrize(
    ("variable", "text", "found"),
    [
        ("MOORING_SERVING__PORT", "9000", lambda s: s.serving.port == 9000),
        ("MOORING_GATES__DATA__MIN_ROWS", "7", lambda s: s.gates.data.min_rows == 7),
        ("MOORING_DATA__SOURCE", "s3://bucket/x.parquet", lambda s: s.data.source.startswith("s3")),
        ("MOORING_PROJECT__NAME", "2026", lambda s: s.project.name == "2026"),
        ("MOORING_DATA__SOURCE", "2026-03-01", lambda s: s.data.source == "2026-03-01"),
        ("MOORING_DATA__WINDOW", '"4w"', lambda s: s.data.window == "4w"),
        ("MOORING_SPLIT__HOLDOUT", "7d", lambda s: s.split.holdout == "7d"),
        ("MOORING_SPLIT__HOLDOUT", "0.3", lambda s: s.split.holdout == 0.3),
        ("MOORING_DATA__KEYS", '["a", "b"]', lambda s: s.data.keys == ("a", "b")),
        ("MOORING_PARAMS__DEPTH", "5", lambda s: s.params == {"depth": 5}),
        (
            "MOORING_STORAGE__CATALOG",
            "postgresql://db",
            lambda s: s.catalog_dsn == "postgresql://db",
        ),
        ("MOORING_WEBHOOK_URL", "for an alert's url_env", lambda s: s.project.name == "bikes"),
        ("OTHER_SERVING__PORT", "1", lambda s: s.serving.port == 8000),
    ],
)
def test_a_variable_overrides_any_key(root: Path, variable: str, text: str, found: object) -> None:
    assert callable(found)
    assert found(read(root, "[serving]\n", **{variable: text}))


@pytest.mark.parametrize(
    ("variable", "text", "what"),
    [
        ("MOORING_SERVING__PROT", "9000", "unknown key 'serving.prot'"),
        ("MOORING_NO__SUCH__KEY", "1", "unknown key 'no'"),
        ("MOORING_SERVING__PORT", "http", "serving.port: expected `int`"),
        ("MOORING_SERVING__PORT", "70000", "serving.port: expected `int` <= 65535"),
        ("MOORING_POLICY__COOLDOWN", "soon", "policy.cooldown: 'soon' is not a duration"),
    ],
)
def test_a_variable_that_is_wrong_is_named(root: Path, variable: str, text: str, what: str) -> None:
    error = refused(root, **{variable: text})
    assert error.what.startswith(what)
    assert error.where == f"the environment variable {variable}"


@pytest.mark.parametrize(
    "variable", ["MOORING_SERVING__", "MOORING___PORT", "MOORING_TRIGGERS__X__Y"]
)
def test_a_variable_that_names_no_key_is_refused(root: Path, variable: str) -> None:
    error = refused(root, '[[triggers]]\nname="a"\nkind="drift"\n', **{variable: "1"})
    assert variable in str(error)


def test_a_variable_with_one_underscore_too_few_is_not_ignored(root: Path) -> None:
    error = refused(root, MOORING_GATES_DATA_MIN_ROWS="5")
    assert "MOORING_GATES__DATA__MIN_ROWS" in error.fix


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('label_delay = "soon"\n', "data.label_delay"),
        ('window = "0d"\n', "data.window"),
        ('[monitoring]\nevery = "0s"\n', "monitoring.every"),
        ('[monitoring]\nwindow = "1 month"\n', "monitoring.window"),
        ('[policy]\ncooldown = ""\n', "policy.cooldown"),
        ('[split]\nholdout = "2 weeks"\n', "split.holdout"),
        ('[[triggers]]\nname = "a"\nkind = "schedule"\nevery = "monthly"\n', "triggers.every"),
    ],
)
def test_durations_are_checked_where_they_stand(root: Path, more: str, key: str) -> None:
    error = refused(root, more)
    assert error.what.startswith(f"{key}: ")
    assert error.where == f"mooring.toml, line {8 + more.rstrip().count(chr(10)) + 1}"
    assert error.fix


TRIGGERS = [
    ('kind = "schedule"', "says nothing", "every or cron"),
    ('kind = "new_data"', "says nothing", "rows"),
    ('kind = "performance"', "says nothing", "degraded"),
    ('kind = "all"', "says nothing", "of"),
    ('kind = "schedule"\nevery = "1d"\ncron = "0 3 * * *"', "not look at 'cron'", "take it out"),
    ('kind = "drift"\nrows = 3', "not look at 'rows'", "features or windows"),
    ('kind = "new_data"\nrows = 3\nwindows = "1 of 1"', "not look at 'windows'", "rows"),
    ('kind = "schedule"\ncron = "61 * * * *"', "cron = '61 * * * *'", "0 3 * * 1"),
    ('kind = "schedule"\ncron = "often"', "cron = 'often'", "0 3 * * 1"),
    ('kind = "schedule"\ncron = "0 0 30 2 *"', "", ""),
    ('kind = "schedule"\nevery = "0d"', "is no time at all", "7d"),
    ('kind = "drift"\nwindows = "two of three"', "windows = 'two of three'", "2 of 3"),
    ('kind = "drift"\nwindows = "3 of 2"', "windows = '3 of 2'", "2 of 3"),
    ('kind = "drift"\nwindows = "0 of 2"', "windows = '0 of 2'", "2 of 3"),
    ('kind = "drift"\nwindows = "1 of 500"', "windows = '1 of 500'", "20 at most"),
    ('kind = "all"\nof = ["b"]', "refers to 'b', which is not another", "it may join"),
    ('kind = "all"\nof = ["a"]', "refers to 'a', which is not another", ""),
    ('kind = "drift"\nalone = false', "counts for nothing", 'kind "all"'),
]


@pytest.mark.parametrize(("body", "says", "fix"), TRIGGERS, ids=[t[0] for t in TRIGGERS])
def test_fd_65_a_trigger_that_could_never_fire_is_refused(
    root: Path, body: str, says: str, fix: str
) -> None:
    error = refused(root, f'[[triggers]]\nname = "a"\n{body}\n')
    assert says in error.what
    assert fix in error.fix
    assert re.fullmatch(r"mooring.toml, line (9|1\d)", error.where)


def test_a_trigger_that_joins_others_names_the_nearest(root: Path) -> None:
    error = refused(
        root,
        '[[triggers]]\nname = "drifted"\nkind = "drift"\n'
        '[[triggers]]\nname = "both"\nkind = "all"\nof = ["drited"]\n',
    )
    assert error.fix == "did you mean 'drifted'?"
    assert error.where == "mooring.toml, line 15"


def test_a_trigger_does_not_join_another_that_joins(root: Path) -> None:
    body = '[[triggers]]\nname = "{0}"\nkind = "all"\nof = ["{1}"]\n'
    error = refused(root, body.format("a", "b") + body.format("b", "a"))
    assert "which is not another trigger" in error.what


@pytest.mark.parametrize(
    ("table", "body"), [("triggers", 'kind = "drift"'), ("alerts", 'kind = "log"')]
)
def test_two_of_a_kind_do_not_share_a_name(root: Path, table: str, body: str) -> None:
    error = refused(root, f'[[{table}]]\nname = "a"\n{body}\n' * 2)
    assert error.what == f"{table}: two of them share the name 'a'"
    assert error.where == "mooring.toml, line 13"


def test_a_route_that_leads_elsewhere_names_the_variable_of_its_address(root: Path) -> None:
    error = refused(root, '[[alerts]]\nname = "team"\nkind = "slack"\n')
    assert "url_env" in error.fix
    assert error.where == "mooring.toml, line 9"


@pytest.mark.parametrize("more", ['keys = ["rentals"]\n', 'exclude = ["x", "rentals"]\n'])
def test_fd_22_the_target_is_nothing_else_as_well(root: Path, more: str) -> None:
    error = refused(root, more)
    assert "'rentals' is also a key, the time or excluded" in error.what
    assert error.where == "mooring.toml, line 6"


def test_fd_22_the_target_is_not_the_time(root: Path) -> None:
    assert "also" in refused(root, base=BASE.replace('"hour"', '"rentals"')).what


@pytest.mark.parametrize("more", ['window = "12w"\n', '[split]\nholdout = "7d"\n'])
def test_a_span_of_the_data_needs_a_time_column(root: Path, more: str) -> None:
    error = refused(root, more, base=BASE.replace('time = "hour"\n', ""))
    assert "there is no time column" in error.what
    assert error.fix


def test_a_split_leaves_rows_to_train_on(root: Path) -> None:
    error = refused(root, "[split]\nvalidation = 0.5\nholdout = 0.5\n")
    assert "no rows to train on" in error.what
    read(root, '[split]\nvalidation = "7d"\nholdout = 0.5\n')


def test_a_file_that_is_not_toml_says_where(root: Path) -> None:
    error = refused(root, "[serving\n")
    assert "is not valid TOML" in error.what
    assert "line 9" in error.what
    assert "is not valid TOML" in refused(root, '[data]\nsource = "again"\n').what


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_in_another_encoding_is_refused(root: Path, encoding: str) -> None:
    (root / "mooring.toml").write_bytes((BASE + "# café\n").encode(encoding))
    with pytest.raises(SettingsError, match="is not UTF-8") as caught:
        load_settings(root, {})
    assert "UTF-8" in caught.value.fix


def test_a_byte_order_mark_and_windows_line_ends_are_read(root: Path) -> None:
    text = BASE.replace("\n", "\r\n")
    (root / "mooring.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load_settings(root, {}).project.name == "bikes"
    (root / "mooring.toml").write_bytes(text.encode() + b"[serving]\r\nprot = 1\r\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(root, {})
    assert caught.value.where == "mooring.toml, line 10"


def test_a_folder_in_its_place_cannot_be_read(root: Path) -> None:
    (root / "mooring.toml").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(root, {})


def test_the_project_is_found_from_a_folder_inside_it(root: Path) -> None:
    read(root)
    inside = root / "a" / "b"
    inside.mkdir(parents=True)
    assert find_project(inside) == root
    assert find_project(root) == root


def test_a_folder_outside_any_project_says_how_to_start_one(root: Path) -> None:
    with pytest.raises(NoProject) as caught:
        find_project(root)
    assert "mooring init" in caught.value.fix
    with pytest.raises(NoProject):
        load_settings(root, {})


WORDS = st.sampled_from(
    [
        "[data]",
        "[[triggers]]",
        "[triggers.x]",
        "name = 1",
        "a.b = 2",
        "x = [",
        "]",
        '"q u" = 3',
        "[",
        "=",
        "'''",
    ]
)


@given(
    st.lists(WORDS, max_size=8),
    st.dictionaries(
        st.sampled_from(
            ["MOORING_DATA__X", "MOORING_A__B__C", "MOORING_DATA__TIME", "MOORING_TRIGGERS__NAME"]
        ),
        st.text(max_size=5),
        max_size=2,
    ),
)
def test_rel_13_no_file_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], environment: dict[str, str]
) -> None:
    root = tmp_path_factory.getbasetemp() / "rel_13"
    root.mkdir(exist_ok=True)
    (root / "mooring.toml").write_text(BASE + "\n".join(lines), encoding="utf-8")
    with contextlib.suppress(SettingsError):
        load_settings(root, environment)


@given(st.text(max_size=60))
def test_rel_13_no_text_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    root = tmp_path_factory.getbasetemp() / "rel_13_text"
    root.mkdir(exist_ok=True)
    (root / "mooring.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SettingsError):
        load_settings(root, {})


KEPT = '[serving]\nlog_keys = ["station"]\nfeatures_at = "computed_at"\n'


def test_fd_18_the_fields_that_requests_are_joined_and_dated_by_are_read(root: Path) -> None:
    settings = read(root, KEPT + '[monitoring]\nmax_feature_age = "2h"\nmax_skew = 0.05\n')
    assert settings.serving.log_keys == ("station",)
    assert settings.serving.features_at == "computed_at"
    assert settings.monitoring.max_feature_age == "2h"


@pytest.mark.parametrize(
    ("more", "what", "line"),
    [
        ('[serving]\nlog_keys = ["rentals"]\n', "serving.log_keys: 'rentals' is the target", 10),
        ('[serving]\nfeatures_at = "rentals"\n', "serving.features_at: 'rentals' is the", 10),
        (KEPT.replace("computed_at", "station"), "'station' is also one of serving.log_keys", 11),
        ('[monitoring]\nmax_feature_age = "2h"\n', "no field says when features were", 10),
        (KEPT + '[monitoring]\nmax_feature_age = "soon"\n', "'soon' is not a duration", 13),
        (KEPT + '[monitoring]\nmax_feature_age = "0s"\n', "'0s' is no time at all", 13),
    ],
)
def test_fd_18_a_field_or_limit_that_makes_no_sense_is_refused_by_its_line(
    root: Path, more: str, what: str, line: int
) -> None:
    error = refused(root, more)
    assert what in error.what
    assert error.where.endswith(f"line {line}")
    assert error.fix
