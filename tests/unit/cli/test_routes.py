import json

import pytest

from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.routes import show_routes


def test_table(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    show_routes(source, as_json=False)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "method path name policy"
    assert "POST /api/items/ post_item requires items:write" in lines


def test_for_programs(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    show_routes(source, as_json=True)
    found = {one["path"]: one["policy"] for one in json.loads(capsys.readouterr().out)}
    assert found["/api/items/"] == "requires items:write"
    assert found["/api/health/live"] == "public"
