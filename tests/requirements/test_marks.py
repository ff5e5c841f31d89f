"""Unknown marks and hidden skips fail a pytest run."""

import pytest

from tests.requirements_report import ROOT, ROWS

pytest_plugins = ("pytester",)

CONFIG = """
[pytest]
testpaths = tests service/tests
asyncio_default_fixture_loop_scope = function
addopts = --import-mode=importlib --strict-markers -p no:cacheprovider
markers =
    requirement(*rows): rows
"""
CONFTEST = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
pytest_plugins = ("tests.conftest",)
"""
KNOWN = '@pytest.mark.requirement("CFG-3", "MISTAKE-21")\ndef test_a(): ...\n'


class Project:
    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        pytester.makeini(CONFIG)
        pytester.makeconftest(CONFTEST)
        (pytester.path / "tests").mkdir()
        (pytester.path / "service" / "tests").mkdir(parents=True)

    def write(self, name: str, text: str) -> None:
        (self._pytester.path / name).write_text(f"import pytest\n{text}\n")

    def run(self, *arguments: str) -> tuple[int, str]:
        result = self._pytester.runpytest_inprocess(*arguments)
        return int(result.ret), result.stdout.str() + result.stderr.str()


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("CHASSIS_REQUIRE_BACKENDS", raising=False)
    return Project(pytester)


@pytest.mark.parametrize("place", ["tests", "service/tests"])
def test_unknown_row_fails_the_collection(project: Project, place: str) -> None:
    project.write(f"{place}/test_x.py", KNOWN.replace("CFG-3", "CFG-33"))
    project.write("tests/test_good.py", KNOWN)
    code, output = project.run()
    assert code == pytest.ExitCode.INTERRUPTED
    assert f"{place}/test_x.py::test_a: 'CFG-33' is no row of {ROWS}" in output


def test_unknown_row_fails_the_collection_under_xdist(project: Project) -> None:
    project.write("tests/test_x.py", KNOWN.replace("CFG-3", "CFG-33"))
    code, output = project.run("-n", "1")
    assert code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    assert "'CFG-33' is no row" in output


BAD_MARKS = {
    "no call": "@pytest.mark.requirement\ndef test_a(): ...",
    "no row": "@pytest.mark.requirement()\ndef test_a(): ...",
    "class": '@pytest.mark.requirement("NO-1")\nclass TestIt:\n    def test_a(self): ...',
    "module": 'pytestmark = pytest.mark.requirement("NO-1")\ndef test_a(): ...',
    "parameter": '@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.requirement("NO-1"))])\n'
    "def test_a(x): ...",
}


@pytest.mark.parametrize("text", BAD_MARKS.values(), ids=BAD_MARKS)
def test_bad_mark_is_found_everywhere(project: Project, text: str) -> None:
    project.write("tests/test_x.py", text)
    code, output = project.run()
    assert code == pytest.ExitCode.INTERRUPTED
    assert "'NO-1' is no row" in output or "a requirement mark names its rows" in output


def test_known_rows_pass(project: Project) -> None:
    project.write("tests/test_x.py", KNOWN)
    assert project.run()[0] == pytest.ExitCode.OK


SKIPS = {
    "at run time": "def test_a(): pytest.skip('PostgreSQL is away')",
    "in a fixture": "@pytest.fixture\ndef db(): pytest.skip('PostgreSQL is away')\ndef test_a(db): ...",
    "by a mark": "@pytest.mark.skip(reason='PostgreSQL is away')\ndef test_a(): ...",
    "of a file": "pytest.skip('PostgreSQL is away', allow_module_level=True)",
}


@pytest.mark.requirement("MISTAKE-21")
@pytest.mark.parametrize("text", SKIPS.values(), ids=SKIPS)
def test_skip_is_a_failure_where_backends_are_required(
    project: Project, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("tests/test_good.py", KNOWN)
    project.write("tests/test_x.py", text)
    assert project.run()[0] == pytest.ExitCode.OK
    monkeypatch.setenv("CHASSIS_REQUIRE_BACKENDS", "1")
    code, output = project.run()
    assert code in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    assert "PostgreSQL is away" in output
    assert "A skip is a failure here" in output


def test_declared_condition_may_skip(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHASSIS_REQUIRE_BACKENDS", "1")
    project.write("tests/test_x.py", "@pytest.mark.skipif(True, reason='Windows only')\ndef test_a(): ...")
    assert project.run()[0] == pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("PostgreSQL is away", pytest.ExitCode.TESTS_FAILED),
        ("no MongoDB replica set: no Docker engine", pytest.ExitCode.OK),
    ],
)
def test_a_declared_condition_loses_no_backend(
    project: Project, monkeypatch: pytest.MonkeyPatch, reason: str, code: pytest.ExitCode
) -> None:
    monkeypatch.setenv("CHASSIS_REQUIRE_BACKENDS", "1")
    marks = f"@pytest.mark.backends('postgresql')\n@pytest.mark.skipif(True, reason={reason!r})"
    project.write("tests/test_x.py", f"import pytest\n{marks}\ndef test_a(): ...")
    assert project.run()[0] == code


def test_expected_failure_that_passes_is_a_failure(request: pytest.FixtureRequest) -> None:
    assert request.config.getini("xfail_strict"), "set xfail_strict in pyproject.toml again"
