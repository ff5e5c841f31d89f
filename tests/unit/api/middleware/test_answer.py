from collections.abc import MutableMapping
from typing import Any

from fastapi_chassis.api.middleware.answer import Answer


class Wire:
    def __init__(self) -> None:
        self.messages: list[MutableMapping[str, Any]] = []

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.messages.append(message)


async def test_what_the_route_set_stands() -> None:
    wire = Wire()
    answer = Answer(wire.send, [(b"x-frame-options", b"DENY"), (b"referrer-policy", b"no-referrer")])
    answer.carry((b"cache-control", b"no-store"), (b"vary", b"Origin"))
    own = [(b"X-Frame-Options", b"SAMEORIGIN"), (b"cache-control", b"max-age=60"), (b"Vary", b"Accept")]

    await answer.send({"type": "http.response.start", "status": 200, "headers": own})
    await answer.send({"type": "http.response.body", "body": b"ok"})

    assert wire.messages[0]["headers"] == [*own, (b"referrer-policy", b"no-referrer"), (b"vary", b"Origin")]
    assert wire.messages[1]["body"] == b"ok"
    assert answer.status == 200


async def test_the_plain_refusal_of_the_framework_is_held_back() -> None:
    wire = Wire()
    answer = Answer(wire.send, [])

    plain = [(b"content-type", b"text/plain; charset=utf-8")]
    await answer.send({"type": "http.response.start", "status": 413, "headers": plain})
    await answer.send({"type": "http.response.body", "body": b"Content Too Large"})

    assert wire.messages == []
    assert answer.is_too_large
    assert answer.status == 0

    await answer.send({"type": "http.response.start", "status": 413, "headers": []})
    await answer.send({"type": "http.response.body", "body": b"{}"})
    assert [message["type"] for message in wire.messages] == ["http.response.start", "http.response.body"]
