"""The base models of configuration: frozen, without unknown keys, silent about secrets."""

from collections.abc import Iterator
from typing import Never, override

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from fastapi_chassis.config.masking import masked
from fastapi_chassis.config.production import refuse_published_passwords


class ConfigModel(BaseModel):
    """Base of every section: frozen, unknown keys refused, defaults validated, its repr without secrets."""

    model_config = ConfigDict(
        frozen=True,
        defer_build=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=True,
        revalidate_instances="always",
        validate_by_name=True,
        validate_by_alias=True,
    )

    @field_validator("*", mode="after")
    @classmethod
    def _refuse_published_passwords(cls, value: object, info: ValidationInfo) -> object:
        return refuse_published_passwords(value, info)

    @override
    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        for name, value in super().__repr_args__():
            yield name, masked(value, name or "")

    @override
    def __reduce__(self) -> Never:
        raise TypeError("configuration may hold secrets and is not pickled: load it in the other process")


class PluginConfig(ConfigModel):
    """Base of each plugin's section.

    Args:
        enabled: False leaves the plugin out; its library isn't even imported.
        required: False lets the service start degraded while the plugin's backend is away.
    """

    enabled: bool = True
    required: bool = True
