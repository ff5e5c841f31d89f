"""`make requirements` tells the truth about which test proves what."""

import json
from pathlib import Path

import pytest

from tests.requirements_report import PLACES, ROWS, Proof, main, read_proofs, read_rows

PAGE = "| Row | |\n|---|---|\n| CFG-1 | typed values |\n| CFG-2 | sections |\n| DOM-1 | plain domain |\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, ROWS, PAGE)
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


MARKED = {
    "function": '@pytest.mark.requirement("CFG-1")\ndef test_a(): ...',
    "async function": '@pytest.mark.requirement("CFG-1")\nasync def test_a(): ...',
    "among others": '@pytest.mark.slow\n@pytest.mark.requirement("DOM-1", "CFG-1")\ndef test_a(): ...',
    "imported mark": 'from pytest import mark\n@mark.requirement("CFG-1")\ndef test_a(): ...',
    "class": '@pytest.mark.requirement("CFG-1")\nclass TestIt:\n    def test_a(self): ...',
    "module": 'pytestmark = pytest.mark.requirement("CFG-1")\ndef test_a(): ...',
    "module list": 'pytestmark = [pytest.mark.requirement("CFG-1")]\ndef test_a(): ...',
    "class body": 'class TestA:\n    pytestmark = pytest.mark.requirement("CFG-1")\n    def test_a(s): ...',
    "parameter": '@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.requirement("CFG-1"))])\n'
    "def test_a(x): ...",
}


@pytest.mark.parametrize("text", MARKED.values(), ids=MARKED)
def test_mark_is_found(project: Path, text: str) -> None:
    write(project, "tests/unit/test_x.py", text)
    assert "CFG-1" in {proof.row for proof in read_proofs(project)}


UNMARKED = {
    "no mark": "def test_a(): ...",
    "no test": '@pytest.mark.requirement("CFG-1")\ndef make(): ...',
    "in a text": "def test_a():\n    text = '@pytest.mark.requirement(\"CFG-1\")'",
    "inside a body": 'def test_a():\n    pytest.mark.requirement("CFG-1")',
}


@pytest.mark.parametrize("text", UNMARKED.values(), ids=UNMARKED)
def test_nothing_else_counts(project: Path, text: str) -> None:
    write(project, "tests/unit/test_x.py", text)
    assert read_proofs(project) == []


@pytest.mark.parametrize("place", PLACES)
def test_all_places_are_read(project: Path, place: str) -> None:
    write(project, f"{place}/deep/test_x.py", MARKED["function"])
    assert read_proofs(project) == [Proof("CFG-1", f"{place}/deep/test_x.py::test_a")]


def test_report_names_tests_and_gaps(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, "tests/test_x.py", MARKED["class"])
    assert main([], project) == 0
    printed = capsys.readouterr().out
    assert "CFG-1       typed values\n              tests/test_x.py::TestIt::test_a\n" in printed
    assert "CFG-2       sections\n              -- no test --\n" in printed
    assert "CFG          2       1  2\n" in printed


def test_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, "tests/test_x.py", MARKED["function"])
    main(["--json"], project)
    printed = json.loads(capsys.readouterr().out)
    assert printed["CFG-1"] == {"text": "typed values", "tests": ["tests/test_x.py::test_a"]}
    assert printed["DOM-1"]["tests"] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [(["CFG-1"], 0), (["CFG-2"], 1), (["CFG"], 1), (["DOM"], 1), (["CFG-1", "CFG-2"], 1), (["rows.txt"], 1)],
)
def test_required_rows(
    project: Path, words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, "tests/test_x.py", MARKED["function"])
    write(project, "rows.txt", "# what must be there\nCFG-1 CFG-2  # two\n")
    assert main(["--require", *words], project) == code
    assert ("required rows have no test" in capsys.readouterr().err) == bool(code)


def test_required_row_that_is_unknown(project: Path) -> None:
    with pytest.raises(SystemExit, match="CFG-9 is no row, area or file"):
        main(["--require", "CFG-9"], project)


def test_unknown_row_in_a_mark(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, "service/tests/test_x.py", '@pytest.mark.requirement("CFG-9")\ndef test_a(): ...')
    assert main([], project) == 1
    assert "service/tests/test_x.py::test_a names CFG-9, which is no row" in capsys.readouterr().err


def test_rows_of_this_repository() -> None:
    rows = read_rows()
    areas = dict.fromkeys(row.partition("-")[0] for row in rows)
    counts = {area: sum(row.startswith(f"{area}-") for row in rows) for area in areas}
    assert counts == {
        "APP": 8,
        "CFG": 7,
        "PLG": 6,
        "DOM": 7,
        "REP": 9,
        "MSG": 15,
        "TSK": 5,
        "HTTP": 5,
        "CCH": 4,
        "API": 6,
        "OBS": 6,
        "STA": 2,
        "SEC": 8,
        "GRP": 2,
        "TST": 3,
        "REF": 10,
        "DX": 6,
        "DEP": 3,
        "MISTAKE": 22,
    }


def test_required_rows_of_this_repository_exist(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--json", "--require", "tests/requirements_now.txt"])
    assert json.loads(capsys.readouterr().out)


def test_double_row_is_refused(project: Path) -> None:
    write(project, ROWS, PAGE + "| CFG-1 | again |\n")
    with pytest.raises(SystemExit, match="twice"):
        read_rows(project)
