"""What the rig does business with: accounts, postings, reminders, and what the other side makes of them."""

from datetime import timedelta
from uuid import UUID

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import BaseAggregate, BaseEntity, IntegrationEvent

POISON = 20  # of so many postings of an account, one is refused for good


def is_poison(number: int) -> bool:
    """Whether the consumers will refuse a posting, whatever happens."""
    return number % POISON == POISON // 3


def group_of(prefix: str) -> str:
    """Names the consumers of a run."""
    return f"{prefix}.books"


class Posted(IntegrationEvent):
    """One posting, by its number within the account."""

    account_id: UUID
    number: int


class Reminded(IntegrationEvent):
    """What a service sends itself later: no posting, so its number is 0."""

    account_id: UUID
    reminder_id: UUID


class Account(BaseAggregate):
    """Counts its postings; its version serialises whoever writes to it."""

    posted: int = 0

    def post(self, many: int) -> list["Posting"]:
        """Records an event for each of the next postings."""
        made = []
        for _ in range(many):
            self.posted += 1
            event = Posted(account_id=self.id, number=self.posted)
            self.record(event)
            made.append(Posting(id=event.event_id, account_id=self.id, number=self.posted))
        return made


class Posting(BaseEntity[UUID]):
    """The truth: its id is the id of the event that tells of it."""

    account_id: UUID
    number: int


class Reminder(BaseEntity[UUID]):
    """The truth of what was scheduled; the database adds the time from which the wait counts."""

    account_id: UUID
    wait: timedelta


class Effect(BaseEntity[UUID]):
    """What a consumer did; nothing here is unique but the row, so that a second effect shows.

    Its event is the posting's, or else the reminder, with a number of 0.
    """

    event_id: UUID
    account_id: UUID
    number: int


class Accounts(AbstractRepository[Account, UUID]):
    pass


class Postings(AbstractRepository[Posting, UUID]):
    pass


class Reminders(AbstractRepository[Reminder, UUID]):
    pass


class Effects(AbstractRepository[Effect, UUID]):
    pass
