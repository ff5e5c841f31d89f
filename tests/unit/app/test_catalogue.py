import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastapi_chassis.app import ENTRY_POINT_GROUP, PluginAbstract, PluginCatalogue
from fastapi_chassis.config import PluginConfig
from fastapi_chassis.domain import ChassisError, Finding


class DoorConfig(PluginConfig):
    url: str


class Door(PluginAbstract[DoorConfig]):
    name = "door"
    config_type = DoorConfig


class Window(PluginAbstract[PluginConfig]):
    name = "window"


class Refusing(PluginAbstract[PluginConfig]):
    name = "refusing"

    def __init__(self, config: PluginConfig, *, instance: str = "") -> None:
        super().__init__(config, instance=instance)
        raise ChassisError(Finding("the licence has run out"))


SOURCE = """
from fastapi_chassis.app import PluginAbstract
from fastapi_chassis.config import PluginConfig

class Stranger(PluginAbstract[PluginConfig]):
    name = "stranger"
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch) -> Iterator[None]:
    """A distribution of somebody else, with entry points."""
    (tmp_path / "stranger_chassis.py").write_text(SOURCE)
    info = tmp_path / "stranger_chassis-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger-chassis\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{ENTRY_POINT_GROUP}]\n"
        "stranger = stranger_chassis:Stranger\n"
        "other_name = stranger_chassis:Stranger\n"
        "no_plugin = stranger_chassis:PluginConfig\n"
        "broken = stranger_nowhere:Plugin\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("stranger_chassis", None)


def enabled(catalogue, sections, kinds=None):
    findings: list[Finding] = []
    made = catalogue.enabled(sections, kinds or {name: name for name in sections}, findings)
    return [(type(one), one.instance) for one in made], [finding.what for finding in findings]


@pytest.mark.requirement("PLG-1")
def test_a_section_enables_a_plugin():
    assert enabled(PluginCatalogue([Door]), {"door": DoorConfig(url="x")}) == ([(Door, "door")], [])


@pytest.mark.requirement("PLG-1")
def test_a_listed_plugin_needs_no_section():
    assert enabled(PluginCatalogue([Window]), {}) == ([(Window, "window")], [])


@pytest.mark.requirement("PLG-3")
def test_a_disabled_section_makes_nothing_also_of_a_listed_plugin():
    assert enabled(PluginCatalogue([Door]), {"door": PluginConfig(enabled=False)}) == ([], [])


@pytest.mark.requirement("PLG-3")
def test_a_disabled_instance_makes_nothing():
    assert enabled(PluginCatalogue([Window(PluginConfig(enabled=False))]), {}) == ([], [])


@pytest.mark.requirement("PLG-1")
def test_an_instance_brings_its_own_configuration():
    catalogue = PluginCatalogue([Door(DoorConfig(url="mine"), instance="front")])
    findings: list[Finding] = []
    (made,) = catalogue.enabled({"front": DoorConfig(url="other")}, {"front": "door"}, findings)
    assert made.config == DoorConfig(url="mine")


@pytest.mark.requirement("CFG-2")
def test_two_sections_of_one_kind_are_two_plugins():
    sections = {"front": DoorConfig(url="a"), "back": DoorConfig(url="b")}
    made, findings = enabled(PluginCatalogue([Door]), sections, {"front": "door", "back": "door"})
    assert (made, findings) == ([(Door, "front"), (Door, "back")], [])


def test_without_kinds_the_configuration_tells_the_plugin():
    assert enabled(PluginCatalogue([Door]), {"front": DoorConfig(url="a")}) == ([(Door, "front")], [])


def test_a_listed_plugin_whose_settings_are_missing_is_a_finding():
    assert enabled(PluginCatalogue([Door]), {}) == ([], ["plugin door is listed, and nothing sets its url"])


def test_a_plugin_that_refuses_is_a_finding_and_the_others_are_made():
    assert enabled(PluginCatalogue([Refusing, Window]), {}) == (
        [(Window, "window")],
        ["the licence has run out"],
    )


def test_a_plugin_without_name_is_a_finding():
    class Nameless(PluginAbstract[PluginConfig]):
        pass

    (finding,) = PluginCatalogue([Nameless]).findings
    assert finding.what.endswith("Nameless has no name")


@pytest.mark.requirement("PLG-1", "PLG-3")
@pytest.mark.usefixtures("installed")
def test_an_installed_plugin_is_imported_when_it_is_wanted():
    catalogue = PluginCatalogue()
    assert "stranger" in catalogue.names
    assert enabled(catalogue, {"stranger": PluginConfig(enabled=False)}) == ([], [])
    assert "stranger_chassis" not in sys.modules
    made, findings = enabled(catalogue, {"stranger": PluginConfig()})
    assert [instance for _, instance in made] == ["stranger"]
    assert findings == []
    assert catalogue.config_types()["stranger"]() is PluginConfig


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("other_name", "is a plugin called stranger"),
        ("no_plugin", "is no plugin"),
        ("broken", "No module named 'stranger_nowhere'"),
        ("nobody", "there is no plugin nobody"),
    ],
)
def test_what_cannot_be_imported_is_a_finding(name, what):
    with pytest.raises(ChassisError) as wrong:
        PluginCatalogue().type_of(name)
    (finding,) = wrong.value.findings
    assert what in finding.what
    assert finding.remedy
