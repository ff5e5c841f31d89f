"""Programs built from Go modules, in a small module of our own that names versions and replacements."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi_chassis.testing.backends.cache import Artifact
from fastapi_chassis.testing.backends.process import Command, run

BUILD_SECONDS = 1200.0


@dataclass(frozen=True, slots=True)
class GoProgram:
    """What to build.

    Args:
        name: of the program.
        module: that is required.
        version: of the module, with its v.
        replace: modules that the module replaces itself; such lines count only in the main module.
        tags: build tags.
        source: a main.go of ours; the module's own main package where None.
    """

    name: str
    module: str
    version: str
    replace: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    source: Path | None = None

    def artifact(self) -> Artifact:
        """Describe the build."""
        return Artifact(self.name, self.version.removeprefix("v"), self._make, go_obstacle)

    def module_file(self) -> str:
        """Return the go.mod."""
        lines = [
            f"module fastapi-chassis/backends/{self.name}",
            "go 1.24",
            f"require {self.module} {self.version}",
        ]
        lines += [f"replace {old} => {new}" for old, new in self.replace.items()]
        return "\n\n".join(lines) + "\n"

    def _make(self, folder: Path) -> None:
        (folder / "go.mod").write_text(self.module_file())
        package = self.module
        if self.source is not None:
            shutil.copy(self.source, folder / "main.go")
            package = "."
        argv = (
            "go",
            "build",
            "-mod=mod",
            "-trimpath",
            "-tags",
            ",".join(self.tags),
            "-o",
            self.name,
            package,
        )
        env = {**os.environ, "CGO_ENABLED": "1"}
        run(Command(argv, env), timeout=BUILD_SECONDS, what=f"go build of {self.name}", cwd=folder)


def go_obstacle() -> str | None:
    """Say why Go programs can't be built here, or None."""
    return None if shutil.which("go") else "go is missing"
