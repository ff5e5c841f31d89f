"""A service whose one process manager beats: each beat is noted by a command, and asks for the next."""

import asyncio
import sys
from datetime import timedelta
from uuid import UUID

from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder, ServiceModule
from fastapi_chassis.application import AbstractRepository, Command, Messages, ProcessManager, Timeout
from fastapi_chassis.domain import BaseAggregate, BaseEntity, IntegrationEvent, new_id

PAUSE = timedelta(milliseconds=30)
NAMES = tuple(f"metronome {number}" for number in range(4))


class Begun(IntegrationEvent):
    name: str


class Player(BaseAggregate):
    @classmethod
    def beginning(cls, name: str) -> "Player":
        player = cls()
        player.record(Begun(name=name))
        return player


class Begin(Command[None], public=True):
    name: str


class NoteBeat(Command[None], public=True):
    name: str
    number: int


class Note(BaseEntity[UUID]):
    """Without a unique value, so that a second effect shows; the ids stand in the order of writing."""

    name: str
    number: int


class Beat(Timeout):
    pass


class Metronome(ProcessManager, key="name"):
    name: str
    beats: int = 0

    async def on_begun(self, _: Begun) -> Messages:
        """Every process that starts wants it to begin."""
        return None if self.version else self.timeout(Beat(), after=PAUSE)

    async def on_beat(self, _: Beat) -> Messages:
        self.beats += 1
        return self.send(NoteBeat(name=self.name, number=self.beats)), self.timeout(Beat(), after=PAUSE)


class Notes(AbstractRepository[Note, UUID]):
    pass


class Players(AbstractRepository[Player, UUID]):
    pass


class Metronomes(AbstractRepository[Metronome, UUID]):
    pass


async def begin(command: Begin, players: Players) -> None:
    await players.add(Player.beginning(command.name))


async def note(command: NoteBeat, notes: Notes) -> None:
    await notes.add(Note(id=new_id(), name=command.name, number=command.number))


class Orchestra(ApplicationAbstract):
    name = "orchestra"
    modules = (
        ServiceModule("music", handlers=(begin, note), repositories=(Notes,), process_managers=(Metronome,)),
    )


def built(url: str) -> Orchestra:
    builder = ApplicationGenericBuilder(Orchestra).with_sources(environ={}, directory="/nonexistent")
    builder.with_setting("plugins.sqlalchemy.url", url)
    builder.with_setting("messaging.relay.lease", 1.0)
    builder.with_setting("messaging.scheduler.poll", 0.5)
    return builder.build()


async def main(url: str) -> None:
    application = built(url)
    await application.start()
    for name in NAMES:
        await application.mediator.send(Begin(name=name))
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
