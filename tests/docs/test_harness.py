"""The harness that runs the documentation notices what is wrong with a page."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.page import Block, PageError, commands_of, read_blocks

HARNESS = Path(__file__).with_name("page.py")


def run(folder: Path, text: str) -> tuple[int, str]:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    work = folder / "work"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, str(HARNESS), str(page)],
        cwd=work,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def fenced(info: str, text: str) -> str:
    return f"```{info}\n{text}\n```\n\n"


def test_blocks_share_names_files_and_loop(tmp_path: Path) -> None:
    code, output = run(
        tmp_path,
        fenced('python title="shop.py"', "PRICE = 3")
        + fenced('python title="pages/deep/item.py"', "from shop import PRICE\nname = 'Dune'")
        + fenced('yaml title="application.yaml"', "service: {name: shop}")
        + fenced("python", "from shop import PRICE\nimport asyncio, pathlib\nlock = asyncio.Lock()")
        + fenced("python", "async with lock:\n    doubled = PRICE * 2\nloop = asyncio.get_running_loop()")
        + fenced("python", "from pages.deep.item import name\nassert (doubled, name) == (6, 'Dune')")
        + fenced("python", "assert await asyncio.sleep(0, asyncio.get_running_loop()) is loop")
        + fenced(
            "python", "assert pathlib.Path('application.yaml').read_text() == 'service: {name: shop}\\n'"
        )
        + fenced("python", "assert asyncio.run(asyncio.sleep(0, 1)) == 1"),
    )
    assert code == 0, output


FAILING = {
    "wrong": ("python", "assert 1 == 2", "page.md:2"),
    "wrong after an await": ("python", "import asyncio\nawait asyncio.sleep(0)\n1 / 0", "line 4"),
    "no syntax": ("python", "def", "SyntaxError"),
    "exit": ("python", "import sys\nsys.exit(0)", "page.md:2"),
    "file": ('python title="a.py"', "import no_such_module", "no_such_module"),
    "test": ('python title="test_a.py"', "def test_a():\n    assert 1 == 2", "test_a.py fails"),
    "test file without tests": ('python title="test_a.py"', "x = 1", "test_a.py fails"),
    "outside": ('yaml title="../a.yaml"', "x", "lies outside"),
    "output": ("console test", "$ echo one\ntwo", "expected (exit 0):\ntwo"),
    "missing output": ("console test", "$ echo one", "printed (exit 0):\none"),
    "exit code": ("console test", "$ exit 2", "printed (exit 2)"),
    "no command": ("console test", "echo one", "begins with a line"),
    "skip without a reason": ('python skip=""', "x = 1", "say why"),
    "bare skip": ("python skip", "x = 1", "say why"),
    "slip of the pen": ('python skpi="no server"', "x = 1", "'skpi' isn't one of"),
    "another spelling": ("py", "x = 1", "write `python`"),
    "python that is never run": ("python test", "x = 1", "always run"),
}


@pytest.mark.requirement("MISTAKE-2")
@pytest.mark.parametrize(("info", "text", "message"), FAILING.values(), ids=FAILING)
def test_fault_is_noticed(tmp_path: Path, info: str, text: str, message: str) -> None:
    code, output = run(tmp_path, fenced(info, text))
    assert code != 0
    assert message in output


def test_what_may_stand_on_a_page(tmp_path: Path) -> None:
    code, output = run(
        tmp_path,
        fenced('python skip="needs a broker"', "1 / 0")
        + fenced('python hl_lines="1" title="test_a.py"', "async def test_a(): ...")
        + fenced("console test", "$ printf 'a\\nb\\nc\\n'\na\n...\nc\n$ echo $NO_COLOR \\\n  $COLUMNS\n1 100")
        + fenced("console test exit=2", "$ echo found; exit 2\nfound")
        + fenced("console", "$ rm -rf it-is-not-run")
        + fenced("", "free text")
        + "1. In a list\n\n    ```python\n    listed = 1\n    ```\n"
        + "> ~~~python\n> assert listed == 1\n> ~~~\n",
    )
    assert code == 0, output


def test_block_that_never_ends() -> None:
    with pytest.raises(PageError, match=r"page\.md:2: the block is never closed"):
        list(read_blocks("page.md", "text\n```python\nx = 1\n"))


def test_lines_are_those_of_the_page() -> None:
    text = "# Page\n\n```python\na\n```\n````markdown\n```python\nb\n```\n````\n```yaml\nc\n```\n"
    assert [(each.line, each.language, each.text) for each in read_blocks("page.md", text)] == [
        (4, "python", "a\n"),
        (7, "markdown", "```python\nb\n```\n"),
        (12, "yaml", "c\n"),
    ]


def test_commands_and_their_output() -> None:
    block = Block("page.md", 1, "console", "$ one\n1\n\n$ two \\\n  more\n$ three\n3\n")
    assert list(commands_of(block)) == [("one", "1\n"), ("two \\\n  more", ""), ("three", "3")]
