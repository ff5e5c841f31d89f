import pytest

from fastapi_chassis.config.expansion import Expansion, is_nothing, text_of, value_of
from fastapi_chassis.config.origins import Layer, Origin
from fastapi_chassis.config.placeholders import Placeholder, Template
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.surroundings import Surroundings, read_surroundings
from fastapi_chassis.config.tree import Branch, Items, Leaf, Style
from tests.unit.config.project import Project

HERE = Origin(Layer.FILE, "a.yaml", 1)


@pytest.fixture
def surroundings(project: Project) -> Surroundings:
    return read_surroundings({"directory": project.directory, "environ": {"A": "${B}", "B": "no"}}, Report())


def test_a_whole_placeholder_becomes_a_variable(surroundings: Surroundings) -> None:
    filled = Expansion(surroundings).filled(Leaf(Template((Placeholder("A"),)), HERE, Style.QUOTED), ("x",))
    assert filled is not None
    assert (filled.value, filled.style, filled.origin.variables) == ("${B}", Style.VARIABLE, ("A",))


def test_an_embedded_one_does_not(surroundings: Surroundings) -> None:
    leaf = Leaf(Template(("x", Placeholder("C", "1"))), HERE, Style.QUOTED)
    assert Expansion(surroundings).filled(leaf, ("x",)) == Leaf("x1", HERE, Style.QUOTED)


def test_all_unset_variables_of_a_text_are_found(surroundings: Surroundings) -> None:
    leaf = Leaf(Template((Placeholder("C"), Placeholder("D"))), HERE)
    assert Expansion(surroundings).filled(leaf, ("x",)) is None
    assert [finding.what for finding in surroundings.report.findings()] == [
        "C is not set, and it has no default",
        "D is not set, and it has no default",
    ]


def test_structured(surroundings: Surroundings) -> None:
    expansion = Expansion(surroundings)
    assert isinstance(expansion.structured(Leaf("{a: 1}", HERE, Style.VARIABLE)), Branch)
    assert isinstance(expansion.structured(Leaf("a,b", HERE, Style.VARIABLE), wants_list=True), Items)
    for leaf in (Leaf("{a: 1}", HERE, Style.QUOTED), Leaf("a,b", HERE, Style.VARIABLE), Leaf(5, HERE)):
        assert expansion.structured(leaf) is leaf


def test_nothing() -> None:
    assert is_nothing(Leaf("null", HERE, Style.PLAIN))
    assert is_nothing(Leaf(None, HERE))
    assert not is_nothing(Leaf("null", HERE, Style.QUOTED))
    assert not is_nothing(Branch({}, HERE))


def test_values() -> None:
    assert value_of(Leaf("1", HERE, Style.PLAIN)) == 1
    assert value_of(Leaf("1", HERE, Style.QUOTED)) == "1"
    assert text_of(Leaf("", HERE, Style.VARIABLE), optional=False) == ""
    assert text_of(Leaf("", HERE, Style.VARIABLE), optional=True) is None
    assert text_of(Leaf("~", HERE, Style.PLAIN), optional=False) is None
