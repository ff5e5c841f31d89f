"""The door of the configuration: it loads, and brings the loader only when it is opened."""

import subprocess
import sys
from pathlib import Path

from fastapi_chassis.config import RootConfig, load_config


def test_the_door_loads(tmp_path: Path) -> None:
    (tmp_path / "application.yaml").write_text("server: {port: 9000}\n", encoding="utf-8")
    loaded = load_config(RootConfig, directory=tmp_path, environ={}, defaults={"service.name": "shop"})
    assert loaded.config.server.port == 9000
    assert loaded.config.service.name == "shop"
    assert loaded.origin("server.port").line == 1


def test_declaring_models_does_not_bring_yaml() -> None:
    code = "import sys, fastapi_chassis.config; print('yaml' in sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout.strip() == "False"
