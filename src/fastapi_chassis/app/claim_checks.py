"""ClaimChecks: where the large payloads of a service's messages lie, and who puts and fetches them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi_chassis.app.container import Container
from fastapi_chassis.domain import Finding
from fastapi_chassis.messaging import (
    ClaimCheckReceiver,
    ClaimCheckStore,
    ClaimCheckTransport,
    FileClaimCheckStore,
    InMemoryClaimCheckStore,
    MessagingConfig,
    Purge,
    Receiver,
    Transport,
)


class BoundClaimCheckStore:
    """The store that the container holds, found when it is used: a plugin may still have to start.

    Args:
        container: holds it.
    """

    def __init__(self, container: Container) -> None:
        self._container = container

    async def put(self, payload: bytes, keep: timedelta) -> str:
        """Keeps a payload."""
        return await (await self._found()).put(payload, keep)

    async def get(self, name: str) -> bytes | None:
        """Returns a payload."""
        return await (await self._found()).get(name)

    async def purge(self, *, limit: int) -> int:
        """Removes payloads whose time is over."""
        return await (await self._found()).purge(limit=limit)

    async def _found(self) -> ClaimCheckStore:
        return await self._container.get(ClaimCheckStore)  # type: ignore[type-abstract]  # from the container


class ClaimChecks:
    """The claim checks of a service.

    Args:
        config: which payloads are left, and in which directory.
        container: holds the store, where no directory is named.
        is_local: whether messages stay in the process.
    """

    def __init__(self, config: MessagingConfig, container: Container, *, is_local: bool) -> None:
        self._config = config
        self._container = container
        self._is_local = is_local

    @property
    def store(self) -> ClaimCheckStore | None:
        """Where payloads lie; None if nowhere."""
        if (directory := self._config.claim_check.directory) is not None:
            return FileClaimCheckStore(directory)
        return BoundClaimCheckStore(self._container) if self._container.provides(ClaimCheckStore) else None

    def settle(self, may_be_provided: Callable[[object], bool]) -> list[Finding]:
        """Looks, once everything is bound, whether there is a store where one is needed.

        Args:
            may_be_provided: whether a plugin that could not be made might have provided a type.
        """
        if self._config.claim_check.threshold is None or self.store is not None:
            return []
        if self._is_local:
            self._container.bind_instance(ClaimCheckStore, InMemoryClaimCheckStore())
            return []
        if may_be_provided(ClaimCheckStore):
            return []
        what, where = "large payloads are to be left in a store, and there is none", "messaging.claim_check"
        remedy = (
            "name a directory there, set plugins.redis.claim_checks.enabled: true, or bind ClaimCheckStore."
        )
        return [Finding(what, where, remedy)]

    def sending(self, transport: Transport) -> Transport:
        """Has a transport leave large payloads in the store."""
        if self._config.claim_check.threshold is None:
            return transport
        return ClaimCheckTransport(
            transport,
            self.store or BoundClaimCheckStore(self._container),  # bound after this, or a finding
            self._config.claim_check,
            structured=self._config.codec == "cloudevents-structured",
        )

    def receiving(self, receiver: Receiver) -> ClaimCheckReceiver:
        """Has a receiver get payloads in place of their references."""
        return ClaimCheckReceiver(receiver, self.store, self._config)

    @asynccontextmanager
    async def purging(self) -> AsyncIterator[None]:
        """Removes payloads whose time is over, for the length of a block."""
        if (store := self.store) is None:
            yield
            return
        async with Purge("large payloads", store.purge, self._config.claim_check).running():
            yield
