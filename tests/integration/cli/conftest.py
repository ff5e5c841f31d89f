"""A service in a folder of its own."""

from pathlib import Path

import pytest

from tests.integration.cli.folder import SHOP, Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("shop.py", SHOP)
    made.write("pyproject.toml", '[tool.chassis]\napp = "shop:Shop"\n')
    return made
