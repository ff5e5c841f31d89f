import inspect
from pathlib import Path

import pytest
import typer

from fastapi_chassis.cli.options import AsJson, Serving, Source, declared


def test_settings_become_arguments() -> None:
    source = Source(settings=["server.port=9000", "api.prefix=/a=b"])
    assert source.arguments() == {"server.port": "9000", "api.prefix": "/a=b"}


@pytest.mark.parametrize("text", ["server.port", "=1", "server..port=1", ".port=1"])
def test_setting_must_be_path_and_value(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no PATH=VALUE"):
        Source(settings=[text]).arguments()


def test_sources_are_those_that_were_named() -> None:
    assert Source().sources() == {}
    named = Source(config=Path("shop.yaml"), profile="test")
    assert named.sources() == {"file": Path("shop.yaml"), "profile": "test"}


def test_serving_gives_what_was_named() -> None:
    assert Serving().arguments() == {}
    assert Serving(port=0, reload=True).arguments() == {"server.port": 0, "server.reload": True}


def test_groups_are_spelled_out_and_gathered_again() -> None:
    seen: list[object] = []

    @declared
    def command(source: Source, serving: Serving, as_json: AsJson = False) -> None:
        """Does it."""
        seen.extend([source, serving, as_json])

    names = list(inspect.signature(command).parameters)
    assert names == [
        *("target", "config", "profile", "settings", "trace"),
        *("host", "port", "workers", "reload", "as_json"),
    ]
    given = dict.fromkeys(names) | {"target": "shop:Shop", "port": 1, "as_json": True}
    command(**given)
    source, serving, as_json = seen
    assert isinstance(source, Source)
    assert source.target == "shop:Shop"
    assert isinstance(serving, Serving)
    assert (serving.port, as_json) == (1, True)
    assert command.__doc__ == "Does it."
