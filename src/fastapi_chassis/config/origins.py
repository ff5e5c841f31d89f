"""Origin: where a value came from, down to file and line."""

from dataclasses import dataclass
from enum import IntEnum


class Layer(IntEnum):
    """The layers of configuration; a higher one wins."""

    DEFAULT = 0
    APPLICATION = 1
    FILE = 2
    PROFILE = 3
    SECRETS = 4
    DOTENV = 5
    ENVIRONMENT = 6
    ARGUMENTS = 7

    @property
    def folds_case(self) -> bool:
        """True where keys are names of variables or files, which don't keep the case of a field."""
        return self in {Layer.SECRETS, Layer.DOTENV, Layer.ENVIRONMENT}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from.

    Args:
        layer: the layer that won.
        source: the file, variable or argument, as it is shown.
        line: the line in the file, from 1.
        variables: the variables that were substituted into the value.
        is_hidden: whether one of them is a secret.
    """

    layer: Layer
    source: str = ""
    line: int | None = None
    variables: tuple[str, ...] = ()
    is_hidden: bool = False

    @property
    def is_secret(self) -> bool:
        """Whether the value came from a secret, so that it isn't shown whatever its type says."""
        return self.is_hidden or self.layer is Layer.SECRETS

    @property
    def place(self) -> str:
        """File and line, or the variable: `application.yaml:7`."""
        if self.layer is Layer.DEFAULT:
            return "default"
        return self.source if self.line is None else f"{self.source}:{self.line}"

    def __str__(self) -> str:
        names = ", ".join(f"${{{name}}}" for name in self.variables)
        return f"{self.place} {names}" if names else self.place


DEFAULT = Origin(Layer.DEFAULT)

type Path = tuple[str | int, ...]


def dotted(path: Path) -> str:
    """The path as it is written: `api.cors.origins[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def last_key(path: Path) -> str:
    """The last key of the path; indexes are no keys."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def variable_for(path: Path) -> str:
    """The environment variable that sets this path."""
    return "CHASSIS_" + "__".join(
        str(part).upper().replace("-", "_") for part in path if isinstance(part, str)
    )
