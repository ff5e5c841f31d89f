"""Runs the blocks of one documentation page in the working folder: `python page.py README.md`."""

import ast
import asyncio
import doctest
import importlib
import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FENCE = re.compile(r"^(?P<indent>[ >]*)(?P<ticks>`{3,}|~{3,})(?P<info>[^`\n]*)$")
OPTIONS = {"title", "skip", "test", "exit", "hl_lines", "linenums"}
OTHER_NAMES_OF_PYTHON = {"py", "python3", "py3", "pycon"}
OTHER_NAMES_OF_CONSOLE = {"shell-session", "sh-session", "terminal"}
TIMEOUT = 90


class PageError(Exception):
    """A block that can't be run as it is written; the text begins with page and line."""


@dataclass(frozen=True, slots=True)
class Block:
    page: str
    line: int
    language: str
    text: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def read_blocks(page: str, text: str) -> Iterator[Block]:
    """The fenced blocks, each with the line on which its text begins."""
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        if not (opening := FENCE.match(line)):
            continue
        indent, ticks = len(opening["indent"]), opening["ticks"]
        body = []
        for _, inner in lines:
            closing = inner.strip(" >")
            if closing.startswith(ticks) and not closing.strip(ticks[0]):
                break
            body.append(inner[indent:])
        else:
            raise PageError(f"{page}:{number}: the block is never closed")
        yield block_of(page, number, opening["info"].strip(), "".join(f"{each}\n" for each in body))


def block_of(page: str, number: int, info: str, text: str) -> Block:
    language, _, rest = info.partition(" ")
    options = {}
    for word in shlex.split(rest.strip("{} ")):
        name, _, value = word.partition("=")
        if name not in OPTIONS:
            raise PageError(f"{page}:{number}: {name!r} isn't one of {', '.join(sorted(OPTIONS))}")
        options[name] = value
    if "skip" in options and not options["skip"].strip():
        raise PageError(f'{page}:{number}: say why it isn\'t run: skip="..."')
    if language in OTHER_NAMES_OF_PYTHON:
        raise PageError(f"{page}:{number}: write `python` instead of `{language}`, so that it is run")
    if language in OTHER_NAMES_OF_CONSOLE:
        raise PageError(f"{page}:{number}: write `console` instead of `{language}`")
    if "test" in options and language != "console":
        raise PageError(f"{page}:{number}: `test` is for console blocks; python blocks are always run")
    return Block(page, number + 1, language, text, options)


class Page:
    """The namespace, the folder and the event loop that the blocks of a page share."""

    def __init__(self, folder: Path, runner: asyncio.Runner) -> None:
        self._folder = folder
        self._runner = runner
        self._names: dict[str, object] = {"__name__": "__main__"}

    def run(self, block: Block) -> None:
        if "skip" in block.options:
            return
        title = block.options.get("title")
        if title:
            self._write(title, block)
        if block.language == "python" and title:
            self._load(title, block)
        elif block.language == "python":
            self._execute(block)
        elif block.language == "console" and "test" in block.options:
            for command, expected in commands_of(block):
                self._call(block, command, expected)

    def _write(self, title: str, block: Block) -> None:
        path = (self._folder / title).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            raise PageError(f"{block.where}: {title} lies outside of the page's folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")

    def _load(self, title: str, block: Block) -> None:
        path = Path(title)
        if path.name == "conftest.py":
            return
        if path.name.startswith("test_"):
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "-o",
                "asyncio_mode=auto",
                title,
            ]
            done = subprocess.run(
                command, cwd=self._folder, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
            if done.returncode:
                raise PageError(f"{block.where}: {title} fails\n{done.stdout}{done.stderr}")
            return
        module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        importlib.invalidate_caches()
        sys.modules.pop(module, None)
        importlib.import_module(module)

    def _execute(self, block: Block) -> None:
        # Blank lines before the text make a traceback name the line of the page.
        source = "\n" * (block.line - 1) + block.text
        code = compile(source, block.page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = eval(code, self._names)
        if inspect.iscoroutine(result):
            self._runner.run(result)

    def _call(self, block: Block, command: str, expected: str) -> None:
        done = subprocess.run(
            command,
            shell=True,
            cwd=self._folder,
            env=shell_environment(self._folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        code = int(block.options.get("exit") or 0)
        checker = doctest.OutputChecker()
        same = checker.check_output(tidy(expected), tidy(done.stdout), doctest.ELLIPSIS)
        if not same or done.returncode != code:
            raise PageError(
                f"{block.where}: $ {command}\nexpected (exit {code}):\n{expected}\n"
                f"printed (exit {done.returncode}):\n{done.stdout}"
            )


def shell_environment(folder: Path) -> dict[str, str]:
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return os.environ | {"PATH": programs, "NO_COLOR": "1", "COLUMNS": "100", "PYTHONPATH": str(folder)}


def commands_of(block: Block) -> Iterator[tuple[str, str]]:
    """(command, expected output) of each line after `$ `; a backslash at its end continues it."""
    lines = block.text.splitlines()
    if not lines or not lines[0].startswith("$ "):
        raise PageError(f"{block.where}: a console block begins with a line `$ command`")
    starts = [index for index, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        first = start
        while lines[first].endswith("\\") and first + 1 < end:
            first += 1
        yield "\n".join(lines[start : first + 1])[2:], "\n".join(lines[first + 1 : end])


def tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return "".join(f"{line}\n" for line in lines)


def run_page(page: Path, shown: str, folder: Path) -> int:
    """Runs every block; answers how many ran."""
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    blocks = list(read_blocks(shown, page.read_text(encoding="utf-8")))
    with asyncio.Runner() as runner:
        shared = Page(folder, runner)
        for block in blocks:
            try:
                shared.run(block)
            except PageError:
                raise
            except SystemExit as error:
                raise PageError(f"{block.where}: the block ends the process with {error.code!r}") from error
            except Exception as error:
                error.add_note(f"in the block at {block.where}")
                raise
    return len(blocks)


def main() -> None:
    page = Path(sys.argv[1]).resolve()
    shown = sys.argv[2] if len(sys.argv) > 2 else page.name
    try:
        run_page(page, shown, Path.cwd())
    except PageError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
