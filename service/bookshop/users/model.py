"""User: a member of the bookshop."""

from datetime import date, datetime
from unicodedata import normalize

from fastapi_chassis.domain import BaseAggregate, ValueObject

MEMBER = frozenset({"items:read", "items:write", "books:read"})
ADMINISTRATOR = MEMBER | {"items:administer", "users:read", "books:write", "messages:manage"}


class Profile(ValueObject):
    """What members say of themselves, and nobody else does."""

    full_name: str = ""
    first_name: str = ""
    last_name: str = ""
    birthday: date | None = None
    photo: str | None = None
    phone: str | None = None
    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip_code: str | None = None
    country: str | None = None
    meta: dict[str, object]


class User(BaseAggregate):
    """A member."""

    email: str
    hashed_password: str
    full_name: str = ""
    first_name: str = ""
    last_name: str = ""
    birthday: date | None = None
    photo: str | None = None
    phone: str | None = None
    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip_code: str | None = None
    country: str | None = None
    meta: dict[str, object]
    is_active: bool = True
    is_guest: bool = False
    is_superuser: bool = False
    created_at: datetime
    updated_at: datetime

    @classmethod
    def sign_up(cls, *, email: str, hashed_password: str, full_name: str, at: datetime) -> "User":
        """Makes a new member."""
        first, _, last = full_name.partition(" ")
        return cls(
            email=email_key(email),
            hashed_password=hashed_password,
            full_name=full_name,
            first_name=first,
            last_name=last,
            meta={},
            created_at=at,
            updated_at=at,
        )

    @property
    def permissions(self) -> frozenset[str]:
        """What the member may do."""
        return ADMINISTRATOR if self.is_superuser else MEMBER

    def describe(self, profile: Profile, *, at: datetime) -> None:
        """Replaces what the member says of themselves; nothing else can be changed this way."""
        for name, value in vars(profile).items():
            setattr(self, name, value)
        self.updated_at = at

    def appoint(self, *, at: datetime) -> None:
        """Makes the member an administrator."""
        self.is_superuser = True
        self.updated_at = at

    def rehash(self, hashed_password: str) -> None:
        """Keeps the same password under a newer hash."""
        self.hashed_password = hashed_password


def email_key(email: str) -> str:
    """Writes an address as it is stored: two that differ by case are one."""
    return normalize("NFC", normalize("NFC", email.strip()).casefold())
