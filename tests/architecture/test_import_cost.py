"""The base installation imports no vendor, and a missing extra says what to install."""

import importlib.metadata
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from itertools import chain

import pytest
from packaging.requirements import Requirement

from tests.architecture.house import BASE_LIBRARIES, FLOORS, LIBRARY, ROOM_LIBRARIES, VENDOR_LIBRARIES
from tests.architecture.source import ROOT, library

EXTRA_LIBRARIES = (
    {name.split(".")[0] for name in chain(*VENDOR_LIBRARIES.values(), *ROOM_LIBRARIES.values())}
    - BASE_LIBRARIES
    - {"google"}  # a namespace that unrelated distributions share
)
LATE_LIBRARIES = {"typer", "click", "rich", "uvicorn", "uvloop", "httptools", "alembic", "opentelemetry.sdk"}

BLOCKED = """
import json, sys
blocked = set(json.loads(sys.argv[1]))

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
for name in sys.argv[2:]:
    try:
        __import__(name)
    except Exception as error:
        print(name, type(error).__name__, " ".join(str(error).split()))
"""


def closure(distributions: Iterable[str]) -> set[str]:
    """Distributions that are installed with these, without any extra."""
    known: set[str] = set()
    waiting = list(distributions)
    while waiting:
        requirement = Requirement(waiting.pop())
        name = requirement.name.lower().replace("_", "-")
        if name in known or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        known.add(name)
        try:
            waiting += importlib.metadata.requires(name) or ()
        except importlib.metadata.PackageNotFoundError:
            continue
    return known


def python(code: str, *arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def without_extras(*modules: str) -> dict[str, str]:
    """Imports the modules where no extra is installed; answers what each said that couldn't."""
    answers = python(BLOCKED, json.dumps(sorted(EXTRA_LIBRARIES)), *modules).splitlines()
    return dict(answer.split(" ", 1) for answer in answers)


def rooms(*floors: int) -> list[str]:
    return sorted(
        {
            source.module
            for source in library()
            if source.is_init
            and source.module.count(".") <= 1
            and FLOORS.get(source.room.split(".")[0]) in floors
        }
    )


@pytest.mark.requirement("PLG-5", "MISTAKE-22")
def test_root_imports_no_vendor() -> None:
    loaded = json.loads(python("import json, sys, fastapi_chassis; print(json.dumps(sorted(sys.modules)))"))
    heavy = sorted((EXTRA_LIBRARIES | LATE_LIBRARIES).intersection(loaded))
    assert not heavy, (
        f"`import {LIBRARY}` loads {heavy}. Import it in the function that needs it, or in a file that the "
        f"root doesn't reach; `python -X importtime -c 'import {LIBRARY}'` shows who asks."
    )


@pytest.mark.requirement("PLG-5", "MISTAKE-22")
def test_floors_import_without_any_extra() -> None:
    failures = without_extras(*rooms(0, 1, 2, 3, 4))
    for room in ROOM_LIBRARIES:
        if f'pip install "fastapi-chassis[{room}]"' in failures.get(f"{LIBRARY}.{room}", ""):
            del failures[f"{LIBRARY}.{room}"]
    assert not failures, f"these rooms need what the base installation doesn't have: {failures}"


@pytest.mark.requirement("PLG-5", "MISTAKE-22")
def test_command_line_imports_without_any_extra() -> None:
    assert not without_extras(f"{LIBRARY}.cli.main")


def plugins() -> list[str]:
    return sorted({source.room.split(".")[1] for source in library() if source.room.startswith("plugins.")})


@pytest.mark.requirement("PLG-5")
@pytest.mark.parametrize("vendor", plugins())
def test_missing_extra_says_what_to_install(vendor: str) -> None:
    module = f"{LIBRARY}.plugins.{vendor}"
    answer = without_extras(module).get(module, "it was imported, although its library is missing")
    assert answer.startswith("MissingExtraError"), answer
    assert f'pip install "fastapi-chassis[{vendor}]"' in answer


def test_blocker_finds_a_vendor() -> None:
    assert without_extras("sqlalchemy", "json") == {
        "sqlalchemy": "ModuleNotFoundError No module named 'sqlalchemy'"
    }


def test_base_libraries_are_those_of_the_base_installation() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = closure(project["dependencies"])
    homes = importlib.metadata.packages_distributions()
    strangers = {
        name
        for name in BASE_LIBRARIES
        if not installed & {home.lower().replace("_", "-") for home in homes.get(name, ())}
    }
    assert not strangers, f"{sorted(strangers)} in BASE_LIBRARIES: no dependency of pyproject.toml brings it."


def test_vendor_libraries_are_not_in_the_base_installation() -> None:
    assert not BASE_LIBRARIES & set(chain(*VENDOR_LIBRARIES.values(), *ROOM_LIBRARIES.values()))
