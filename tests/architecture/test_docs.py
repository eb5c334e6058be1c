"""The documents tell the truth: verbs, settings, links and decisions that exist."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from mooring.settings.model import ProjectFile
from tests.architecture.documents import Document, nested, read, unknown_keys
from tests.architecture.source import ROOT
from tests.architecture.test_repository import files

FOR_USERS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"]
DOCUMENTS = [str(path) for path in files() if path.suffix == ".md"]
DECISIONS = [name for name in DOCUMENTS if re.fullmatch(r"decisions/\d{4}-[a-z0-9-]+\.md", name)]
SETTING = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
VARIABLE = re.compile(r"MOORING_([A-Z_]*__[A-Z_]+)")
FILE_ENDINGS = {"csv", "db", "json", "jsonl", "lock", "md", "parquet", "pkl", "py", "toml"}


@cache
def verbs(*under: str) -> frozenset[str]:
    """The commands that ``mooring --help`` lists, or those of a verb that has its own."""
    mooring = Path(sys.executable).with_name("mooring")
    ended = subprocess.run(
        [mooring, *under, "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    section, found = "", set()
    for line in ended.stdout.splitlines():
        heading = re.fullmatch(r"(\S.*):", line)
        section = heading[1] if heading else section
        entry = re.match(r"  ([a-z][a-z-]*)(?:  |$)", line)
        if entry and section and section != "Options":
            found.add(entry[1])
    return frozenset(found - {"mooring"})  # examples in a help text


@pytest.mark.parametrize("name", FOR_USERS)
def test_every_command_shown_exists(name: str) -> None:
    for words in read(name).commands():
        assert words[0] in verbs(), f"{name} shows `mooring {' '.join(words)}`"
        if len(words) > 1 and verbs(words[0]):
            assert words[1] in verbs(words[0]), f"{name} shows `mooring {' '.join(words)}`"


def test_every_verb_stands_in_the_readme() -> None:
    shown = {words[0] for words in read("README.md").commands()}
    assert verbs()
    assert not verbs() - shown


@pytest.mark.parametrize("name", FOR_USERS)
def test_every_setting_shown_exists(name: str) -> None:
    document = read(name)
    shown = [table for table in document.tables() if set(table) & set(_settings_tables())]
    shown += [nested(name) for name in _settings_named(document)]
    assert not [key for table in shown for key in unknown_keys(ProjectFile, table)]


def test_an_unknown_setting_is_found() -> None:
    document = Document(Path("x.md"), "Set `serving.prot`, `MOORING_DATA__SUORCE` or `[gats]`.")
    tables = [nested(name) for name in _settings_named(document)]
    keys = [key for table in tables for key in unknown_keys(ProjectFile, table)]
    assert keys == ["serving.prot", "data.suorce"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere(name: str) -> None:
    document = read(name)
    for link in document.links:
        target, _, anchor = link.partition("#")
        file = (ROOT / name).parent / target if target else ROOT / name
        assert file.exists(), f"{name} links to {link}"
        if anchor and file.suffix == ".md":
            linked = Document(file, file.read_text(encoding="utf-8"))
            assert anchor in linked.anchors, f"{name} links to {link}"


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_is_listed_and_says_what_was_rejected(name: str) -> None:
    assert Path(name).name in read("decisions/README.md").links
    text = read(name).text
    for heading in ("## Context", "## Choice", "## Rejected", "## Consequences"):
        assert f"\n{heading}\n" in text


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(Path(name).name[:4]) for name in sorted(DECISIONS)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


def test_the_changelog_knows_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    heading = rf"^## \[(Unreleased|{re.escape(version)})\]"
    assert re.search(heading, read("CHANGELOG.md").text, re.MULTILINE)


def test_every_make_target_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name in FOR_USERS:
        document = read(name)
        code = "\n".join((*document.blocks("", "sh", "console", "bash", "shell"), *document.spans))
        assert set(re.findall(r"^(?:\$ )?make ([a-z]+)", code, re.MULTILINE)) <= targets


def _settings_tables() -> tuple[str, ...]:
    return ProjectFile.__struct_fields__


def _settings_named(document: Document) -> list[str]:
    """``table.key``, ``[table.sub]`` and ``MOORING_TABLE__KEY`` between backticks."""
    dotted = [span.strip("[]") for span in document.spans]
    names = [
        name
        for name in dotted
        if SETTING.fullmatch(name)
        and name.partition(".")[0] in _settings_tables()
        and name.rpartition(".")[2] not in FILE_ENDINGS
    ]
    variables = [match for span in document.spans for match in VARIABLE.findall(span)]
    return names + [name.lower().replace("__", ".") for name in variables]
