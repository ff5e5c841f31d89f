from dataclasses import FrozenInstanceError
from typing import Annotated, Any
from uuid import UUID

import httpx2
import pytest
from annotated_types import Gt, MaxLen
from fastapi import FastAPI
from pydantic import TypeAdapter, ValidationError

from fastapi_chassis.domain import Message, ValueObject, snake_case


class Address(ValueObject):
    street: str


class PlaceOrder(Message):
    item_id: UUID
    amount: Annotated[int, Gt(0)] = 1
    note: Annotated[str, MaxLen(5)] | None = None
    weight: float = 1.0
    address: Address | None = None


class HTTPOrderPlaced(PlaceOrder, name="orders.placed"):
    pass


ID = UUID(int=1)
BODY: dict[str, Any] = {"item_id": str(ID)}


@pytest.mark.requirement("DOM-1")
def test_a_message_is_a_frozen_value_with_named_arguments() -> None:
    message = PlaceOrder(item_id=ID)
    assert message == PlaceOrder(item_id=ID, amount=1)
    assert message != PlaceOrder(item_id=ID, amount=2)
    assert hash(message) == hash(PlaceOrder(item_id=ID))
    with pytest.raises(FrozenInstanceError):
        message.amount = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        PlaceOrder(ID)  # type: ignore[misc]
    with pytest.raises(TypeError):
        PlaceOrder(item_id=ID, unknown=1)  # type: ignore[call-arg]


def test_messages_of_two_classes_are_never_equal() -> None:
    assert PlaceOrder(item_id=ID) != HTTPOrderPlaced(item_id=ID)


def test_the_name_is_the_class_name_or_what_was_given() -> None:
    assert PlaceOrder.message_name == "place_order"
    assert HTTPOrderPlaced.message_name == "orders.placed"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ItemCreated", "item_created"),
        ("HTTPRouteAdded", "http_route_added"),
        ("OAuth2Login", "o_auth2_login"),
        ("A", "a"),
        ("getID", "get_id"),
        ("already_there", "already_there"),
    ],
)
def test_snake_case(name: str, expected: str) -> None:
    assert snake_case(name) == expected


def test_pydantic_reads_it_and_checks_its_constraints() -> None:
    adapter = TypeAdapter(PlaceOrder)
    read = adapter.validate_python({**BODY, "amount": "3", "address": {"street": "here"}})
    assert read == PlaceOrder(item_id=ID, amount=3, address=Address(street="here"))
    assert type(read) is PlaceOrder
    assert adapter.validate_json(adapter.dump_json(read)) == read


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"item_id": "no uuid"},
        {**BODY, "amount": 0},
        {**BODY, "amount": 1.5},
        {**BODY, "note": "too long"},
        {**BODY, "unknown": 1},
        {**BODY, "weight": float("nan")},
        {**BODY, "weight": "Infinity"},
        {**BODY, "address": {}},
        [],
    ],
    ids=str,
)
def test_pydantic_refuses_what_is_wrong(wrong: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PlaceOrder).validate_python(wrong)


def test_an_instance_is_checked_as_well() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PlaceOrder).validate_python(PlaceOrder(item_id=ID, amount=0))


async def test_it_is_a_body_of_fastapi_and_stands_in_openapi() -> None:
    app = FastAPI()

    @app.post("/orders")
    async def place(order: PlaceOrder) -> PlaceOrder:
        assert type(order) is PlaceOrder
        return order

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        good = await client.post("/orders", json={**BODY, "amount": 2})
        assert (good.status_code, good.json()["amount"]) == (200, 2)
        for wrong in ({}, {**BODY, "amount": 0}, {**BODY, "unknown": 1}):
            assert (await client.post("/orders", json=wrong)).status_code == 422
    schema = app.openapi()["components"]["schemas"]["PlaceOrder"]
    assert schema["required"] == ["item_id"]
    assert schema["properties"]["amount"]["exclusiveMinimum"] == 0
    assert schema["additionalProperties"] is False
