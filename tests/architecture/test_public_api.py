"""The public names are a committed list, so that a change of them is a visible difference."""

import difflib
import importlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture.house import FLOORS, LIBRARY
from tests.architecture.source import ROOT, Source, exported, library, plant

LISTED = ROOT / "tests" / "architecture" / "public_api.txt"
COMMAND = "./scripts/uv.sh run pytest tests/architecture/test_public_api.py --update-public-api"


def public_names(sources: Iterable[Source]) -> list[str]:
    return sorted(
        f"{source.module}: {name}" for source in sources if source.is_init for name, _ in exported(source)
    )


def difference(listed: list[str], found: list[str]) -> str:
    return "\n".join(
        line
        for line in difflib.unified_diff(listed, found, lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    )


def test_public_names_are_those_listed(request: pytest.FixtureRequest) -> None:
    found = public_names(library())
    if request.config.getoption("--update-public-api"):
        LISTED.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
    listed = LISTED.read_text(encoding="utf-8").splitlines()
    changes = difference(listed, found)
    if changes:
        pytest.fail(
            f"the public names changed:\n{changes}\n"
            f"If it is meant, say so with\n    {COMMAND}\nand commit the difference; else take it back.",
            pytrace=False,
        )


def open_rooms() -> list[str]:
    return [
        source.module
        for source in library()
        if source.is_init and exported(source) and FLOORS[source.room.split(".")[0]] <= 4
    ]


@pytest.mark.parametrize("module", open_rooms())
def test_public_names_can_be_imported(module: str) -> None:
    room = importlib.import_module(module)
    missing = [name for name in room.__all__ if not hasattr(room, name)]
    assert not missing, (
        f"{module}.__all__ promises {missing}, which aren't there: import them, or drop the names."
    )


def test_difference_is_shown(tmp_path: Path) -> None:
    sources = plant(tmp_path, {"config/__init__.py": '__all__ = ("RootConfig", "load")'})
    found = public_names(sources)
    assert found == [f"{LIBRARY}.config: RootConfig", f"{LIBRARY}.config: load"]
    listed = [f"{LIBRARY}.config: RootConfig", f"{LIBRARY}.config: read"]
    assert difference(listed, found) == f"-{LIBRARY}.config: read\n+{LIBRARY}.config: load"
    assert not difference(found, found)
