"""The package's source as values: each file with its syntax tree and what its names stand for."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "mooring"

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module

_NOT_CODE = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    }
)


@dataclass(frozen=True)
class Source:
    """One Python file: its path below the package, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, self.path)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text; the first has index 0."""
        return self.text.splitlines()

    @cached_property
    def names(self) -> dict[str, str]:
        """What each imported name stands for, such as ``dt`` for ``datetime``."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    found[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return found

    @cached_property
    def code_lines(self) -> frozenset[int]:
        """Numbers of the lines that hold code: neither blank, nor comment, nor docstring."""
        code: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in _NOT_CODE:
                code.update(range(token.start[0], token.end[0] + 1))
        for text in self.docstrings:
            code.difference_update(range(text.lineno, (text.end_lineno or text.lineno) + 1))
        return frozenset(code)

    @cached_property
    def docstrings(self) -> tuple[ast.Constant, ...]:
        """Every string that stands alone as a statement, as documentation does."""
        return tuple(
            node.value
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        )

    def meaning(self, node: ast.AST) -> str:
        """The full dotted name of an expression; nothing for an attribute of a variable."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if not isinstance(node, ast.Attribute):
            return ""
        if isinstance(node.value, ast.Name) and node.value.id not in self.names:
            return ""
        before = self.meaning(node.value)
        return f"{before}.{node.attr}" if before else ""

    def imports(self) -> Iterator[tuple[int, str]]:
        """The line and full name of each module or member that is imported."""
        for node in ast.walk(self.tree):
            yield from imported(node)

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def size(self, node: Function) -> int:
        """Lines of code of a function, without its decorators and its docstring."""
        return len(self.code_lines & set(range(node.lineno, (node.end_lineno or node.lineno) + 1)))


def imported(node: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and full name of what one statement imports."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield node.lineno, alias.name
    elif isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            yield node.lineno, f"{node.module}.{alias.name}"


def is_of(name: str, packages: frozenset[str] | set[str]) -> bool:
    """Whether a dotted name is one of these packages or lies within one.

    Examples
    --------
    >>> is_of("numpy.random.rand", {"numpy.random"}), is_of("numpydoc", {"numpy"})
    (True, False)
    """
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@cache
def package() -> tuple[Source, ...]:
    """Every Python file of the package."""
    return tuple(
        Source(file.relative_to(PACKAGE).as_posix(), file.read_text(encoding="utf-8"))
        for file in sorted(PACKAGE.rglob("*.py"))
    )
