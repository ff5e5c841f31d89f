import json

import pytest

from fastapi_chassis.cli.messages import show_asyncapi, show_messages
from fastapi_chassis.cli.options import Source

AWAY = [
    "plugins.sqlalchemy.url=postgresql://shop:hunter2@127.0.0.1:9/shop",
    "plugins.kafka.bootstrap_servers=127.0.0.1:9",
]


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


@pytest.mark.requirement("MSG-14")
@pytest.mark.usefixtures("shop")
def test_no_broker_and_no_database_has_to_be_there(capsys: pytest.CaptureFixture[str]) -> None:
    show_messages(Source(settings=AWAY), explain=True, as_json=False)
    words = " ".join(capsys.readouterr().out.split())
    assert "(kafka, key aggregate) outbox sqlalchemy" in words
    assert "(group shop.items, inbox sqlalchemy, 5 attempts, then dead letter)" in words


@pytest.mark.requirement("MSG-14")
@pytest.mark.usefixtures("shop")
def test_the_document_of_the_events(capsys: pytest.CaptureFixture[str]) -> None:
    show_asyncapi(Source(settings=AWAY))
    out = capsys.readouterr().out
    document = json.loads(out)
    assert document["servers"]["kafka"]["host"] == "127.0.0.1:9"
    assert document["channels"]["cli_item_sold"]["address"] == "integration-events.cli_item_sold"
    assert "hunter2" not in out
