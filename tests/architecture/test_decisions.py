"""Decisions are short pages of one shape, and the index lists them all."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

FOLDER = ROOT / "docs" / "decisions"
HEADINGS = ["Context", "Decision", "Consequences", "Alternatives"]
LINES = 60


def faults(name: str, text: str) -> Iterator[str]:
    if not text.startswith(f"# {int(name[:4])}. "):
        yield f"the title begins with its number: `# {int(name[:4])}. ...`"
    if re.findall(r"^## (.+)$", text, re.MULTILINE) != HEADINGS:
        yield f"its headings are {', '.join(HEADINGS)}"
    if not re.search(r"^Date: \d{4}-\d\d-\d\d\. Status: (accepted|replaced by \d{4})\.$", text, re.MULTILINE):
        yield "`Date: YYYY-MM-DD. Status: accepted.` (or `replaced by NNNN`) stands below the title"
    if len(text.splitlines()) > LINES:
        yield f"it has more than {LINES} lines: a decision is short"


def decisions() -> list[Path]:
    return sorted(FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.stem)
def test_decision_has_its_shape(path: Path) -> None:
    assert list(faults(path.name, path.read_text(encoding="utf-8"))) == []


def test_index_lists_every_decision_in_order() -> None:
    listed = re.findall(
        r"^\| \[\d{4}\]\((.+?)\)", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert listed == [path.name for path in decisions()]


def test_numbers_are_taken_once() -> None:
    numbers = [path.name[:4] for path in decisions()]
    assert len(numbers) == len(set(numbers)), (
        "two decisions took the same number: the later one takes the next"
    )


GOOD = (
    "# 1. A\n\nDate: 2026-01-31. Status: accepted.\n\n"
    "## Context\n\n## Decision\n\n## Consequences\n\n## Alternatives\n"
)


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("# 1.", "# 2."),
        GOOD.replace("## Context\n", ""),
        GOOD.replace("accepted", "soon"),
        GOOD + "a\n" * 60,
    ],
)
def test_fault_is_found(text: str) -> None:
    assert len(list(faults("0001-a.md", text))) == 1
    assert list(faults("0001-a.md", GOOD)) == []
