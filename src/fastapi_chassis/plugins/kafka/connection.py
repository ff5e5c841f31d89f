"""The connection: the settings of every client, and the topics that they need."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from fastapi_chassis.domain import Finding, UnavailableException
from fastapi_chassis.plugins.kafka.config import KafkaConfig
from fastapi_chassis.plugins.kafka.errors import LOGIN, KafkaAwayError, KafkaTopicError, is_away, reason_of

_EXISTS = 36  # Kafka's number for a topic that is there
_SETTINGS = {"message.timestamp.type": "LogAppendTime"}  # by a process's clock, a broker may refuse it
_log = logging.getLogger("fastapi_chassis.kafka")


class KafkaConnection:
    """One cluster, as the producer, the members of groups and the administrator reach it.

    Args:
        config: where it is.
        creates_topics: whether topics that are missing are made.
    """

    def __init__(self, config: KafkaConfig, *, creates_topics: bool = True) -> None:
        self.config = config
        self.creates_topics = creates_topics
        self.client_id = config.client_id or "fastapi-chassis"
        self._admin: Any = None
        self._known: set[str] = set()
        self._turn = asyncio.Lock()

    def client[Client](self, kind: Callable[..., Client], *topics: str, **more: object) -> Client:
        """Makes a client of aiokafka.

        Args:
            kind: its class.
            topics: what a consumer reads.
            more: what this one is told besides.
        """
        return kind(*topics, **self._options(), **more)

    def _options(self) -> dict[str, object]:
        config, tls = self.config, self.config.tls_context()
        protocol = ("SASL_" if config.username else "") + ("SSL" if tls else "PLAINTEXT")
        options: dict[str, object] = {
            "bootstrap_servers": list(config.bootstrap_servers),
            "client_id": self.client_id,
            "request_timeout_ms": milliseconds(config.request_timeout),
            "security_protocol": protocol,
            "ssl_context": tls,
        }
        if config.username:
            options |= {
                "sasl_mechanism": config.sasl,
                "sasl_plain_username": config.username,
                "sasl_plain_password": config.password.get_secret_value(),
            }
        return options

    async def open(self) -> None:
        """Connects.

        Raises:
            KafkaAwayError: no broker answers, or none lets the service in.
        """
        admin = None
        try:
            admin = self.client(AIOKafkaAdminClient)
            async with asyncio.timeout(self.config.request_timeout + self.config.publish_timeout):
                await admin.start()
        except (KafkaError, OSError) as error:
            if admin is not None:
                await admin.close()
            raise _away(self.config, error) from None
        self._admin = admin

    async def close(self) -> None:
        """Closes the connection of the administrator."""
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.close()

    async def topics(self) -> frozenset[str]:
        """Asks for every topic: the sign of life of the cluster.

        Raises:
            UnavailableException: it does not answer.
        """
        if self._admin is None:
            raise UnavailableException("kafka is away", retry_after=1)
        try:
            async with asyncio.timeout(self.config.request_timeout):
                return frozenset(await self._admin.list_topics())
        except (KafkaError, OSError) as error:
            raise UnavailableException("kafka is away", retry_after=1) from error

    async def want(self, names: Iterable[str]) -> None:
        """Sees to it that topics are there.

        Raises:
            UnavailableException: the cluster does not answer.
            KafkaTopicError: one is missing, and is not to be made or can't be.
        """
        if self._known.issuperset(names):
            return
        async with self._turn:
            missing = set(names) - self._known - await self.topics()
            if missing and not self.creates_topics:
                raise KafkaTopicError(*map(_missing, sorted(missing)))
            if missing:
                await self._make(missing)
            self._known.update(names)

    async def _make(self, names: set[str]) -> None:
        topics = self.config.topics
        # aiokafka lets the brokers decide on copies only where an assignment is given, be it empty
        assigned: dict[int, list[int]] | None = {} if topics.replication == -1 else None
        wanted = [
            NewTopic(name, topics.partitions, topics.replication, assigned, _SETTINGS)
            for name in sorted(names)
        ]
        try:
            answer = await self._admin.create_topics(wanted)
        except (KafkaError, OSError) as error:
            raise UnavailableException("kafka is away", retry_after=1) from error
        for name, code, *_ in answer.topic_errors:
            if code == _EXISTS:
                continue
            if code:
                refusal = for_code(code)()
                if is_away(refusal):
                    raise UnavailableException("kafka is not ready", retry_after=1)
                remedy = "see its name, and the settings below topics."
                what = f"kafka does not make the topic {name}: {reason_of(refusal)}"
                raise KafkaTopicError(Finding(what, remedy=remedy))
            _log.info("made the topic %s", name)


@asynccontextmanager
async def open_kafka(connection: KafkaConnection) -> AsyncIterator[KafkaConnection]:
    """Checks that the cluster lets the service in, and closes the connection at the end.

    Raises:
        KafkaAwayError: it does not; says where it should be, never the password.
    """
    await connection.open()
    try:
        yield connection
    finally:
        await connection.close()


def milliseconds(seconds: float) -> int:
    """Writes seconds as Kafka wants them."""
    return max(1, round(seconds * 1_000))


def _missing(name: str) -> Finding:
    return Finding(
        f"the topic {name} is missing",
        where="plugins.kafka.topics",
        remedy="make it, or let the service do so: topics: {create: true}.",
    )


def _away(config: KafkaConfig, error: BaseException) -> KafkaAwayError:
    if isinstance(error, LOGIN):
        reason, remedy = "does not let the service in", "see username, password and sasl of the section."
    else:
        reason = f"can't be reached: {type(error).__name__}"
        remedy = "see whether it runs, and bootstrap_servers and tls of the section."
    return KafkaAwayError(
        Finding(f"kafka ({config.place}) {reason}", "plugins.kafka.bootstrap_servers", remedy)
    )
