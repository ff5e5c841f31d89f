"""Settings: what a process of the rig is told; travels to it as it is."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """One process.

    Args:
        role: writer, relay or consumer.
        name: of its files in the folder.
        folder: of the run.
        transport: kafka, rabbitmq, nats or redis.
        database_url: PostgreSQL, by way of the role's proxy.
        broker_url: by way of the role's proxy; nothing for a writer.
        prefix: of the destinations, so that runs on one broker do not meet.
        accounts: on how many aggregates the writers work.
        rate: commands per second of this process.
        per_command: events of one command.
        mutant: the wrong implementation that takes the place of the right one.
        skew: seconds by which its time of day is ahead of the machine's.
    """

    role: str
    name: str
    folder: Path
    transport: str
    database_url: str
    broker_url: str
    prefix: str
    accounts: int = 20
    rate: float = 20.0
    per_command: int = 5
    mutant: str = ""
    skew: float = 0.0
