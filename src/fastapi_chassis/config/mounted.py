"""Mounted secrets: a directory of files, each named as the variable or setting it stands for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi_chassis.config.origins import Layer, Origin
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.unreadable import UnreadableError, read_file

DEFAULT_DIRECTORY = Path("/run/secrets")
MAX_SECRET_BYTES = 64 * 1024


def read_secret(file: Path) -> str:
    """The secret in a file, without the line break at its end.

    Raises:
        UnreadableError: where it can't be read.
    """
    return read_file(file, MAX_SECRET_BYTES).removesuffix("\n").removesuffix("\r")


@dataclass(frozen=True, slots=True)
class MountedSecrets:
    """The secrets of one directory; a file is read when it is asked for."""

    directory: Path
    files: Mapping[str, Path] = field(default_factory=dict)

    def file_of(self, name: str) -> Path | None:
        """The file of this name, or of this name in small letters."""
        return self.files.get(name) or self.files.get(name.lower())


def open_secrets(directory: Path, report: Report, *, is_named: bool) -> MountedSecrets:
    """The secrets of a directory; a directory that was named must be there."""
    try:
        names = sorted(
            entry for entry in directory.iterdir() if not entry.name.startswith(".") and entry.is_file()
        )
    except OSError as error:
        if is_named:
            reason = (error.strerror or "unknown reason").lower()
            origin = Origin(Layer.ENVIRONMENT, "environment variable CHASSIS_SECRETS_DIR")
            report.add(
                f"the directory {directory} can't be read: {reason}",
                origin,
                remedy="check its path and rights",
            )
        return MountedSecrets(directory)
    return MountedSecrets(directory, {file.name: file for file in names})


def secret_of(file: Path, report: Report, layer: Layer = Layer.SECRETS) -> str:
    """The secret in a file; an empty text, and a finding, where it can't be read."""
    try:
        text = read_secret(file)
    except UnreadableError as error:
        report.add(error.what, Origin(layer, str(file)), remedy=error.remedy)
        return ""
    report.secrets.add(text)
    return text
