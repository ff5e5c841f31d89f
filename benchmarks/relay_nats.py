"""The road to NATS JetStream: `publish_async` of nats-py beside the library; a stream of files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from uuid import uuid4

import nats

from benchmarks.relay_contest import SETTINGS, Road, Rows, attributes
from fastapi_chassis.plugins.nats import NatsConfig, NatsConnection, NatsTransport, open_nats


@asynccontextmanager
async def open_road(url: str) -> AsyncIterator[Road]:
    """Opens both clients on streams of their own."""
    name = f"bench-{uuid4().hex}"
    stream = {"name": name, "prefix": name, "dead_prefix": f"{name}-dead"}
    config = NatsConfig.model_validate({"url": url, "stream": stream, "publish_timeout": 60})
    async with AsyncExitStack() as stack:
        bare = await nats.connect(url)
        stack.push_async_callback(bare.close)
        jetstream = bare.jetstream(publish_async_max_pending=SETTINGS.batch * SETTINGS.batches)
        connections = [
            await stack.enter_async_context(open_nats(NatsConnection(config, use)))
            for use in ("publishes", "consumes")
        ]
        transport = await stack.enter_async_context(aclosing(NatsTransport(*connections)))
        for one in (name, f"{name}-dead", f"{name}-leases"):
            stack.push_async_callback(jetstream.delete_stream, one)

        async def publish(rows: Rows) -> None:
            sent = [
                await jetstream.publish_async(
                    f"{name}.0.{row['destination']}",
                    row["payload"],
                    headers={
                        "Nats-Msg-Id": str(row["id"]),
                        "message-key": row["aggregateid"],
                        **attributes(row, "ce-"),
                    },
                )
                for row in rows
            ]
            await asyncio.gather(*sent)

        forget = partial(jetstream.purge_stream, name)
        yield Road("NATS JetStream", "bench", transport, {"nats-py": publish}, forget)
