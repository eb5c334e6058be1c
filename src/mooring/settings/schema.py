"""A JSON Schema of ``mooring.toml``, for editors that complete and check it while one types."""

from __future__ import annotations

import msgspec

from mooring.settings.model import ProjectFile


def json_schema() -> bytes:
    """The schema of the file as indented JSON (draft 2020-12).

    It knows keys, types, limits and defaults. What only reading can tell, such as a trigger that
    refers to another, is left to :func:`mooring.settings.load_settings`.

    Examples
    --------
    >>> json_schema()[:1]
    b'{'
    """
    schema = msgspec.json.schema(ProjectFile, schema_hook=_hook)
    return msgspec.json.format(msgspec.json.encode(schema), indent=2)


def _hook(hint: type) -> dict[str, object]:
    """``[params]`` holds whatever the project's own code wants."""
    if hint is object:
        return {"title": "Any value"}
    raise NotImplementedError
