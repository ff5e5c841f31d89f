from collections.abc import Callable

import pytest

from fastapi_chassis.application import Command
from fastapi_chassis.domain import WiringError
from fastapi_chassis.messaging import Ack, Delivery, consumers_from
from tests.unit.messaging.shop import ItemCreated, Shop, created

SEEN: list[str] = []


class CreateItem(Command[None], public=True):
    title: str


async def announce(event: ItemCreated) -> None:
    SEEN.append(event.title)


def count(event: ItemCreated) -> None:
    SEEN.append(f"counted {event.title}")


@pytest.mark.requirement("MSG-10")
@pytest.mark.parametrize("entry", [announce, {"handler": announce}])
async def test_a_map_from_event_name_to_handler_makes_consumers(entry: Callable[..., object]) -> None:
    SEEN.clear()
    consumers = consumers_from({"item_created": entry})
    assert await Shop().consumer(*consumers).receive(Delivery(created("Dune"))) == Ack()
    assert SEEN == ["Dune"]


@pytest.mark.requirement("MSG-10", "MISTAKE-8")
async def test_async_and_sync_handlers_both_run() -> None:
    SEEN.clear()
    consumers = (*consumers_from({"item_created": announce}), *consumers_from({"item_created": count}))
    assert await Shop().consumer(*consumers).receive(Delivery(created("Dune"))) == Ack()
    assert SEEN == ["Dune", "counted Dune"]


async def untyped(event) -> None: ...  # the finding is about the missing annotation


async def command(command: CreateItem) -> None: ...


@pytest.mark.parametrize(
    ("handlers", "told"),
    [
        ({"item_lost": announce}, '"item_lost" is handled by'),
        ({"create_item": command}, "which takes CreateItem"),
        ({"item_created": untyped}, "can't be read as a handler"),
        ({"item_created": {"handler": announce, "celery_queue": "slow"}}, "celery_queue"),
        ({"item_created": {}}, '"item_created" has the keys'),
        ({"item_created": None}, '"item_created" has no function'),
    ],
)
def test_what_is_registered_wrongly_is_told(handlers: dict[str, object], told: str) -> None:
    with pytest.raises(WiringError) as fault:
        consumers_from(handlers)
    assert told in str(fault.value)
    assert all(finding.remedy for finding in fault.value.findings)


def test_all_findings_come_at_once() -> None:
    with pytest.raises(WiringError) as fault:
        consumers_from({"item_lost": announce, "other": None})
    assert len(fault.value.findings) == 2
