"""The AsyncAPI document: committed, and about the events that the service sends and takes."""

import json
import os
from pathlib import Path

import pytest

from fastapi_chassis.testing import TestApplication

SNAPSHOT = Path(__file__).parents[1] / "asyncapi.json"


@pytest.mark.requirement("MSG-14")
async def test_the_committed_document_is_what_is_served(memory_app: TestApplication) -> None:
    served = (await memory_app.client.get("/api/asyncapi.json")).json()
    text = json.dumps(served, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_ASYNCAPI"):
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert SNAPSHOT.read_text(encoding="utf-8") == text, (
        "the events have changed: raise the version of one whose readers would break, then write the "
        "document with UPDATE_ASYNCAPI=1 pytest service/tests"
    )


@pytest.mark.requirement("MSG-14")
def test_it_tells_who_sends_and_takes_what() -> None:
    document = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert {name: one["address"] for name, one in document["channels"].items()} == {
        "book_added": "integration-events.book_added",
        "item_created": "integration-events.item_created",
    }
    announce = document["operations"]["receive.item_created.v2.bookshop.notifications.announce"]
    assert announce["action"] == "receive"
    item_created = document["components"]["schemas"]["item_created.v2"]
    assert item_created["required"] == ["item_id", "owner_id", "title", "description"]
