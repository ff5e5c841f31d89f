"""The brokers of the rig: how each is started, reached by way of proxies, and asked what it still holds."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from fastapi_chassis.messaging import Routing, Transport
from fastapi_chassis.plugins.aiopika import AioPikaConfig, AioPikaConnection, AioPikaTransport, open_aiopika
from fastapi_chassis.plugins.kafka import KafkaConfig, KafkaConnection, KafkaTransport, open_kafka
from fastapi_chassis.plugins.nats import NatsConfig, NatsConnection, NatsTransport, open_nats
from fastapi_chassis.plugins.nats.topology import consumer_name
from fastapi_chassis.plugins.redis import RedisConfig, RedisConnection, RedisTransport, open_redis
from fastapi_chassis.plugins.redis.topology import Streams
from fastapi_chassis.testing.backends import Backend, Recipe, open_backend
from fastapi_chassis.testing.backends.kafka import JARS, java_obstacle, kafka_plan
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.server import Plan
from fastapi_chassis.testing.backends.source import LocalSource, Source
from fastapi_chassis.testing.backends.valkey import valkey_sources
from fastapi_chassis.testing.chaos import Proxy, open_proxy
from tests.faults.model import Posted, Reminded, group_of
from tests.faults.settings import Settings

PARTITIONS = 3
SOON = {"request_timeout": 2, "publish_timeout": 4}
QUICK = {"retry_backoff": 0.1, "longest_backoff": 1}


@dataclass(frozen=True, slots=True)
class Broker:
    """A running broker and the two ways to it.

    Args:
        transport: kafka, rabbitmq or nats.
        server: private, so that it may be killed.
        proxies: of the relays and of the consumers.
        urls: by way of the proxies.
        url: past them, for the rig itself.
    """

    transport: str
    server: Backend
    proxies: Mapping[str, Proxy]
    urls: Mapping[str, str]
    url: str

    async def unsettled(self, prefix: str) -> int:
        """Counts what lies in the broker and was not acknowledged, once the consumers have left."""
        return await UNSETTLED[self.transport](self.url, prefix)


@asynccontextmanager
async def open_transport(settings: Settings) -> AsyncIterator[Transport]:
    """Opens what a process of this role carries messages with."""
    url = settings.broker_url
    async with AsyncExitStack() as stack:
        match settings.transport:
            case "kafka":
                given = {
                    "bootstrap_servers": url,
                    "session_timeout": 2,
                    "topics": {"partitions": PARTITIONS},
                    **SOON,
                }
                kafka = KafkaConnection(KafkaConfig.model_validate(given))
                await stack.enter_async_context(open_kafka(kafka))
                yield await stack.enter_async_context(aclosing(KafkaTransport(kafka)))
            case "rabbitmq":
                given = {
                    "url": url,
                    "unroutable": "refuse",
                    "heartbeat": 3,
                    "prefetch": 100,
                    **QUICK,
                    "publish_timeout": 4,
                    "connect_timeout": 2,
                }
                rabbit = [
                    await stack.enter_async_context(
                        open_aiopika(
                            AioPikaConnection(AioPikaConfig.model_validate(given), f"{settings.name} {use}")
                        )
                    )
                    for use in ("publishes", "consumes")
                ]
                carrying = AioPikaTransport(*rabbit)
                stack.push_async_callback(carrying.close)
                yield carrying
            case "redis":
                redis = [
                    await stack.enter_async_context(open_redis(_redis(url, settings.prefix)))
                    for _ in range(2)
                ]
                yield await stack.enter_async_context(aclosing(RedisTransport(*redis)))
            case _:
                waits = {
                    "lease": 3,
                    "ack_wait": 2,
                    "heartbeat": 2,
                    "request_timeout": 2,
                    "connect_timeout": 2,
                }
                config = NatsConfig.model_validate(
                    {"url": url, "publish_timeout": 4, "stream": {"partitions": PARTITIONS}, **waits, **QUICK}
                )
                nats = [
                    await stack.enter_async_context(
                        open_nats(NatsConnection(config, f"{settings.name} {use}"))
                    )
                    for use in ("publishes", "consumes")
                ]
                yield await stack.enter_async_context(aclosing(NatsTransport(*nats)))


@asynccontextmanager
async def open_broker(transport: str) -> AsyncIterator[Broker]:
    """Starts a broker of its own and a proxy for each role."""
    async with AsyncExitStack() as stack:
        if transport == "kafka":
            ports = {role: free_port() for role in ("relay", "consumer")}
            proxies = {
                role: await stack.enter_async_context(open_proxy(LOOPBACK, port))
                for role, port in ports.items()
            }
            ways = {role: (ports[role], proxies[role].port) for role in ports}
            server = await stack.enter_async_context(open_backend(_kafka_recipe(ways), private=True))
            urls = {role: f"{LOOPBACK}:{proxy.port}" for role, proxy in proxies.items()}
        else:
            wanted = VALKEY if transport == "redis" else transport
            server = await stack.enter_async_context(open_backend(wanted, private=True))
            address = urlsplit(server.url)
            proxies = {
                role: await stack.enter_async_context(open_proxy(address.hostname or "", address.port or 0))
                for role in ("relay", "consumer")
            }
            urls = {role: proxy.url_for(server.url) for role, proxy in proxies.items()}
        yield Broker(transport, server, proxies, urls, server.url)


def _kafka_recipe(ways: Mapping[str, tuple[int, int]]) -> Recipe:
    """A node that has a listener for each role, and tells clients the address of that role's proxy."""

    def plan(folder: Path) -> Plan:
        plain = kafka_plan(folder)

        def prepare() -> None:  # after the format, which wants listeners that it knows
            settings = folder / "data" / "server.properties"
            plain.prepare()
            text = settings.read_text()
            for key, values in _listeners(ways).items():
                text = re.sub(rf"(?m)^{re.escape(key)}=(.*)$", rf"{key}=\1,{values}", text)
            settings.write_text(f"{text}\ngroup.min.session.timeout.ms=1000\n")

        return replace(plain, prepare=prepare)

    source = LocalSource("jars", plan, java_obstacle, (JARS,))
    return Recipe("kafka_by_proxies", "4.3.0", lambda: (source,))


def _listeners(ways: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    return {
        "listeners": ",".join(f"{role.upper()}://{LOOPBACK}:{own}" for role, (own, _) in ways.items()),
        "advertised.listeners": ",".join(
            f"{role.upper()}://{LOOPBACK}:{proxy}" for role, (_, proxy) in ways.items()
        ),
        "listener.security.protocol.map": ",".join(f"{role.upper()}:PLAINTEXT" for role in ways),
    }


async def _kafka_unsettled(url: str, prefix: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=url)
    consumer = AIOKafkaConsumer(bootstrap_servers=url)
    await admin.start()
    await consumer.start()
    try:
        topics = map(Routing(prefix).destination_of, (Posted, Reminded))
        parts = [TopicPartition(topic, part) for topic in topics for part in range(PARTITIONS)]
        ends = await consumer.end_offsets(parts)
        told = await admin.list_consumer_group_offsets(group_of(prefix))
        return sum(end - (told[part].offset if part in told else 0) for part, end in ends.items())
    finally:
        await consumer.stop()
        await admin.close()


async def _rabbitmq_unsettled(url: str, prefix: str) -> int:
    async with open_aiopika(AioPikaConnection(AioPikaConfig.model_validate({"url": url}))) as connection:
        channel = await connection.channel()
        return (await channel.queue_declare(group_of(prefix), passive=True)).message_count or 0


async def _nats_unsettled(url: str, prefix: str) -> int:
    config = NatsConfig.model_validate({"url": url, "stream": {"partitions": PARTITIONS}})
    async with open_nats(NatsConnection(config, "rig")) as connection:
        wire, unsettled = await connection.wire(), 0
        for part in range(PARTITIONS):
            name = consumer_name(group_of(prefix), part)
            said = await wire.api(f"CONSUMER.INFO.{config.stream.name}.{name}")
            unsettled += said["num_pending"] + said["num_ack_pending"]
        return unsettled


def _redis(url: str, prefix: str) -> RedisConnection:
    streams = {
        "enabled": True,
        "prefix": f"{prefix}:",
        "partitions": PARTITIONS,
        "lease": 2,
        "publish_timeout": 4,
    }
    waits = {"connect_timeout": 2, "command_timeout": 2}
    return RedisConnection(RedisConfig.model_validate({"url": url, "streams": streams, **waits}))


async def _redis_unsettled(url: str, prefix: str) -> int:
    async with open_redis(_redis(url, prefix)) as connection:
        unsettled = 0
        for part in range(PARTITIONS):
            groups = await connection.run("XINFO", "GROUPS", Streams(connection).stream(part))
            for group in cast("list[Mapping[bytes, int | None]]", groups):
                unsettled += (group[b"pending"] or 0) + (group[b"lag"] or 0)
        return unsettled


def _durable(source: Source) -> Source:
    """What is confirmed is on the disk: a server that is killed keeps it."""
    if not isinstance(source, LocalSource):
        return source

    def plan(folder: Path) -> Plan:
        made = source.plan(folder)
        (server,) = made.programs
        argv = (*server.command.argv, "--appendfsync", "always")
        return replace(made, programs=(replace(server, command=replace(server.command, argv=argv)),))

    return replace(source, plan=plan)


VALKEY = Recipe("valkey_durable", "9.1", lambda: tuple(map(_durable, valkey_sources())))
UNSETTLED: Mapping[str, Callable[[str, str], Awaitable[int]]] = {
    "kafka": _kafka_unsettled,
    "rabbitmq": _rabbitmq_unsettled,
    "nats": _nats_unsettled,
    "redis": _redis_unsettled,
}
