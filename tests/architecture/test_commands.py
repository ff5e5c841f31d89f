"""Each command that is declared or documented exists."""

import importlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

# In inline code, after a prompt, as a step of .ci/run, or alone on a line of a block: not in prose.
MAKE_WORD = re.compile(
    r"(?:`|\$ |\bstep [\w-]+ \d+ |&& )make (?:--keep-going )?([a-z][a-z-]*)"
    r"|^make ([a-z][a-z-]*)(?= *$| +#| +[A-Z]+=)",
    re.MULTILINE,
)
CHASSIS_WORD = re.compile(r"(?:`|\$ |uv run )chassis ([a-z][a-z-]*)")


def targets(makefile: str) -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE))


def make_words(text: str) -> set[str]:
    return {first or second for first, second in MAKE_WORD.findall(text)}


def texts() -> Iterator[tuple[str, str]]:
    names = ["README.md", "CONTRIBUTING.md", "SECURITY.md", ".ci/run", "changelog.d/README.md"]
    for path in [*(ROOT / name for name in names), *sorted((ROOT / "docs").rglob("*.md"))]:
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def declared_objects() -> Iterator[str]:
    for project in ("pyproject.toml", "service/pyproject.toml"):
        table = tomllib.loads((ROOT / project).read_text(encoding="utf-8"))["project"]
        groups = [table.get("scripts", {}), *table.get("entry-points", {}).values()]
        for group in groups:
            yield from group.values()


@pytest.mark.requirement("MISTAKE-20")
@pytest.mark.parametrize("declared", list(declared_objects()))
def test_declared_object_exists(declared: str) -> None:
    module, _, name = declared.partition(":")
    found = importlib.import_module(module)
    assert not name or callable(getattr(found, name, None)), (
        f"{declared} is declared in pyproject.toml, but isn't there"
    )


@pytest.mark.requirement("MISTAKE-20")
def test_installed_scripts_are_those_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = {
        each.name
        for each in importlib.metadata.distribution("fastapi-chassis").entry_points.select(
            group="console_scripts"
        )
    }
    assert installed == set(project["scripts"])


@pytest.mark.requirement("MISTAKE-20")
def test_make_targets_named_in_texts_exist() -> None:
    existing = targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    missing = {f"{name}: make {word}" for name, text in texts() for word in make_words(text) - existing}
    assert not missing, f"named, but not in the Makefile: {sorted(missing)}"


@pytest.mark.requirement("MISTAKE-20")
def test_promised_targets_exist() -> None:
    promised = {
        "help",
        "run",
        "test",
        "check",
        "format",
        "bench",
        "bench-smoke",
        "requirements",
        "docs",
        "clean",
    }
    assert promised <= targets((ROOT / "Makefile").read_text(encoding="utf-8"))


def test_make_prints_every_target_with_its_line() -> None:
    printed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    ).stdout
    listed = set(re.findall(r"^  (\S+)  ", printed, re.MULTILINE))
    existing = targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    silent = {name for name in existing - listed if not name.startswith("check-")}
    assert not silent, f"give it a `## line`: {sorted(silent)}"


@pytest.mark.requirement("MISTAKE-20")
def test_scripts_named_in_texts_exist() -> None:
    for name, text in [*texts(), ("Makefile", (ROOT / "Makefile").read_text(encoding="utf-8"))]:
        for script in re.findall(r"(?:\./|\.\./)(scripts/[\w.]+)", text):
            assert (ROOT / script).stat().st_mode & 0o111, f"{name} names {script}, which can't be run"


def documented_commands() -> list[str]:
    return sorted({word for _, text in texts() for word in CHASSIS_WORD.findall(text)})


@pytest.mark.requirement("MISTAKE-20")
@pytest.mark.parametrize("word", documented_commands())
def test_chassis_command_named_in_texts_exists(word: str) -> None:
    program = Path(sys.executable).with_name("chassis")
    done = subprocess.run([program, word, "--help"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"`chassis {word}` is documented, but isn't there: {done.stderr}"


def test_targets_are_read() -> None:
    assert targets("UV := x\nrun: a ## b\n\t@make help\nbench-smoke:\n.PHONY: c\n") == {"run", "bench-smoke"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("run `make test` first", {"test"}),
        ("```\nmake run\n```", {"run"}),
        ("$ make bench-smoke", {"bench-smoke"}),
        ("step check 8 make check", {"check"}),
        ("```\nmake test   # all of them\nmake run ARGS=x\n```", {"test", "run"}),
        ("we make sure of it", set()),
        ("a line that ends\nmake sure it is no command", set()),
        ("`make PYTHON=x test`", set()),
    ],
)
def test_make_words_are_read(text: str, words: set[str]) -> None:
    assert make_words(text) == words


@pytest.mark.requirement("DX-1")
def test_readme_gives_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {"run", "test"} <= make_words(text), "the README shows `make run` and `make test`"
