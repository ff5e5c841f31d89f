import json
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fastapi_chassis.config import ConfigModel, Layer, LoadedConfig, RootConfig
from tests.unit.config.project import Project

KEYS = ("alpha", "beta", "gamma")
LAYERS = (Layer.FILE, Layer.PROFILE, Layer.SECRETS, Layer.DOTENV, Layer.ENVIRONMENT, Layer.ARGUMENTS)


class Leaves(ConfigModel):
    alpha: int = -1
    beta: int = -1
    gamma: list[int] = []  # noqa: RUF012


class Inner(ConfigModel):
    alpha: Leaves = Leaves()
    beta: Leaves = Leaves()
    gamma: dict[str, int] = {}  # noqa: RUF012


class TreeRoot(RootConfig):
    inner: Inner = Inner()
    free: dict[str, dict[str, int]] = {}  # noqa: RUF012


LEAF_PATHS = [
    *(("inner", section, key) for section in ("alpha", "beta") for key in KEYS),
    *(("inner", "gamma", key) for key in KEYS),
    *(("free", section, key) for section in KEYS for key in KEYS),
]

type Settings = dict[tuple[str, ...], int]

layer_settings = st.dictionaries(st.sampled_from(LEAF_PATHS), st.integers(0, 10**6), max_size=8)


def is_list(path: tuple[str, ...]) -> bool:
    return path[0] == "inner" and path[1] != "gamma" and path[2] == "gamma"


def nested(chosen: Settings) -> dict[str, object]:
    tree: dict[str, object] = {}
    for path, number in chosen.items():
        here = tree
        for key in path[:-1]:
            here = here.setdefault(key, {})  # type: ignore[assignment]  # sections all the way down
        here[path[-1]] = [number] if is_list(path) else number
    return tree


def put(
    project: Project, layer: Layer, chosen: Settings, environ: dict[str, str], options: dict[str, object]
) -> None:
    texts = {
        "__".join(path): json.dumps([number]) if is_list(path) else str(number)
        for path, number in chosen.items()
    }
    match layer:
        case Layer.FILE:
            project.write(yaml.safe_dump(nested(chosen)))
        case Layer.PROFILE:
            project.write(yaml.safe_dump(nested(chosen)), "application.test.yaml")
        case Layer.SECRETS:
            environ["CHASSIS_SECRETS_DIR"] = "secrets"
            project.directory.joinpath("secrets").mkdir()
            for name, text in texts.items():
                project.secret(name, text)
        case Layer.DOTENV:
            project.write("".join(f"CHASSIS_{name.upper()}={text}\n" for name, text in texts.items()), ".env")
        case Layer.ENVIRONMENT:
            environ |= {f"CHASSIS_{name.upper()}": text for name, text in texts.items()}
        case Layer.ARGUMENTS:
            options["arguments"] = nested(chosen)


def value_at(loaded: LoadedConfig[TreeRoot], path: tuple[str, ...]) -> object:
    here: object = loaded.config
    for key in path:
        here = here.get(key, {}) if isinstance(here, dict) else getattr(here, key)
    return here[0] if isinstance(here, list) and here else here


@pytest.mark.requirement("CFG-3")
@settings(max_examples=60, deadline=None)
@given(st.lists(layer_settings, min_size=len(LAYERS), max_size=len(LAYERS)))
def test_the_highest_layer_that_sets_a_path_wins_and_its_origin_says_so(chosen: list[Settings]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        project = Project(Path(directory))
        environ: dict[str, str] = {}
        options: dict[str, object] = {"profile": "test"}
        for layer, layer_chosen in zip(LAYERS, chosen, strict=True):
            put(project, layer, layer_chosen, environ, options)
        loaded = project.load(TreeRoot, environ, **options)
    for path in LEAF_PATHS:
        setting = [(layer, said[path]) for layer, said in zip(LAYERS, chosen, strict=True) if path in said]
        if setting:
            layer, number = setting[-1]
            assert value_at(loaded, path) == number
            assert loaded.origin(".".join(path)).layer is layer
        else:
            assert loaded.origin(".".join(path)).layer is Layer.DEFAULT


class Typed(ConfigModel):
    text: str = ""
    maybe: str | None = "set"
    number: int = 0
    share: float = 0.0
    flag: bool = False
    words: list[str] = []  # noqa: RUF012
    numbers: tuple[int, ...] = ()
    anything: object = None
    either: int | str = 0


class TypedRoot(RootConfig):
    typed: Typed = Typed()


@pytest.mark.requirement("CFG-3", "MISTAKE-15")
@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("text", "12", "12"),
        ("text", "1.10", "1.10"),
        ("text", "null", "null"),
        ("text", "", ""),
        ("text", '["a"]', '["a"]'),
        ("text", "${HOME}", "${HOME}"),
        ("maybe", "", None),
        ("maybe", "null", None),
        ("maybe", "x", "x"),
        ("number", "12", 12),
        ("share", "1e3", 1000.0),
        ("flag", "true", True),
        ("flag", "yes", True),
        ("flag", "0", False),
        ("words", '["a:9092", "b"]', ["a:9092", "b"]),
        ("words", "[a:9092, b]", ["a:9092", "b"]),
        ("words", "a:9092, b", ["a:9092", "b"]),
        ("words", "[1, 2]", ["1", "2"]),
        ("words", "", []),
        ("numbers", "1,2", (1, 2)),
        ("numbers", "[1, 2]", (1, 2)),
        ("anything", "1.5", 1.5),
        ("anything", '{"a": [1, null]}', {"a": [1, None]}),
        ("anything", "no", "no"),
        ("either", "5", 5),
        ("either", "five", "five"),
    ],
)
@pytest.mark.parametrize("by", ["variable", "placeholder", "default"])
def test_a_variable_is_typed_by_its_target(
    project: Project, key: str, text: str, expected: object, by: str
) -> None:
    environ = {}
    match by:
        case "variable":
            environ[f"CHASSIS_TYPED__{key.upper()}"] = text
        case "placeholder":
            environ["GIVEN"] = text
            project.write(f"typed: {{{key}: ${{GIVEN}}}}")
        case "default":
            text = text.replace("${", "$${")
            project.write(f"typed: {{{key}: ${{GIVEN:{text}}}}}")
    assert getattr(project.load(TypedRoot, environ).config.typed, key) == expected


@pytest.mark.requirement("CFG-3")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("text: 1.10", "1.10"),
        ("text: no", "no"),
        ("text: 2026-01-31", "2026-01-31"),
        ("text: 'null'", "null"),
        ("maybe: null", None),
        ("maybe: ~", None),
        ("anything: 1.5", 1.5),
        ("anything: '1.5'", "1.5"),
        ("anything: null", None),
        ("anything: [1, a, null]", [1, "a", None]),
        ("words: [1, b]", ["1", "b"]),
    ],
)
def test_yaml_is_typed_by_its_target(project: Project, line: str, expected: object) -> None:
    project.write(f"typed:\n  {line}\n")
    key = line.partition(":")[0]
    assert getattr(project.load(TypedRoot).config.typed, key) == expected


def test_a_text_in_the_file_is_no_list(project: Project) -> None:
    project.write("typed: {words: 'a,b'}")
    assert project.finding(root=TypedRoot).what == "expected a list, found text: a,b"


def test_an_empty_section_is_its_defaults(project: Project) -> None:
    project.write("typed:\nserver: ~\napi: {cors: }\n")
    assert project.load(TypedRoot).config == TypedRoot()


def test_a_higher_value_in_the_place_of_a_section_hides_it(project: Project) -> None:
    project.write("server: {port: 1}")
    project.write("server: oops", "application.test.yaml")
    found = project.finding(profile="test")
    assert found.where == "application.test.yaml:1  server"
    assert found.what == "expected a section of keys, found text"
    assert project.config(profile="test", arguments={"server": {"port": 3}}).config.server.port == 3


def test_a_value_that_is_hidden_needs_no_variable(project: Project) -> None:
    project.write("service: {name: '${NOWHERE}'}")
    assert project.config({"CHASSIS_SERVICE__NAME": "shop"}).config.service.name == "shop"


def test_a_json_variable_merges_with_the_file(project: Project) -> None:
    project.write("server: {port: 1, host: a}")
    server = project.config({"CHASSIS_SERVER": '{"port": 2}'}).config.server
    assert (server.port, server.host) == (2, "a")


def test_a_variable_meets_the_key_of_a_file_whatever_its_case(project: Project) -> None:
    class Named(RootConfig):
        shops: dict[str, dict[str, int]] = {}  # noqa: RUF012

    project.write("shops: {Old-Town: {Max: 1, min: 2}}")
    config = project.load(Named, {"CHASSIS_SHOPS__OLD_TOWN__MAX": "9", "CHASSIS_SHOPS__NEW__MAX": "3"}).config
    assert config.shops == {"Old-Town": {"Max": 9, "min": 2}, "new": {"max": 3}}


@pytest.mark.requirement("CFG-5")
def test_a_variable_may_name_the_file_of_its_value(project: Project) -> None:
    project.write("plugins: {sqlalchemy: {}}")
    project.write("swordfish\n", "pw.txt")
    loaded = project.config({"CHASSIS_PLUGINS__SQLALCHEMY__PASSWORD_FILE": "pw.txt"})
    assert loaded.plugin("sqlalchemy").password.get_secret_value() == "swordfish"
    found = project.finding({"CHASSIS_PLUGINS__SQLALCHEMY__PASSWORD_FILE": "nowhere"})
    assert "no such file" in found.what
