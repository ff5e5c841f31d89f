"""The connection: server or cluster, time-outs, retries; the one place that opens, closes and translates."""

import asyncio
import contextlib
import logging
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Never, cast

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

from fastapi_chassis.domain import ChassisError, Finding, UnavailableException
from fastapi_chassis.plugins.redis.config import RedisConfig
from fastapi_chassis.plugins.redis.driver import create_handle
from fastapi_chassis.plugins.redis.errors import LOGIN, told, was_not_received

_log = logging.getLogger("fastapi_chassis.redis")

_CERTIFICATES = "name its authority in tls.ca_file, and a tls.cert_file if it asks for one."

type Word = str | bytes | int | float
type Words = Sequence[Word]


class RedisAwayError(ChassisError):
    """The server can't be reached, or does not let the service in."""


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what Redis and its client raise into the families of the service.

    Raises:
        UnavailableException: the server is away, or busy.
        RedisCommandError: it refuses the command.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - raised again
        _raise(error)


class RedisConnection:
    """One server or cluster, open between `open` and `close`.

    Args:
        config: where it is.
    """

    def __init__(self, config: RedisConfig) -> None:
        self.config = config
        self._redis: Redis | RedisCluster | None = None
        self._idle: list[AbstractConnection] = []
        self._turns = asyncio.Semaphore(config.pool_size)

    @property
    def is_open(self) -> bool:
        """Whether commands can be sent; the server may be away all the same."""
        return self._redis is not None

    def open(self) -> None:
        """Makes ready to send commands; connects with the first."""
        if self._redis is None:
            self._turns = asyncio.Semaphore(self.config.pool_size)
            self._redis = create_handle(self.config)

    async def close(self) -> None:
        """Closes every connection."""
        redis, self._redis = self._redis, None
        self._idle.clear()
        if redis is not None:
            await redis.aclose()

    async def run(self, *words: Word, again: bool = False) -> object:
        """Sends one command and returns the reply.

        Args:
            words: the command and what belongs to it, keys with their prefix.
            again: whether it may be sent again, because running twice changes nothing more.

        Raises:
            UnavailableException: the server is away; whether the command ran is then unknown.
            RedisCommandError: it refuses the command.
        """
        # not under translate_errors: this is the way of every hit of the cache
        turns = self._turns
        if turns.locked():
            await self._turn()
        else:
            await turns.acquire()
        try:
            return await self._send(words)
        except Exception as error:  # noqa: BLE001 - raised again, or sent again
            if not (again and self.config.retries and was_not_received(error)):
                _raise(error)
        finally:
            turns.release()
        return await self._again(lambda: self._send(words))

    async def _send(self, words: Words) -> object:
        redis = self._opened
        if isinstance(redis, RedisCluster):
            return await cast("Any", redis).execute_command(*words)
        # a connection at hand, without the bookkeeping of the pool: a third of the time of a read
        idle = self._idle
        pool = cast("Any", redis.connection_pool)
        connection = idle.pop() if idle else await pool.get_connection()
        try:
            if not connection.is_connected or await connection.can_read():
                await pool.ensure_connection(connection)
            await connection.send_command(*words)
            return cast("object", await connection.read_response())
        except (Exception, asyncio.CancelledError) as error:
            if not isinstance(error, ResponseError):
                await connection.disconnect(nowait=True)
            raise
        finally:
            if redis is self._redis:
                idle.append(connection)

    async def run_apart(self, commands: Sequence[Words]) -> list[object]:
        """Sends commands at once, in their order where they go to one node; refused ones are exceptions.

        Unlike a pipeline it is safe to cancel: what is on its way then is lost with its connection.

        Args:
            commands: each with its words, all of one key in a cluster.

        Raises:
            UnavailableException: the server is away; whether the commands ran is then unknown.
        """
        if not commands:
            return []
        async with self._in_turn():
            redis = self._opened
            if isinstance(redis, RedisCluster):
                send = cast("Any", redis).execute_command
                sent = (send(*words) for words in commands)
                return cast("list[object]", await asyncio.gather(*sent, return_exceptions=True))
            return await self._send_together(redis, commands)

    async def _send_together(self, redis: Redis, commands: Sequence[Words]) -> list[object]:
        idle = self._idle
        pool = cast("Any", redis.connection_pool)
        connection = idle.pop() if idle else await pool.get_connection()
        replies: list[object] = []
        try:
            if not connection.is_connected or await connection.can_read():
                await pool.ensure_connection(connection)
            await connection.send_packed_command(connection.pack_commands(commands))
            for _ in commands:
                try:
                    replies.append(await connection.read_response())
                except ResponseError as error:
                    replies.append(error)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        finally:
            if redis is self._redis:
                idle.append(connection)
        return replies

    async def run_many(
        self, commands: Sequence[Words], *, transaction: bool = False, again: bool = False
    ) -> list[object]:
        """Sends many commands at once and returns the replies, those that failed as exceptions.

        Args:
            commands: each with its words.
            transaction: whether they run as one step, nobody's between; in a cluster on keys of one slot.
            again: whether all may be sent again.

        Raises:
            UnavailableException: the server is away; whether the commands ran is then unknown.
        """

        async def send() -> object:
            pipeline = cast("Any", self._opened).pipeline(transaction=transaction)
            for words in commands:
                pipeline.execute_command(*words)
            return await pipeline.execute(raise_on_error=False)

        if not commands:
            return []
        if again and self.config.retries:
            return cast("list[object]", await self._again(send, first=True))
        async with self._in_turn():
            return cast("list[object]", await send())

    async def scan(self, pattern: bytes, batch: int) -> AsyncIterator[bytes]:
        """Yields the keys that fit a pattern, of every node; one that moves meanwhile may come twice."""
        found = self._opened.scan_iter(match=pattern, count=batch)
        while True:
            async with self._in_turn():
                key = await anext(found, None)
            if key is None:
                return
            yield cast("bytes", key)

    async def check(self) -> None:
        """Looks whether the server answers.

        Raises:
            RedisAwayError: it does not, or lets the service not in.
        """
        try:
            await self._ping()
        except Exception as error:
            if isinstance(error, RedisAwayError):
                raise
            raise RedisAwayError(_finding(self.config, error)) from error

    async def ping(self) -> None:
        """Asks every node for an answer.

        Raises:
            UnavailableException: one gives none.
        """
        async with self._in_turn():
            await self._ping()

    async def _ping(self) -> None:
        if self.config.cluster:
            await cast("Any", self._opened).execute_command("PING", target_nodes=RedisCluster.PRIMARIES)
        else:
            await cast("Any", self._opened).execute_command("PING")

    async def _again(self, send: Callable[[], Awaitable[object]], *, first: bool = False) -> object:
        """Sends what has failed once, or never, until it works or there were enough attempts."""
        attempt = 0 if first else 1
        while True:
            if attempt:
                # spreads attempts, hides nothing
                await asyncio.sleep(random.random() * self.config.retry_backoff * 2 ** (attempt - 1))  # noqa: S311
            try:
                async with self._in_turn(translate=False):
                    return await send()
            except Exception as error:  # noqa: BLE001 - raised again, or sent again
                attempt += 1
                if attempt > self.config.retries or not was_not_received(error):
                    _raise(error)

    @property
    def _opened(self) -> Redis | RedisCluster:
        if self._redis is None:
            raise UnavailableException("redis is away", retry_after=1)
        return self._redis

    @asynccontextmanager
    async def _in_turn(self, *, translate: bool = True) -> AsyncIterator[None]:
        turns = self._turns
        await self._turn()
        try:
            with translate_errors() if translate else contextlib.nullcontext():
                yield
        finally:
            turns.release()

    async def _turn(self) -> None:
        try:
            async with asyncio.timeout(self.config.pool_timeout):
                await self._turns.acquire()
        except TimeoutError:
            raise UnavailableException("redis is busy", retry_after=1) from None


@asynccontextmanager
async def open_redis(connection: RedisConnection, *, required: bool = True) -> AsyncIterator[RedisConnection]:
    """Opens a connection, and closes it at the end of the block.

    Args:
        connection: what to open.
        required: False enters the block while the server is away; commands work from when it comes.

    Raises:
        RedisAwayError: the server can't be reached, or does not let the service in.
    """
    connection.open()
    try:
        try:
            await connection.check()
        except RedisAwayError as away:
            if required:
                raise
            _log.warning("the service starts without redis: %s", away.findings[0].what)
        yield connection
    finally:
        await connection.close()


def _raise(error: Exception) -> Never:
    translated = told(error)
    if translated is None or translated is error:
        raise error
    raise translated from error


def _finding(config: RedisConfig, error: Exception) -> Finding:
    if isinstance(error, LOGIN):
        return Finding(
            f"redis ({config.place}) does not let the service in",
            remedy="see username and password of the section.",
        )
    if "cluster support disabled" in str(error) or "Cluster mode is not enabled" in str(error):
        return Finding(f"redis ({config.place}) is no cluster", remedy="set cluster: false.")
    if isinstance(error.__cause__ or error.__context__, ssl.SSLError) or "SSL" in str(error):
        return Finding(f"TLS with redis ({config.place}) fails: {error}", remedy=_CERTIFICATES)
    remedy = "see whether its server runs, and the url of the section."
    return Finding(
        f"redis ({config.place}) can't be reached: {type(error).__name__}",
        remedy=f"{remedy}\n   {_CERTIFICATES}" if config.scheme == "rediss" else remedy,
    )
