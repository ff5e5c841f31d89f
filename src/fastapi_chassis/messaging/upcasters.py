"""Upcasters: what turns the data of an older version of an event into that of the next one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fastapi_chassis.domain import Finding, IntegrationEvent

type Data = dict[str, object]


@dataclass(frozen=True, slots=True)
class Upcaster:
    """One step from a version to the next; a module lists it among its upcasters.

    Args:
        event: the newest class of the event.
        from_version: the version that it reads; it writes the next one.
        function: takes the data of the one and returns that of the other, as JSON knows it.
        name: the function, as reports name it.
    """

    event: type[IntegrationEvent]
    from_version: int
    function: Callable[[Data], Data]
    name: str

    def __call__(self, data: Data) -> Data:
        """Does the step."""
        return self.function(data)


def upcaster(
    event: type[IntegrationEvent], *, from_version: int
) -> Callable[[Callable[[Data], Data]], Upcaster]:
    """Makes a function a step from one version of an event's data to the next.

    Args:
        event: the newest class of the event.
        from_version: the version that the function reads.
    """

    def made(function: Callable[[Data], Data]) -> Upcaster:
        name = getattr(function, "__qualname__", type(function).__qualname__)
        return Upcaster(event, from_version, function, f"{function.__module__}.{name}")

    return made


class Upcasters:
    """The steps of every event, by version.

    Args:
        steps: upcasters in any order, the same one twice known once; anything else is a finding.
    """

    def __init__(self, steps: Iterable[object] = ()) -> None:
        self._steps: dict[str, dict[int, Upcaster]] = {}
        self._findings: list[Finding] = []
        for step in dict.fromkeys(steps):
            self._add(step)

    def chain(self, name: str, version: int, until: Iterable[int]) -> tuple[Upcaster, ...]:
        """Returns the steps from a version to the nearest known one; none where they don't lead there.

        Args:
            name: the event's name.
            version: the version of the data.
            until: the known versions.
        """
        targets, steps, chain = frozenset(until), self._steps.get(name, {}), list[Upcaster]()
        while version not in targets:
            if version not in steps:
                return ()
            chain.append(steps[version])
            version += 1
        return tuple(chain)

    def versions(self, event: type[IntegrationEvent]) -> tuple[int, ...]:
        """Returns the older versions whose data becomes that of a class, in order."""
        steps = sorted(self._steps.get(event.message_name, ()))
        newest = (event.event_version,)
        return tuple(one for one in steps if self.chain(event.message_name, one, newest))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Two steps from one version, steps that lead nowhere, and versions between that have none."""
        return (*self._findings, *(gap for name in self._steps for gap in self._gaps(name)))

    def _add(self, step: object) -> None:
        if not isinstance(step, Upcaster):
            name = getattr(step, "__qualname__", repr(step))
            self._findings.append(
                Finding(f"{name} is no upcaster", remedy="write @upcaster(Event, from_version=...) above it.")
            )
            return
        newest = step.event.event_version
        if not 1 <= step.from_version < newest:
            self._findings.append(
                Finding(
                    f"{step.name} reads version {step.from_version} of {step.event.message_name}, "
                    f"and {step.event.__name__} is version {newest}",
                    remedy="name a version before that of the class, beginning with 1.",
                )
            )
            return
        known = self._steps.setdefault(step.event.message_name, {}).setdefault(step.from_version, step)
        if known is not step:
            self._findings.append(
                Finding(
                    f"{step.event.message_name} version {step.from_version} is read by {known.name} "
                    f"and by {step.name}",
                    remedy="keep one of them.",
                )
            )

    def _gaps(self, name: str) -> Iterable[Finding]:
        steps: Mapping[int, Upcaster] = self._steps[name]
        newest = max(step.event.event_version for step in steps.values())
        for version in range(min(steps), newest):
            if version not in steps:
                yield Finding(
                    f"{name} has no upcaster from version {version}, and those before it end there",
                    where=steps[min(steps)].name,
                    remedy=f"list one: @upcaster(..., from_version={version}).",
                )
