"""A process that joins a group and never finishes a message from number 5 on."""

import asyncio
import sys

from fastapi_chassis.messaging import Ack, Delivery, Outcome, Subscription
from fastapi_chassis.plugins.aiopika import AioPikaConfig, AioPikaConnection, AioPikaTransport, open_aiopika


async def receive(delivery: Delivery) -> Outcome:
    number = int(delivery.envelope.payload)
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()
    if number >= 5:
        await asyncio.Event().wait()
    return Ack()


async def main(url: str, group: str, topic: str) -> None:
    config = AioPikaConfig.model_validate({"url": url})
    publishing, consuming = AioPikaConnection(config), AioPikaConnection(config)
    async with open_aiopika(publishing), open_aiopika(consuming):
        transport = AioPikaTransport(publishing, consuming)
        await transport.subscribe(Subscription(group, frozenset({topic}), 5), receive)
        sys.stdout.write("joined\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
