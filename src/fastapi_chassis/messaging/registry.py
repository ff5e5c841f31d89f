"""EventRegistry: which integration events exist, by name and version, and how older ones are read."""

from collections.abc import Iterable

from fastapi_chassis.domain import Finding, IntegrationEvent
from fastapi_chassis.messaging.upcasters import Upcaster, Upcasters


class EventRegistry:
    """Finds the type of an event that arrives.

    Args:
        types: the events that are known; the same one twice is known once.
        upcasters: the steps from versions that no class is known for.
    """

    def __init__(
        self, types: Iterable[type[IntegrationEvent]] = (), upcasters: Iterable[object] = ()
    ) -> None:
        self._types: dict[str, dict[int, type[IntegrationEvent]]] = {}
        self._upcasters = Upcasters(upcasters)
        self._findings: list[Finding] = []
        for event in dict.fromkeys(types):
            self._add(event)

    def find(self, name: str, version: int | None = None) -> type[IntegrationEvent] | None:
        """Returns the type of a name and version, or of the newest version where none is said."""
        versions = self._types.get(name, {})
        return versions.get(max(versions, default=0) if version is None else version)

    def steps(self, name: str, version: int) -> tuple[Upcaster, ...]:
        """Returns what turns the data of an unknown version into that of a known one; none without a way."""
        return self._upcasters.chain(name, version, self._types.get(name, ()))

    def versions(self, name: str) -> tuple[int, ...]:
        """Returns the known versions of a name, in order."""
        return tuple(sorted(self._types.get(name, ())))

    @property
    def types(self) -> tuple[type[IntegrationEvent], ...]:
        """Every known type."""
        return tuple(event for versions in self._types.values() for event in versions.values())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Two classes that go by one name, and what is wrong with upcasters."""
        return (*self._findings, *self._upcasters.findings)

    def _add(self, event: type[IntegrationEvent]) -> None:
        known = self._types.setdefault(event.message_name, {}).setdefault(event.event_version, event)
        if known is not event:
            self._findings.append(
                Finding(
                    f"two events are called {event.message_name} version {event.event_version}: "
                    f"{_place(known)} and {_place(event)}",
                    remedy='rename one: (IntegrationEvent, name="..."), or version=2 for a new shape.',
                )
            )


def _place(event: type) -> str:
    return f"{event.__module__}.{event.__qualname__}"
