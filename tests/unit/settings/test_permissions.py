"""``[permissions]``: only the file can say who may."""

from __future__ import annotations

from pathlib import Path

import pytest

from mooring.errors import NotPermitted, SettingsError
from mooring.lineage.overrides import check_permission
from mooring.settings import Settings, load_settings

BASE = """
[project]
name = "bikes"
[data]
source = "d.csv"
target = "y"
task = "regression"
"""


def read(root: Path, more: str = "", **environment: str) -> Settings:
    (root / "mooring.toml").write_text(BASE + more, encoding="utf-8")
    return load_settings(root, environment)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("", True),
        ("[permissions]\noverride = true", True),
        ("[permissions]\noverride = false", False),
        ("[permissions]\noverride = []", ()),
        ('[permissions]\noverride = ["ana", "uid 1000"]', ("ana", "uid 1000")),
    ],
)
def test_who_may_override_is_read(tmp_path: Path, written: str, read_as: object) -> None:
    assert read(tmp_path, written).permissions.override == read_as


@pytest.mark.parametrize(
    "written", ['override = "ana"', 'override = [""]', "override = 1", "ovr = []"]
)
def test_a_permission_that_makes_no_sense_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, f"[permissions]\n{written}\n")
    assert "mooring.toml, line 9" in refused.value.where


@pytest.mark.parametrize("value", ["true", "false", '["eve"]', "[]"])
def test_no_variable_changes_a_permission_in_either_direction(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match="would change who may do what") as refused:
        read(
            tmp_path,
            "[permissions]\noverride = false\n",
            MOORING_PERMISSIONS__OVERRIDE=value,
        )
    assert "permissions stand only in mooring.toml" in refused.value.fix


@pytest.mark.parametrize(("permitted", "who"), [(True, "eve"), (("ana",), "ana")])
def test_whoever_may_is_not_stopped(permitted: bool | tuple[str, ...], who: str) -> None:
    check_permission(permitted, who)


@pytest.mark.parametrize("permitted", [False, (), ("ana",), ("eve ",), ("Eve",)])
def test_whoever_may_not_is_told_by_which_line(permitted: bool | tuple[str, ...]) -> None:
    with pytest.raises(NotPermitted, match="eve may not override a gate") as refused:
        check_permission(permitted, "eve")
    assert refused.value.where.startswith("[permissions] override = ")
    assert refused.value.exit_code == 1
