"""What the rig does business with: accounts, their postings, and what the other side makes of them."""

from uuid import UUID

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import BaseAggregate, BaseEntity, IntegrationEvent


def group_of(prefix: str) -> str:
    """Names the consumers of a run."""
    return f"{prefix}.books"


class Posted(IntegrationEvent):
    """One posting, by its number within the account."""

    account_id: UUID
    number: int


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


class Effect(BaseEntity[UUID]):
    """What a consumer did; nothing here is unique but the row, so that a second effect shows."""

    event_id: UUID
    account_id: UUID
    number: int


class Accounts(AbstractRepository[Account, UUID]):
    pass


class Postings(AbstractRepository[Posting, UUID]):
    pass


class Effects(AbstractRepository[Effect, UUID]):
    pass
