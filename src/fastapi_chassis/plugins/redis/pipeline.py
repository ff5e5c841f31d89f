"""RedisPipeline: many commands on one way to the server, or as one step on it."""

from collections.abc import Awaitable, Generator
from typing import Self, override

from fastapi_chassis.plugins.redis.commands import Read, RedisCommands
from fastapi_chassis.plugins.redis.connection import RedisConnection, Word, translate_errors


class Reply[T]:
    """What a command in a pipeline will return; await it after the block."""

    def __init__(self, read: Read[T]) -> None:
        self._read = read
        self._answer: object = None
        self._is_there = False

    def give(self, answer: object) -> None:
        """Takes what the server said: a reply, or why not."""
        self._answer, self._is_there = answer, True

    def __await__(self) -> Generator[None, None, T]:
        if not self._is_there:
            raise RuntimeError("a reply is there after the block of its pipeline")
        if isinstance(self._answer, Exception):
            with translate_errors():
                raise self._answer
        return self._read(self._answer)
        yield  # makes it a generator, as awaiting wants it


class RedisPipeline(RedisCommands):
    """Collects commands in a block and sends them at its end; replies are awaited after it.

    Args:
        connection: carries them.
        prefix: what every key begins with.
        transaction: whether they run as one step; in a cluster on keys of one slot.
    """

    def __init__(self, connection: RedisConnection, prefix: str, *, transaction: bool = False) -> None:
        super().__init__(prefix)
        self._connection = connection
        self._transaction = transaction
        self._commands: list[tuple[Word, ...]] = []
        self._replies: list[Reply[object]] = []
        self._again = not transaction

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            await self.execute()

    async def execute(self) -> None:
        """Sends what was collected; the end of the block does so too.

        Raises:
            UnavailableException: the server is away; whether the commands ran is then unknown.
        """
        commands, replies = self._commands, self._replies
        self._commands, self._replies = [], []
        answers = await self._connection.run_many(
            commands, transaction=self._transaction, again=self._again and bool(commands)
        )
        for reply, answer in zip(replies, answers, strict=True):
            reply.give(answer)

    @override
    def send[T](self, read: Read[T], *words: Word, again: bool = False) -> Awaitable[T]:
        """Collects a command."""
        reply = Reply(read)
        self._again = self._again and again
        self._commands.append(words)
        self._replies.append(reply)
        return reply
