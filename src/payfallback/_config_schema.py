"""The models of a configuration file as a JSON Schema for editors of TOML."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from payfallback._config_model import ConfigFile
from payfallback._config_types import written


class _ForToml(GenerateJsonSchema):
    """TOML has no null, and durations are written with their unit: defaults are shown as a file would have them."""

    def nullable_schema(self, schema: Any) -> dict[str, Any]:
        """What may be left out is not required, and that is all."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> dict[str, Any]:
        """The default in the file's own words, where there is one to write."""
        made = super().default_schema(schema)
        default = made.pop("default", None)
        if isinstance(default, float) and made.get("type") == "string":
            made["default"] = written(default)
        elif default is not None and not isinstance(default, dict | list):
            made["default"] = default
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:
        """No titles: the keys are names enough."""
        return False


def schema_of_file() -> dict[str, Any]:
    """The schema of `ConfigFile`, by the names that stand in the file."""
    return ConfigFile.model_json_schema(schema_generator=_ForToml, by_alias=True)
