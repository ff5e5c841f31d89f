"""Command and Query: requests that know the type of their answer and who may make them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from fastapi_chassis.domain import Message

AUTHENTICATED = "authenticated"


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may send a message.

    Args:
        requires: permissions, all of which are needed; `AUTHENTICATED` asks only that the caller is known.
        public: anybody may.
    """

    requires: tuple[str, ...] = ()
    public: bool = False

    @classmethod
    def of(cls, requires: str | Iterable[str], *, public: bool) -> "Policy | None":
        """Reads a declaration; None where nothing was declared.

        Raises:
            TypeError: the declaration says both.
        """
        permissions = (requires,) if isinstance(requires, str) else tuple(requires)
        if public and permissions:
            raise TypeError(f"public=True and requires={permissions} exclude each other: keep one")
        return cls(permissions, public) if public or permissions else None

    def __str__(self) -> str:
        return "public" if self.public else f"requires {', '.join(self.requires)}"


class Request[R](Message):
    """A message that one handler answers.

    Args:
        requires: a permission, or several, that the caller needs.
        public: anybody may send it.
        name: the name by which other processes know it.
    """

    policy: ClassVar[Policy | None] = None

    def __init_subclass__(
        cls,
        *,
        requires: str | Iterable[str] = (),
        public: bool = False,
        name: str | None = None,
        **options: object,
    ) -> None:
        super().__init_subclass__(name=name, **options)
        cls.policy = Policy.of(requires, public=public) or cls.policy


class Command[R](Request[R]):
    """Asks for a change; handled in one transaction that is committed before the answer leaves.

    Args:
        requires: a permission, or several, that the caller needs.
        public: anybody may send it.
        name: the name by which other processes know it.
        remembered: whether its answer is kept under an Idempotency-Key; False where the answer is a secret.
    """

    remembered: ClassVar[bool] = True

    def __init_subclass__(
        cls,
        *,
        requires: str | Iterable[str] = (),
        public: bool = False,
        name: str | None = None,
        remembered: bool | None = None,
        **options: object,
    ) -> None:
        super().__init_subclass__(requires=requires, public=public, name=name, **options)
        if remembered is not None:
            cls.remembered = remembered


class Query[R](Request[R]):
    """Asks for an answer and changes nothing."""
