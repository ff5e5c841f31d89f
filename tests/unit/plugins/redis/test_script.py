"""Lua files and their digests."""

import hashlib
from pathlib import Path

import pytest

from fastapi_chassis.plugins.redis import Script
from fastapi_chassis.plugins.redis.script import shipped_script

SCRIPTS = Path(shipped_script.__code__.co_filename).with_name("scripts")


@pytest.mark.requirement("CCH-1")
def test_a_file_is_a_script_with_the_digest_that_the_server_makes(tmp_path: Path) -> None:
    file = tmp_path / "add.lua"
    file.write_text("return 1 -- \N{SNOWMAN}", encoding="utf-8")
    script = Script.of_file(file)
    assert script.name == "add"
    assert script.digest == hashlib.sha1(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("file", sorted(SCRIPTS.glob("*.lua")), ids=lambda file: file.stem)
def test_every_shipped_script_says_what_it_does_and_names_its_keys(file: Path) -> None:
    script = shipped_script(file.stem)
    assert script.source.startswith("-- ")
    assert "KEYS" in script.source.splitlines()[0] + script.source.splitlines()[1]
