"""The rules of the source, each a function from one file to what breaks it there."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator

from tests.architecture.source import Documented, Function, Source, imported, is_of

Finding = tuple[int, str]
Rule = Callable[[Source], Iterator[Finding]]

DESERIALISERS = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve", "skops", "torch"}
DESERIALISING_CALLS = {"eval", "exec", "yaml.load", "pandas.read_pickle"}
SHELLS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
CLOCKS = {
    *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
    *(f"time.{name}" for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "asctime")),
    "datetime.date.today",
}
CHANCE = {"os.urandom", "secrets", "uuid.uuid1", "uuid.uuid4", "random", "numpy.random"}
MODULES_OF_CHANCE = {"secrets", "random", "numpy.random"}
SEEDED = {
    "random.Random",
    *(
        f"numpy.random.{name}"
        # RandomState is what the tools that compat reproduces draw from
        for name in ("Generator", "SeedSequence", "PCG64", "RandomState", "default_rng")
    ),
}
NETWORK = {"aiohttp", "http.client", "httpx", "requests", "urllib.request", "urllib3"}
TELEMETRY = {"analytics", "mixpanel", "opentelemetry", "posthog", "scarf", "sentry_sdk"}
EXTRAS = {"pandas", "psycopg", "pyarrow"}
PROGRAMMING_ERRORS = {
    *("AssertionError", "AttributeError", "IndexError", "KeyError", "NotImplementedError"),
    *("StopIteration", "TypeError", "ValueError"),
}


def deserialises(source: Source) -> Iterator[Finding]:
    """SEC-10: loads a format that can run code, or runs code made of data."""
    for line, name in source.imports():
        if is_of(name, DESERIALISERS):
            yield line, f"imports {name}"
    for call in _calls(source):
        if source.meaning(call.func) in DESERIALISING_CALLS:
            yield call.lineno, f"calls {source.meaning(call.func)}"
        if _is_true(call, "allow_pickle"):
            yield call.lineno, "allows pickle"


def uses_a_shell(source: Source) -> Iterator[Finding]:
    """SEC-50: gives a command to a shell, which reads metacharacters in it."""
    for call in _calls(source):
        if source.meaning(call.func) in SHELLS or _is_true(call, "shell"):
            yield call.lineno, "gives a command to a shell"


def reads_the_clock(source: Source) -> Iterator[Finding]:
    """REL-06: asks the machine what time it is; durations (monotonic) are not times."""
    for line, name in _mentions(source):
        if name in CLOCKS:
            yield line, f"mentions {name}"


def draws_at_random(source: Source) -> Iterator[Finding]:
    """Draws from a source of chance that no seed repeats."""
    for line, name in _mentions(source):
        if is_of(name, CHANCE) and name not in MODULES_OF_CHANCE and not is_of(name, SEEDED):
            yield line, f"mentions {name}"
    for call in _calls(source):
        if source.meaning(call.func) in SEEDED and not call.args and not call.keywords:
            yield call.lineno, f"{source.meaning(call.func)} without a seed"


def swallows_errors(source: Source) -> Iterator[Finding]:
    """REL-18: lets an error go by without a ``# swallow: reason`` beside it."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield node.lineno, "a bare except"
            elif all(_does_nothing(statement) for statement in node.body):
                yield from _without_reason(source, node.lineno, node.body[-1].lineno)
        elif isinstance(node, ast.Call) and source.meaning(node.func) == "contextlib.suppress":
            yield from _without_reason(source, node.lineno, node.lineno)


def prints(source: Source) -> Iterator[Finding]:
    """Writes to the terminal."""
    for call in _calls(source):
        if source.meaning(call.func) == "print":
            yield call.lineno, "prints"


def raises_a_stranger(source: Source) -> Iterator[Finding]:
    """Raises what is neither in ``mooring.errors`` nor a programming error."""
    private = {n.name for n in ast.walk(source.tree) if isinstance(n, ast.ClassDef)}
    private = {name for name in private if name.startswith("_")}
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        name = source.meaning(raised)
        if not name or name in private or is_of(name, {"mooring.errors"}):
            continue
        if name.rpartition(".")[2].lstrip("_")[:1].islower():  # a variable, or what makes an error
            continue
        if name not in PROGRAMMING_ERRORS:
            yield node.lineno, f"raises {name}"


def makes_requests(source: Source) -> Iterator[Finding]:
    """SEC-40: speaks to other machines."""
    for line, name in source.imports():
        if is_of(name, NETWORK):
            yield line, f"imports {name}"


def reports_usage(source: Source) -> Iterator[Finding]:
    """P10: imports what reports usage to somebody."""
    for line, name in source.imports():
        if is_of(name, TELEMETRY):
            yield line, f"imports {name}"


def needs_an_extra(source: Source) -> Iterator[Finding]:
    """Imports an extra at the top, so that the module cannot be imported without it."""
    for node in source.tree.body:
        for line, name in imported(node):
            if is_of(name, EXTRAS):
                yield line, f"imports {name}"


def holds_an_address(source: Source) -> Iterator[Finding]:
    """P10: holds an address outside its documentation."""
    documentation = {id(node) for node in source.docstrings}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = [scheme for scheme in ("http://", "https://") if scheme in node.value]
            if found and id(node) not in documentation:
                yield node.lineno, node.value[:80]


def is_undocumented(source: Source) -> Iterator[Finding]:
    """A public module, class, function or method without a docstring."""
    if source.text.strip() and ast.get_docstring(source.tree) is None:
        yield 1, "the module"
    for name, node in _public(source.tree, ""):
        if ast.get_docstring(node) is None:
            yield node.lineno, name


def _public(scope: Documented, prefix: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for node in scope.body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            if not _needs_no_words(node):
                yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _public(node, f"{prefix}{node.name}.")


def _needs_no_words(node: Function | ast.ClassDef) -> bool:
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return bool(names & {"overload", "override", "setter"})


def _calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))


def _mentions(source: Source) -> Iterator[Finding]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = source.meaning(node)
            if name and not hasattr(builtins, name):
                yield node.lineno, name


def _is_true(call: ast.Call, keyword: str) -> bool:
    return any(
        k.arg == keyword and not (isinstance(k.value, ast.Constant) and not k.value.value)
        for k in call.keywords
    )


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass | ast.Continue):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _without_reason(source: Source, first: int, last: int) -> Iterator[Finding]:
    beside = source.lines[max(first - 2, 0) : last]  # from the line above
    if not any("# swallow: " in line for line in beside):
        yield first, "an error is dropped without a `# swallow: reason`"
