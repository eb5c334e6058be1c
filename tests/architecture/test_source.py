"""The rules of the source hold, apart from exceptions that each give a reason."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.architecture import rules
from tests.architecture.source import PACKAGE, Source, package

MAX_FILE = 300
MAX_FUNCTION = 40

Allowed = Mapping[str, str]
"""Files or folders (ending in ``/``) below ``src/mooring``, each with the reason."""

RULES: tuple[tuple[rules.Rule, Allowed, str], ...] = (
    (
        rules.deserialises,
        {"lineage/loading.py": "the one module that does"},
        "import pickle\nx = eval('1')\n",
    ),
    (rules.uses_a_shell, {}, "import subprocess\nsubprocess.run('ls', shell=True)\n"),
    (
        rules.reads_the_clock,
        {"clock.py": "the one module that does"},
        "from datetime import datetime as d\nd.now()\n",
    ),
    (
        rules.draws_at_random,
        {"ids.py": "ids must not repeat"},
        "import numpy as np\nnp.random.default_rng()\n",
    ),
    (rules.swallows_errors, {}, "try:\n    f()\nexcept OSError:\n    pass\n"),
    (
        rules.prints,
        {"cli/": "the command line speaks", "demo/": "and so does the demonstration"},
        "print(1)\n",
    ),
    (
        rules.raises_a_stranger,
        {},
        "class Strange(Exception): ...\nraise Strange\n",
    ),
    (rules.reports_usage, {}, "import posthog\n"),
    (
        rules.needs_an_extra,
        {"adapters/": "an adapter is only imported where its extra is wanted"},
        "import pandas as pd\n",
    ),
    (rules.holds_an_address, {}, "HOME = 'https://example.org'\n"),
    (rules.is_undocumented, {}, '"""m"""\ndef f(): ...\n'),
)

RAISED_BY_DESIGN: Mapping[tuple[str, str], str] = {
    ("cli/", "click.UsageError"): "click's own way to refuse what was typed",
}
"""(file or folder, error) that a rule of ``raises_a_stranger`` lets pass, with the reason."""

ADDRESSES: Mapping[str, str] = {
    "http://127.0.0.1": "this machine",
    "http://localhost": "this machine",
    "https://json-schema.org/draft/": "names the dialect of a JSON Schema; never fetched",
    "http://json-schema.org/draft": "names the dialect of a JSON Schema; never fetched",
    "http://www.w3.org/": "names an XML namespace; never fetched",
}
"""What an address may begin with, and the reason."""

LONG_FILES: Allowed = {}
LONG_FUNCTIONS: Allowed = {}
"""``file:function`` with the reason."""


def _name_of(part: object) -> str:
    return str(getattr(part, "__name__", ""))


@pytest.mark.parametrize(
    ("rule", "allowed"), [(rule, allowed) for rule, allowed, _ in RULES], ids=_name_of
)
def test_no_source_file(rule: rules.Rule, allowed: Allowed) -> None:
    findings = [
        f"src/mooring/{source.path}:{line}: {what}"
        for source in package()
        if not any(_covers(entry, source.path) for entry in allowed)
        for line, what in rule(source)
        if not _by_design(source.path, what) and not _known_address(what)
    ]
    assert not findings, f"{rule.__doc__}\n" + "\n".join(findings)


@pytest.mark.parametrize(
    ("rule", "sample"), [(rule, sample) for rule, _, sample in RULES], ids=_name_of
)
def test_each_rule_finds_what_it_forbids(rule: rules.Rule, sample: str) -> None:
    assert list(rule(Source("sample.py", sample)))


def test_sec_40_at_most_one_module_speaks_to_other_machines() -> None:
    assert list(rules.makes_requests(Source("sample.py", "import urllib.request\n")))
    speaking = {source.path for source in package() if any(rules.makes_requests(source))}
    # The demo speaks only to the server it has started itself, on this machine.
    speaking -= {"demo/server.py"}
    assert len([path for path in speaking if not path.startswith("adapters/")]) <= 1, speaking


def test_files_are_short() -> None:
    long = {s.path: len(s.code_lines) for s in package() if len(s.code_lines) > MAX_FILE}
    assert set(long) == set(LONG_FILES), f"lines of code over {MAX_FILE}, or no longer: {long}"


def test_functions_are_short() -> None:
    long = {
        f"{source.path}:{function.name}": source.size(function)
        for source in package()
        for function in source.functions()
        if source.size(function) > MAX_FUNCTION
    }
    assert set(long) == set(LONG_FUNCTIONS), f"lines over {MAX_FUNCTION}, or no longer: {long}"


def test_exceptions_are_for_files_that_exist() -> None:
    entries = {entry for _, allowed, _ in RULES for entry in allowed}
    entries |= {file for file, _ in RAISED_BY_DESIGN} | set(LONG_FILES)
    entries -= {"adapters/"}  # there may be none
    assert not [entry for entry in sorted(entries) if not (PACKAGE / entry).exists()]


def test_p10_package_data_holds_no_address() -> None:
    """A page that loads a script or a font from elsewhere needs a network and tells somebody."""
    findings = [
        f"{file.relative_to(PACKAGE)}: {line.strip()[:80]}"
        for file in sorted(PACKAGE.rglob("*"))
        if file.suffix in {".html", ".j2", ".css", ".js", ".svg", ".toml", ".json", ".tmpl"}
        for line in file.read_text(encoding="utf-8").splitlines()
        if ("http://" in line or "https://" in line) and not _known_address(line)
    ]
    assert not findings, findings


def _covers(entry: str, path: str) -> bool:
    return path == entry or (entry.endswith("/") and path.startswith(entry))


def _by_design(path: str, what: str) -> bool:
    return any(_covers(file, path) and what == f"raises {name}" for file, name in RAISED_BY_DESIGN)


def _known_address(text: str) -> bool:
    rest = text
    for prefix in ADDRESSES:
        rest = rest.replace(prefix, "")
    return rest != text and "http://" not in rest and "https://" not in rest
