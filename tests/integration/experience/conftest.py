"""The shop of the face in a folder of its own."""

from pathlib import Path

import pytest

from tests.integration.cli.folder import Folder
from tests.integration.experience.printed import SHOP


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("shop.py", SHOP)
    return made
