"""Surroundings: everything outside the YAML files that configuration is made of, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi_chassis.config.dotenv import DotenvEntry, read_dotenv
from fastapi_chassis.config.masking import is_secret_name
from fastapi_chassis.config.mounted import DEFAULT_DIRECTORY, MountedSecrets, open_secrets, secret_of
from fastapi_chassis.config.origins import Layer, Origin
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.sources import ConfigSources
from fastapi_chassis.config.unreadable import UnreadableError, read_file


@dataclass(frozen=True, slots=True)
class Variable:
    """The text of a variable and where it is from."""

    text: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The directory, the environment, `.env` and the mounted secrets."""

    directory: Path
    environ: Mapping[str, str]
    dotenv: Mapping[str, DotenvEntry]
    secrets: MountedSecrets
    report: Report

    def variable(self, name: str) -> Variable | None:
        """The variable from the environment, then `.env`, then the secrets; `NAME_FILE` may name its file."""
        for key in (name, f"{name}_FILE"):
            found = self._plain(key)
            if found is not None and key != name:
                return self.in_file(found)
            if found is not None:
                if is_secret_name(name):
                    self.report.secrets.add(found.text)
                return found
        file = self.secrets.file_of(name)
        if file is None:
            return None
        return Variable(secret_of(file, self.report), Origin(Layer.SECRETS, str(file)))

    def in_file(self, path: Variable) -> Variable:
        """The secret in the file that a variable names; empty, and a finding, where it can't be read."""
        text = secret_of(self.directory / path.text, self.report, path.origin.layer)
        return Variable(text, path.origin)

    def _plain(self, name: str) -> Variable | None:
        if name in self.environ:
            return Variable(self.environ[name], Origin(Layer.ENVIRONMENT, f"environment variable {name}"))
        if name in self.dotenv:
            entry = self.dotenv[name]
            return Variable(entry.text, Origin(Layer.DOTENV, ".env", entry.line))
        return None

    def reserved(self, name: str) -> Variable | None:
        """One of the names that steer the loader itself, from the environment or `.env`; empty is not set."""
        found = self._plain(name)
        return found if found is not None and found.text.strip() else None


def read_surroundings(sources: ConfigSources, report: Report) -> Surroundings:
    """Read the environment, `.env` and the names of the mounted secrets; values may be read later."""
    directory = Path(sources.get("directory") or Path.cwd())
    given = sources.get("environ")
    environ = dict(os.environ if given is None else given)
    bare = Surroundings(
        directory, environ, _dotenv(directory, report), MountedSecrets(DEFAULT_DIRECTORY), report
    )
    named = bare.reserved("CHASSIS_SECRETS_DIR")
    secrets_directory = directory / named.text if named else DEFAULT_DIRECTORY
    secrets = open_secrets(secrets_directory, report, is_named=named is not None)
    return Surroundings(directory, environ, bare.dotenv, secrets, report)


def _dotenv(directory: Path, report: Report) -> dict[str, DotenvEntry]:
    file = directory / ".env"
    if not file.is_file():
        return {}
    try:
        entries, unreadable = read_dotenv(read_file(file))
    except UnreadableError as error:
        report.add(error.what, Origin(Layer.DOTENV, ".env", error.line), remedy=error.remedy)
        return {}
    for line in unreadable:
        report.add(
            "this line is no NAME=value",
            Origin(Layer.DOTENV, ".env", line),
            remedy="write NAME=value, or quote it",
        )
    return entries
