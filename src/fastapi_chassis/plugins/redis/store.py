"""RedisStore: Redis as the store of a module."""

from abc import update_abstractmethods
from collections.abc import Callable
from typing import cast

from fastapi_chassis.application import (
    AbstractRepository,
    AbstractUnitOfWork,
    EventDispatch,
    EventSink,
    bind_repository,
)
from fastapi_chassis.domain import Finding, WiringError, snake_case
from fastapi_chassis.plugins.redis.client import RedisClient
from fastapi_chassis.plugins.redis.collection import Collection
from fastapi_chassis.plugins.redis.repository import RedisRepository
from fastapi_chassis.plugins.redis.rows import RowCodec
from fastapi_chassis.plugins.redis.unit_of_work import RedisUnitOfWork

type Filled = Callable[[AbstractUnitOfWork], AbstractRepository[object, object]]


class RedisStore:
    """Units of work and repositories on one server or cluster; it carries no messages.

    Args:
        client: where all of it lies; not connected while the application is built.
    """

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._entities: dict[str, type] = {}

    def unit_of_work(
        self, *, sink: EventSink | None = None, dispatch: EventDispatch | None = None
    ) -> RedisUnitOfWork:
        """Makes the transaction of one message, not yet begun."""
        return RedisUnitOfWork(self._client, sink=sink, dispatch=dispatch)

    def repository(self, repository: type, table: object | None = None) -> Filled:
        """Fills a repository's primitives.

        Args:
            repository: a class that derives from AbstractRepository, or a generic alias of it.
            table: the name of the collection; the entity's in snake case where nothing is given.

        Raises:
            WiringError: a field can't be stored, or two entities would lie in one collection.
        """
        bound = cast("type[RedisRepository[object, object]]", bind_repository(repository, RedisRepository))
        name = self._name(bound.entity, table)
        codec: RowCodec[object] = RowCodec(bound.entity, bound.identity)
        setattr(bound, "collection", Collection(self._client, name, codec, bound.unique))  # noqa: B010 - a property until now
        return cast("Filled", update_abstractmethods(bound))

    def outbox(self) -> None:
        """Returns none: there is no place for messages beside the rows."""

    def inbox(self) -> None:
        """Returns none."""

    def schedule(self) -> None:
        """Returns none."""

    def _name(self, entity: type, table: object | None) -> str:
        name = snake_case(entity.__name__) if table is None else table
        title = entity.__qualname__
        if not isinstance(name, str) or not name or ":" in name:
            raise WiringError(
                Finding(f"{name!r} names no collection for {title}", remedy="give a plain word.")
            )
        if self._entities.setdefault(name, entity) is not entity:
            both = f"{self._entities[name].__module__} and {entity.__module__}"
            what = f"{title} of {both} would lie in one collection, {name}"
            raise WiringError(Finding(what, remedy=f"name one: ServiceModule(tables={{{title}: 'name'}})."))
        return name
