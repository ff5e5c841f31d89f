"""NATS, as the transport's contract wants a broker."""

from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.aio.msg import Msg

from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.nats import NatsConfig, NatsConnection, NatsTransport, open_nats
from fastapi_chassis.plugins.nats.errors import RefusedError
from fastapi_chassis.plugins.nats.message import DESTINATION, REASON, envelope_in
from fastapi_chassis.plugins.nats.subjects import destination_in
from fastapi_chassis.plugins.nats.topology import dead_stream, dead_subject


class NatsBroker:
    def __init__(self, publishing: NatsConnection, consuming: NatsConnection) -> None:
        self.publishing, self.consuming = publishing, consuming
        self.transport = NatsTransport(publishing, consuming)

    async def dead_letters(self, group: str) -> list[tuple[Envelope, str]]:
        return [
            (
                envelope_in(one, destination=destination_in((one.headers or {})[DESTINATION])),
                destination_in((one.headers or {})[REASON]),
            )
            for one in await self.dead(group)
        ]

    async def dead(self, group: str) -> list[Msg]:
        """What a group has set aside, messages or not."""
        stream = self.publishing.config.stream
        wire = await self.publishing.wire()
        found: list[Msg] = []
        sequence = 1
        while True:
            request = {"seq": sequence, "next_by_subj": dead_subject(stream, group)}
            try:
                said = (await wire.api(f"STREAM.MSG.GET.{dead_stream(stream)}", **request))["message"]
            except RefusedError:
                return found
            found.append(_message(said))
            sequence = said["seq"] + 1


def _message(said: dict[str, str]) -> Msg:
    headers: dict[str, str] = {}
    for line in b64decode(said.get("hdrs", "")).decode().split("\r\n")[1:]:
        name, colon, value = line.partition(": ")
        if colon:
            headers[name] = value
    data = b64decode(said.get("data", ""))
    return Msg(_client=None, subject=said["subject"], data=data, headers=headers)  # type: ignore[arg-type]


@asynccontextmanager
async def broker_at(url: str, **settings: object) -> AsyncIterator[NatsBroker]:
    config = NatsConfig.model_validate({"url": url, **settings})
    publishing, consuming = NatsConnection(config, "publishes"), NatsConnection(config, "consumes")
    async with open_nats(publishing), open_nats(consuming):
        broker = NatsBroker(publishing, consuming)
        try:
            yield broker
        finally:
            await broker.transport.aclose()
