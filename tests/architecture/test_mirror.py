"""Every file with logic has its test where one looks for it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.architecture.house import OWN_WORDS, PLUGIN_FIXED, PORT_FILES
from tests.architecture.source import ROOT, Source, Violation, has_logic, library, none_of, plant


def is_port_behaviour(source: Source) -> bool:
    """Memory twins and the role files of plugins: tested by the contract suites."""
    return source.stem == "memory" or (source.room.startswith("plugins.") and source.stem in PORT_FILES)


def suites(source: Source) -> list[str]:
    """The contract suites of a file: classes that hold tests."""
    return [
        each.name
        for each in source.classes()
        if any(getattr(f, "name", "").startswith("test_") for f in each.body)
    ]


def twins(source: Source) -> list[str]:
    folder, _, _ = source.inside.rpartition("/")
    places = [f"unit/{folder}/test_{source.stem}.py"]
    if source.room.startswith("plugins."):
        places.append(f"integration/{folder}/test_{source.stem}.py")
    return places


def public_classes(source: Source) -> list[str]:
    return [
        each.name
        for each in source.classes()
        if not each.name.startswith("_") and any(has_logic(f) for f in each.body if hasattr(f, "args"))
    ]


def mentioned(names: Iterable[str], text: str) -> list[str]:
    return [name for name in names if re.search(rf"\b{name}\b", text)]


def without_test(sources: Iterable[Source], tests: Path) -> Iterator[Violation]:
    contracts = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((tests / "contracts").rglob("*.py"))
    )
    for source in sources:
        if source.is_init or source.is_generated or not any(map(has_logic, source.functions())):
            continue
        if source.inside.startswith("testing/contracts/"):
            unused = set(suites(source)) - set(mentioned(suites(source), contracts))
            if unused:
                yield Violation(
                    source.shown,
                    f"nothing in tests/contracts runs {', '.join(sorted(unused))}",
                    "write the class there that fills the suite with the memory twin.",
                )
            continue
        if any((tests / place).exists() for place in twins(source)):
            continue
        if is_port_behaviour(source):
            names = public_classes(source)
            if not mentioned(names, contracts):
                yield Violation(
                    source.shown,
                    f"nothing in tests/contracts names {', '.join(names) or 'its classes'}",
                    f"run the port's suite over it in tests/contracts/, or write tests/{twins(source)[0]}.",
                )
            continue
        yield Violation(source.shown, "it has logic and no twin", f"write tests/{twins(source)[0]}.")


def orphans(sources: Iterable[Source], tests: Path) -> Iterator[Violation]:
    """A unit test whose source file is gone or was renamed."""
    known = {place for source in sources for place in twins(source)}
    known |= {f"unit/{source.module.partition('.')[2].replace('.', '/')}/test_init.py" for source in sources}
    for path in sorted((tests / "unit").rglob("test_*.py")):
        place = path.relative_to(tests).as_posix()
        folder, _, name = place.rpartition("/")
        stem = name.removeprefix("test_").removesuffix(".py")
        parts = {f"{folder}/test_{stem[:end]}.py" for end in _underscores(stem)}
        if place not in known and not parts & known:
            yield Violation(
                f"tests/{place}",
                "no source file has its name",
                "name it after the file it tests: test_<file>.py, or test_<file>_<aspect>.py.",
            )


def _underscores(stem: str) -> list[int]:
    return [index for index, letter in enumerate(stem) if letter == "_"]


def test_every_file_with_logic_has_its_twin() -> None:
    none_of(without_test(library(), ROOT / "tests"))


def test_every_unit_test_has_its_source() -> None:
    none_of(orphans(library(), ROOT / "tests"))


def test_own_words_are_no_port_names() -> None:
    for vendor, words in OWN_WORDS.items():
        assert not words & (PORT_FILES | PLUGIN_FIXED), f"{vendor}: already a word of the dictionary"


LOGIC = "class InMemoryLock:\n    def f(self):\n        return 1"
SUITE = "class LockContract:\n    def test_a(self):\n        assert self.lock"
PLANTED = {
    "no twin": ("config/loader.py", LOGIC, {}),
    "twin of another": ("config/loader.py", LOGIC, {"unit/config/test_root.py": ""}),
    "integration isn't enough below floor 5": (
        "config/loader.py",
        LOGIC,
        {"integration/config/test_loader.py": ""},
    ),
    "memory without a contract": ("caching/memory.py", LOGIC, {"contracts/test_lock.py": "InMemoryLocks"}),
    "role without a contract": ("plugins/redis/lock.py", LOGIC, {"contracts/test_lock.py": "RedisLock"}),
    "suite that nobody runs": (
        "testing/contracts/lock.py",
        SUITE,
        {"contracts/test_lock.py": "OutboxContract"},
    ),
}


@pytest.mark.parametrize(("file", "text", "tests"), PLANTED.values(), ids=PLANTED)
def test_rule_finds(tmp_path: Path, file: str, text: str, tests: dict[str, str]) -> None:
    assert len(list(without_test(plant(tmp_path, {file: text}), write(tmp_path, tests)))) == 1


ALLOWED = {
    "twin": ("config/loader.py", LOGIC, {"unit/config/test_loader.py": ""}),
    "integration twin of a plugin": (
        "plugins/redis/connection.py",
        LOGIC,
        {"integration/plugins/redis/test_connection.py": ""},
    ),
    "memory in a contract": ("caching/memory.py", LOGIC, {"contracts/test_lock.py": "make = InMemoryLock()"}),
    "memory with a twin": ("caching/memory.py", LOGIC, {"unit/caching/test_memory.py": ""}),
    "role in a contract": ("plugins/redis/lock.py", LOGIC, {"contracts/conftest.py": "InMemoryLock"}),
    "suite": (
        "testing/contracts/lock.py",
        SUITE,
        {"contracts/test_lock.py": "class TestIt(LockContract): ..."},
    ),
    "what suites share": ("testing/contracts/samples.py", LOGIC, {}),
    "protocol": ("caching/lock.py", 'class Lock(Protocol):\n    def f(self) -> None:\n        """It."""', {}),
    "constants": ("caching/names.py", "LIMIT = 3", {}),
    "not implemented": ("caching/a.py", "class A:\n    def f(self):\n        raise NotImplementedError", {}),
    "revision": ("plugins/sqlalchemy/migrations/versions/a.py", LOGIC, {}),
}


@pytest.mark.parametrize(("file", "text", "tests"), ALLOWED.values(), ids=ALLOWED)
def test_rule_allows(tmp_path: Path, file: str, text: str, tests: dict[str, str]) -> None:
    none_of(without_test(plant(tmp_path, {file: text}), write(tmp_path, tests)))


def test_orphan_is_found(tmp_path: Path) -> None:
    sources = plant(tmp_path, {"config/loader.py": ""})
    names = ("test_loader.py", "test_loader_precedence.py", "test_gone.py")
    tests = write(tmp_path, {f"unit/config/{name}": "" for name in names})
    assert [each.where for each in orphans(sources, tests)] == ["tests/unit/config/test_gone.py"]


def write(tmp_path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "tests"
