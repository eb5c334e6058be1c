"""Values as TOML writes them: what is written is read back the same."""

from __future__ import annotations

_WIDTH = 96
_NARROWEST_CONTROL = 0x20
_DELETE = 0x7F


def toml_value(value: object) -> str:
    """A text, a number, a truth or a list of these as TOML writes it; long lists an item a line.

    Examples
    --------
    >>> toml_value('5" pipe'), toml_value(True), toml_value(0.1), toml_value(("a", 1))
    ('"5\\\\" pipe"', 'true', '0.1', '["a", 1]')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        items = [toml_value(item) for item in value]
        short = f"[{', '.join(items)}]"
        return short if len(short) <= _WIDTH else "[\n  " + ",\n  ".join(items) + ",\n]"
    if not isinstance(value, str):
        return repr(value)
    return f'"{"".join(map(_character, value))}"'


def toml_key(name: str) -> str:
    """A key of a table, quoted unless it needs no quotes."""
    bare = name.isascii() and name.replace("_", "a").replace("-", "a").isalnum()
    return name if bare else toml_value(name)


def _character(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    code = ord(character)
    if code < _NARROWEST_CONTROL or code == _DELETE or not character.isprintable():
        return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"  # noqa: PLR2004
    return character
