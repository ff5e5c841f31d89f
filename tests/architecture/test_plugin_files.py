"""Plugins are folders of one shape: the same file names, one word in all places."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.architecture.house import LIBRARY, OWN_WORDS, PLUGIN_FIXED, PLUGIN_REQUIRED, PORT_FILES
from tests.architecture.source import ROOT, Source, Violation, library, none_of, plant

TABLE = "tests/architecture/house.py"


def plugin_files(sources: Iterable[Source]) -> dict[str, dict[str, Source]]:
    """Vendor word -> first name below its folder (file stem or subfolder) -> source."""
    plugins: dict[str, dict[str, Source]] = defaultdict(dict)
    for source in sources:
        match source.inside.split("/"):
            case ["plugins", vendor, first, *_]:
                plugins[vendor][first.removesuffix(".py")] = source
    return plugins


def odd_names(sources: Iterable[Source]) -> Iterator[Violation]:
    for vendor, files in plugin_files(sources).items():
        known = PLUGIN_FIXED | PORT_FILES | OWN_WORDS.get(vendor, set())
        for name, source in files.items():
            if name not in known:
                yield Violation(
                    source.shown,
                    f"{name} isn't a word of the dictionary",
                    f"name the file after its port ({', '.join(sorted(PORT_FILES))}), or declare it for "
                    f"{vendor} in OWN_WORDS of {TABLE}.",
                )
        for missing in sorted(PLUGIN_REQUIRED - set(files)):
            yield Violation(
                f"plugins/{vendor}",
                f"{missing}.py is missing",
                "every plugin has it, so that all plugins read alike.",
            )


def stem_of(files: Mapping[str, Source]) -> str | None:
    """`Kafka`, of the class `KafkaPlugin` in plugin.py."""
    if "plugin" in files:
        for each in files["plugin"].classes():
            if each.name.endswith("Plugin"):
                return each.name.removesuffix("Plugin")
    return None


def declared_name(files: Mapping[str, Source]) -> object:
    for node in ast.walk(files["plugin"].tree):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="name")], value=ast.Constant(value=value))
                | ast.AnnAssign(target=ast.Name(id="name"), value=ast.Constant(value=value))
            ):
                return value
    return None


def other_words(sources: Iterable[Source], project: Mapping) -> Iterator[Violation]:
    """One vendor word = folder = extra = entry point = `name` = class stem."""
    extras = project["optional-dependencies"]
    entry_points = project["entry-points"][f"{LIBRARY}.plugins"]
    for vendor, files in plugin_files(sources).items():
        where, stem = f"plugins/{vendor}", stem_of(files)
        if vendor not in extras:
            yield Violation(
                where, "no extra has its name", f"add `{vendor} = [...]` to optional-dependencies."
            )
        if stem is None:
            yield Violation(
                where, "plugin.py defines no class ...Plugin", "the class is <Stem>Plugin(PluginAbstract)."
            )
            continue
        if stem.lower() != vendor:
            yield Violation(
                where, f"the class stem is {stem}", f"spell {vendor} in capitals and small letters only."
            )
        if declared_name(files) != vendor:
            yield Violation(
                where, f"its name is {declared_name(files)!r}", f'`name = "{vendor}"` is the key in the YAML.'
            )
        if entry_points.get(vendor) != f"{LIBRARY}.plugins.{vendor}:{stem}Plugin":
            yield Violation(
                where,
                "its entry point is missing or points elsewhere",
                f'`{vendor} = "{LIBRARY}.plugins.{vendor}:{stem}Plugin"` in pyproject.toml.',
            )
        if "config" in files and f"{stem}Config" not in {each.name for each in files["config"].classes()}:
            yield Violation(where, f"config.py has no {stem}Config", "one stem for all classes of a plugin.")


def project_table() -> Mapping:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_plugin_files_have_names_from_the_dictionary() -> None:
    none_of(odd_names(library()))


def test_one_word_in_all_places() -> None:
    none_of(other_words(library(), project_table()))


def test_entry_points_and_folders_are_the_same_set() -> None:
    assert set(project_table()["entry-points"][f"{LIBRARY}.plugins"]) == set(plugin_files(library()))


PLUGIN = {
    "plugins/kafka/config.py": "class KafkaConfig: ...",
    "plugins/kafka/connection.py": "",
    "plugins/kafka/health.py": "",
    "plugins/kafka/plugin.py": 'class KafkaPlugin:\n    name = "kafka"',
    "plugins/kafka/transport.py": "",
    "plugins/kafka/topology.py": "",
}
PROJECT = {
    "optional-dependencies": {"kafka": []},
    "entry-points": {"fastapi_chassis.plugins": {"kafka": "fastapi_chassis.plugins.kafka:KafkaPlugin"}},
}


def test_well_named_plugin_is_allowed(tmp_path: Path) -> None:
    sources = plant(tmp_path, PLUGIN)
    none_of(odd_names(sources))
    none_of(other_words(sources, PROJECT))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"plugins/kafka/stuff.py": ""}, "stuff isn't a word"),
        ({"plugins/kafka/documents.py": ""}, "documents isn't a word"),
        ({"plugins/nats/plugin.py": ""}, "connection.py is missing"),
    ],
)
def test_odd_name_is_found(tmp_path: Path, files: dict[str, str], message: str) -> None:
    assert message in "\n".join(map(str, odd_names(plant(tmp_path, {**PLUGIN, **files}))))


@pytest.mark.parametrize(
    ("files", "project", "message"),
    [
        (
            {"plugins/kafka/plugin.py": 'class KafkaPlugin:\n    name = "kafkas"'},
            PROJECT,
            "its name is 'kafkas'",
        ),
        (
            {"plugins/kafka/plugin.py": 'class ApacheKafkaPlugin:\n    name = "kafka"'},
            PROJECT,
            "stem is ApacheKafka",
        ),
        ({"plugins/kafka/plugin.py": ""}, PROJECT, "no class ...Plugin"),
        ({"plugins/kafka/config.py": "class Config: ..."}, PROJECT, "has no KafkaConfig"),
        ({}, {**PROJECT, "optional-dependencies": {}}, "no extra"),
        ({}, {**PROJECT, "entry-points": {"fastapi_chassis.plugins": {}}}, "entry point is missing"),
    ],
)
def test_other_word_is_found(tmp_path: Path, files: dict[str, str], project: dict, message: str) -> None:
    assert message in "\n".join(map(str, other_words(plant(tmp_path, {**PLUGIN, **files}), project)))
