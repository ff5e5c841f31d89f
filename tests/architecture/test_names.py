"""Names are the field's terms, and those that the requirements made known exist."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.architecture.house import FIELD_TERMS, FORBIDDEN_AFFIXES, FORBIDDEN_FILES, KNOWN_NAMES, USER_BASES
from tests.architecture.source import Source, Violation, exported, library, none_of, plant, service

INTERFACE = re.compile(r"I[A-Z][a-z]")


def empty_words(sources: Iterable[Source]) -> Iterator[Violation]:
    for source in sources:
        folders = source.inside.removesuffix(".py").split("/")
        for name in FORBIDDEN_FILES.intersection(folders):
            yield Violation(source.shown, f"a file named {name}", "name it after what it holds.")
        for each in source.classes():
            where = source.at(each.lineno)
            if each.name.strip("_").endswith(FORBIDDEN_AFFIXES) and each.name not in FIELD_TERMS:
                yield Violation(
                    where, f"the class {each.name}", "name it after what it is or does: Registry, Relay."
                )
            if INTERFACE.match(each.name.strip("_")):
                yield Violation(where, f"the class {each.name}", "a port has the plain name, without an I.")


def test_names_say_something() -> None:
    none_of(empty_words((*library(), *service())))


@pytest.mark.parametrize("name", KNOWN_NAMES)
def test_known_name_is_public(name: str) -> None:
    rooms = [source.module for source in library() if name in dict(exported(source))]
    assert rooms, f"{name} is named in the requirement documents: export it from the __all__ of its room."


def test_exactly_five_bases_are_extended_by_users() -> None:
    abstract = {
        each.name
        for source in library()
        for each in source.classes()
        if each.name.startswith("Abstract") or each.name.endswith("Abstract")
    }
    extra = abstract - {*USER_BASES, "AbstractRepositoryInMemory"}
    assert not extra, (
        f"{sorted(extra)}: a port is a Protocol with a plain name; Abstract is for five known classes."
    )


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("config/utils.py", "", "a file named utils"),
        ("config/helpers/a.py", "", "a file named helpers"),
        ("config/a.py", "class OutboxImpl: ...", "OutboxImpl"),
        ("config/a.py", "class _PoolManager: ...", "_PoolManager"),
        ("config/a.py", "class IOutbox: ...", "without an I"),
    ],
)
def test_rule_finds(tmp_path: Path, file: str, text: str, message: str) -> None:
    assert message in "\n".join(map(str, empty_words(plant(tmp_path, {file: text}))))


@pytest.mark.parametrize(
    "name",
    ["Identity", "IntegrationEvent", "InboxStore", "InMemoryOutbox", "Item", "IPAddress", "ProcessManager"],
)
def test_rule_allows(tmp_path: Path, name: str) -> None:
    none_of(empty_words(plant(tmp_path, {"config/a.py": f"class {name}: ..."})))
