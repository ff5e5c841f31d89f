"""Imports point down the floors, through declared doors, to rooms."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.architecture.house import (
    BASE_LIBRARIES,
    CONTAINER_LIBRARIES,
    DOORS,
    FLOORS,
    FOUNDATIONS,
    LIBRARY,
    ROOM_LIBRARIES,
    VENDOR_LIBRARIES,
    WEB_FILES,
    WEB_LIBRARIES,
)
from tests.architecture.source import (
    Import,
    Source,
    Violation,
    exported,
    floor_of,
    library,
    none_of,
    plant,
    room_of,
    service,
)

TABLE = "tests/architecture/house.py"


def doors_of(room: str) -> tuple[str, ...]:
    doors = DOORS.get(room, ())
    return doors if room in FOUNDATIONS or FLOORS.get(room) != 2 else (*FOUNDATIONS, *doors)


def arrows(sources: Sequence[Source]) -> Iterator[tuple[Source, Import, str]]:
    """Imports within the library, each with the module that it really reaches."""
    modules = {source.module for source in sources}
    for source in sources:
        for each in source.imports():
            if each.module.split(".")[0] != LIBRARY:
                continue
            submodule = f"{each.module}.{each.name}"
            yield source, each, submodule if submodule in modules else each.module


def wrong_way(sources: Sequence[Source]) -> Iterator[Violation]:
    for source, each, target in arrows(sources):
        room, other = source.room, room_of(target)
        if room == other:
            continue
        here, there = floor_of(room), floor_of(other)
        where, what = source.at(each.line), f"{room} imports {other}"
        if here is None or there is None:
            stranger = room if here is None else other
            yield Violation(
                where, f"{stranger} is on no floor", f"give the room a line in FLOORS of {TABLE}."
            )
        elif there > here:
            yield Violation(
                where,
                f"{what}: floor {here} may not know floor {there}",
                f"declare a Protocol in {room} (or below) and let {other} fulfil it, or pass the value in.",
            )
        elif room.startswith("plugins.") and other.startswith("plugins."):
            yield Violation(
                where,
                f"{what}: a plugin never imports a plugin",
                "meet through a port on a lower floor, taken from the container.",
            )
        elif there == here and "plugins" not in {room, other} and other not in doors_of(room):
            yield Violation(
                where,
                f"{what}: neighbours without a door",
                f"move what both need to a lower floor, or declare a door (one way) in DOORS of {TABLE}.",
            )


def to_a_file(sources: Sequence[Source]) -> Iterator[Violation]:
    packages = {source.module: {name for name, _ in exported(source)} for source in sources if source.is_init}
    for source, each, target in arrows(sources):
        room = room_of(target)
        if source.room == room:
            continue
        public = packages.get(target)
        if public is None and target.count(".") == 1:
            yield Violation(
                source.at(each.line),
                f"imports {target}, which isn't a room",
                f"give it an __init__.py with the public names, or write `import {LIBRARY}.<room>`.",
            )
        elif public is None:
            yield Violation(
                source.at(each.line),
                f"imports the file {target} of another room",
                f"write `from {LIBRARY}.{room} import {each.name or '...'}`; if the room doesn't export it, "
                "add it to the room's __all__, or ask whether it is public.",
            )
        elif each.name and public and each.name not in public and f"{target}.{each.name}" not in packages:
            yield Violation(
                source.at(each.line),
                f"imports {each.name}, which {target} doesn't export",
                f"add {each.name} to __all__ of {target}, or use a public name.",
            )


def own_room(sources: Sequence[Source]) -> Iterator[Violation]:
    """Inside a room files are imported: the room's own `__init__` isn't ready yet."""
    packages = {source.module for source in sources if source.is_init}
    for source, each, target in arrows(sources):
        holds = source.module == target or source.module.startswith(f"{target}.")
        if source.room == room_of(target) and target in packages and holds:
            yield Violation(
                source.at(each.line),
                f"imports its own room {target}",
                f"import the file that defines the name: `from {target}.<file> import {each.name or '...'}`.",
            )


def relative(sources: Iterable[Source]) -> Iterator[Violation]:
    for source in sources:
        for each in source.imports():
            if each.module.startswith("."):
                yield Violation(
                    source.at(each.line), "a relative import", f"write the whole path from {LIBRARY} on."
                )


def vendor_of(module: str) -> str | None:
    for vendor, names in VENDOR_LIBRARIES.items():
        if any(module == name or module.startswith(f"{name}.") for name in names):
            return vendor
    return None


def foreign(sources: Iterable[Source]) -> Iterator[tuple[Source, Import, str, str | None]]:
    """Imports of third-party libraries: (source, import, top name, vendor)."""
    for source in sources:
        for each in source.imports():
            top = each.module.split(".")[0]
            if top in {"", LIBRARY} or top in sys.stdlib_module_names:
                continue
            yield source, each, top, vendor_of(each.module) or vendor_of(f"{each.module}.{each.name}")


def wrong_library(sources: Iterable[Source]) -> Iterator[Violation]:
    for source, each, top, vendor in foreign(sources):
        room, where = source.room, source.at(each.line)
        floor = floor_of(room)
        if floor is not None and floor <= 1:
            yield Violation(
                where,
                f"{room} imports {top}: floors 0 and 1 import the standard library only",
                "use the standard library, or declare a Protocol here and fulfil it on a higher floor.",
            )
        elif vendor is not None:
            if room != f"plugins.{vendor}" and top not in ROOM_LIBRARIES.get(room, ()):
                yield Violation(
                    where,
                    f"{room} imports {each.module}, which is at home in plugins/{vendor}",
                    f"use the port that plugins/{vendor} fulfils; a vendor is met in one folder only.",
                )
        elif top not in BASE_LIBRARIES | ROOM_LIBRARIES.get(room, set()):
            yield Violation(
                where,
                f"{room} imports {top}, which the base installation doesn't have",
                f"do without it, or name its home in VENDOR_LIBRARIES or ROOM_LIBRARIES of {TABLE}.",
            )
        elif top in WEB_LIBRARIES and floor is not None and floor < 3 and source.stem not in WEB_FILES:
            yield Violation(
                where,
                f"{room} imports {top} below floor 3 in {source.stem}.py",
                "keep the web in depends.py or routes.py, and let this file take plain values.",
            )
        elif top in CONTAINER_LIBRARIES and floor is not None and floor < 4:
            yield Violation(
                where,
                f"{room} imports {top}: floors 0 to 3 don't know the container",
                "take a Resolver (application/scope.py).",
            )


def plugins_from_below(sources: Iterable[Source]) -> Iterator[Violation]:
    for source in sources:
        for each in source.imports():
            if f"{each.module}.{each.name}".startswith(f"{LIBRARY}.plugins"):
                yield Violation(
                    source.at(each.line),
                    "the root exports a plugin",
                    "leave it to the user: `from fastapi_chassis.plugins.<vendor> import ...`.",
                )


RULES = (wrong_way, to_a_file, own_room, relative, wrong_library)


@pytest.mark.requirement("DOM-1")
def test_domain_and_application_use_the_standard_library_only() -> None:
    none_of(wrong_library([source for source in library() if source.room in {"domain", "application"}]))


@pytest.mark.parametrize("rule", RULES)
def test_library_keeps(rule) -> None:
    none_of(rule(library()))


def test_root_exports_no_plugin() -> None:
    none_of(plugins_from_below([source for source in library() if source.module == LIBRARY]))


def test_service_enters_rooms_as_a_user_does() -> None:
    sources = (*library(), *service())
    none_of(each for each in to_a_file(sources) if each.where.startswith("service/"))


def test_doors_form_no_ring() -> None:
    def reach(room: str, path: tuple[str, ...]) -> None:
        assert room not in path, (
            f"a ring of doors: {' -> '.join((*path, room))}. Remove one of them from {TABLE}."
        )
        for other in doors_of(room):
            reach(other, (*path, room))

    for room in FLOORS:
        reach(room, ())


def test_doors_join_rooms_of_one_floor() -> None:
    for room, others in DOORS.items():
        assert {FLOORS[other] for other in others} == {FLOORS[room]}, (
            f"{room}: a door leads to the same floor"
        )


PLANTED = {
    "floor 1 knows floor 2": (
        "application/a.py",
        "from fastapi_chassis.config import X",
        "wrong_way",
        "may not know",
    ),
    "no door": (
        "tasks/a.py",
        "from fastapi_chassis.messaging import Envelope",
        "wrong_way",
        "without a door",
    ),
    "a door is one way": (
        "resilience/a.py",
        "from fastapi_chassis.http import X",
        "wrong_way",
        "without a door",
    ),
    "plugin to plugin": (
        "plugins/kafka/a.py",
        "from fastapi_chassis.plugins.redis import X",
        "wrong_way",
        "never imports a plugin",
    ),
    "plugin from the root": (
        "app/a.py",
        "import fastapi_chassis.plugins.redis",
        "wrong_way",
        "floor 4 may not know floor 5",
    ),
    "hidden in a function": (
        "domain/a.py",
        "def f():\n    from fastapi_chassis.application import X",
        "wrong_way",
        "may not know",
    ),
    "hidden by TYPE_CHECKING": (
        "domain/a.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from fastapi_chassis.application import X",
        "wrong_way",
        "may not know",
    ),
    "room on no floor": ("attic/a.py", "from fastapi_chassis.domain import X", "wrong_way", "on no floor"),
    "file across rooms": (
        "messaging/a.py",
        "from fastapi_chassis.config.loader import load",
        "to_a_file",
        "imports the file",
    ),
    "file as a name": (
        "messaging/a.py",
        "from fastapi_chassis.config import loader",
        "to_a_file",
        "imports the file",
    ),
    "room without an __init__": (
        "app/a.py",
        "from fastapi_chassis.cellar import X",
        "to_a_file",
        "isn't a room",
    ),
    "private name": (
        "messaging/a.py",
        "from fastapi_chassis.config import secret",
        "to_a_file",
        "doesn't export",
    ),
    "own room": ("config/a.py", "from fastapi_chassis.config import public", "own_room", "its own room"),
    "relative": ("config/a.py", "from .loader import load", "relative", "relative"),
    "pydantic in the domain": ("domain/a.py", "import pydantic", "wrong_library", "standard library only"),
    "fastapi on floor 2": (
        "security/service.py",
        "from fastapi import Depends",
        "wrong_library",
        "below floor 3",
    ),
    "vendor outside its plugin": (
        "messaging/a.py",
        "import aiokafka.errors",
        "wrong_library",
        "at home in plugins/kafka",
    ),
    "vendor in another plugin": (
        "plugins/redis/a.py",
        "from sqlalchemy import text",
        "wrong_library",
        "at home in plugins/sqlalchemy",
    ),
    "part of a namespace": (
        "observability/a.py",
        "from opentelemetry import sdk",
        "wrong_library",
        "at home in plugins/opentelemetry",
    ),
    "unknown library": ("http/a.py", "import requests", "wrong_library", "base installation doesn't have"),
    "container below floor 4": ("api/a.py", "from dishka import Container", "wrong_library", "container"),
}
ROOMS = {
    "config/__init__.py": '__all__ = ["public"]',
    "config/loader.py": "",
    "messaging/__init__.py": "",
    "http/__init__.py": "",
    "application/__init__.py": "",
    "domain/__init__.py": "",
    "plugins/redis/__init__.py": "",
}


@pytest.mark.parametrize(("file", "text", "rule", "message"), PLANTED.values(), ids=PLANTED)
def test_rule_finds(tmp_path: Path, file: str, text: str, rule: str, message: str) -> None:
    sources = plant(tmp_path, {**ROOMS, file: text})
    found = {each.__name__: [str(violation) for violation in each(sources)] for each in RULES}
    assert any(message in violation for violation in found[rule]), found


ALLOWED = {
    "down": ("app/a.py", "from fastapi_chassis.config import public"),
    "declared door": ("messaging/a.py", "from fastapi_chassis.tasks import Task"),
    "foundation": ("http/a.py", "from fastapi_chassis.config import public"),
    "file of the own room": ("config/a.py", "from fastapi_chassis.config.loader import load"),
    "web in depends": ("security/depends.py", "from fastapi import Depends"),
    "vendor at home": ("plugins/kafka/a.py", "import aiokafka"),
    "base library": ("config/a.py", "import yaml"),
    "name in another room": ("plugins/kafka/a.py", "from fastapi_chassis.domain import new_id"),
}


@pytest.mark.parametrize(("file", "text"), ALLOWED.values(), ids=ALLOWED)
def test_rule_allows(tmp_path: Path, file: str, text: str) -> None:
    rooms = {**ROOMS, "tasks/__init__.py": "", "domain/__init__.py": '__all__ = ["new_id"]'}
    none_of(violation for rule in RULES for violation in rule(plant(tmp_path, {**rooms, file: text})))


def test_root_with_a_plugin_is_found(tmp_path: Path) -> None:
    sources = plant(tmp_path, {"__init__.py": "from fastapi_chassis.plugins.redis import RedisPlugin"})
    assert [each.what for each in plugins_from_below(sources[:1])] == ["the root exports a plugin"]
