import json

import pytest

from fastapi_chassis.cli.messages import show_messages
from fastapi_chassis.cli.options import Source


def test_table(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    show_messages(source, explain=False, as_json=False)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "SellItem command shop_of_cli_tests.sell_item requires items:write" in lines
    assert "ItemSold event shop_of_cli_tests.announce" in lines


def test_explained_lines_fit(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    show_messages(source, explain=True, as_json=False)
    out = capsys.readouterr().out
    assert all(len(line) <= 100 for line in out.splitlines())
    words = " ".join(out.split())
    assert "trace log authorise validate idempotency transaction" in words
    assert "→ integration-events.cli_item_sold (memory, key aggregate) outbox memory" in words
    assert (
        "← shop_of_cli_tests.announce (group shop.items, inbox memory, 5 attempts, then dead letter)" in words
    )


def test_for_programs(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    show_messages(source, explain=True, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in found["requests"]} == {"SellItem", "CountItems", "StockLow"}
