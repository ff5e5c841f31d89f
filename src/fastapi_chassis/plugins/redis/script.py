"""Script: a Lua file, known to the server by its digest."""

import hashlib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script that runs as one step on the server.

    Args:
        name: for errors.
        source: the Lua text; all keys that it touches come as KEYS.
    """

    name: str
    source: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        # the name by which the server knows a script, not a protection
        digest = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "digest", digest)

    @classmethod
    def of_file(cls, path: Path) -> "Script":
        """Reads a script of a service's own."""
        return cls(path.stem, path.read_text(encoding="utf-8"))


def shipped_script(name: str) -> Script:
    """Reads a script that comes with the library."""
    source = files("fastapi_chassis.plugins.redis").joinpath("scripts", f"{name}.lua")
    return Script(name, source.read_text(encoding="utf-8"))
