"""The JSON Schema that editors use."""

from __future__ import annotations

import json

from mooring.settings.model import ProjectFile
from mooring.settings.schema import json_schema


def test_the_schema_knows_every_table_and_forbids_others() -> None:
    schema = json.loads(json_schema())
    file = schema["$defs"]["ProjectFile"]
    assert set(file["properties"]) == set(ProjectFile.__struct_fields__)
    assert file["required"] == ["project", "data"]
    tables = [table for table in schema["$defs"].values() if table["type"] == "object"]
    assert len(tables) == 15
    assert all(table["additionalProperties"] is False for table in tables)


def test_the_schema_carries_words_limits_and_defaults() -> None:
    tables = json.loads(json_schema())["$defs"]
    assert tables["Data"]["properties"]["task"]["enum"] == ["binary", "multiclass", "regression"]
    port = tables["Serving"]["properties"]["port"]
    assert port == {"type": "integer", "minimum": 0, "maximum": 65535, "default": 8000}


def test_the_schema_lets_params_be_anything() -> None:
    params = json.loads(json_schema())["$defs"]["ProjectFile"]["properties"]["params"]
    assert params["type"] == "object"
    assert params["additionalProperties"] == {"title": "Any value"}
