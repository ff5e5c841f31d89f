"""What others may know about the catalogue."""

from uuid import UUID

from fastapi_chassis.domain import IntegrationEvent


class BookAdded(IntegrationEvent):
    """A book has come into the catalogue."""

    book_id: UUID
    isbn: str
    title: str
