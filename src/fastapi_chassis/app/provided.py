"""Provided: what plugins gave, and which of them stands behind a type."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from fastapi_chassis.app.plugin_order import AnyPlugin
from fastapi_chassis.domain import Finding, UnavailableException


class Provided:
    """What plugins gave, by instance and interface; what is missing is away for now."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, object], object] = {}

    def give(self, instance: str, interface: object, thing: object) -> None:
        """Takes what the plugin of a section provides."""
        self._given[instance, interface] = thing

    def take(self, instance: str, interface: object) -> object:
        """Returns what the plugin of a section provided.

        Raises:
            UnavailableException: it has not started, or not yet again.
        """
        if (instance, interface) not in self._given:
            raise UnavailableException(f"{instance} is away", retry_after=1)
        return self._given[instance, interface]

    def withdraw(self, instance: str) -> None:
        """Forgets what a plugin gave."""
        for key in [key for key in self._given if key[0] == instance]:
            del self._given[key]


def providers_of(plugins: Sequence[AnyPlugin]) -> tuple[Mapping[object, AnyPlugin], list[Finding]]:
    """Finds the one plugin behind each type: of two sections of one kind, the one with the kind's name.

    Returns:
        The plugins by what they provide, and a finding for each type that two could provide.
    """
    offers: defaultdict[object, list[AnyPlugin]] = defaultdict(list)
    for plugin in plugins:
        for interface in plugin.provides:
            offers[interface].append(plugin)
    chosen: dict[object, AnyPlugin] = {}
    findings = []
    for wanted, offering in offers.items():
        first = _first_among(offering)
        if first is None:
            findings.append(_contested(wanted, offering))
        else:
            chosen[wanted] = first
    return chosen, findings


def _first_among(offering: Sequence[AnyPlugin]) -> AnyPlugin | None:
    if len(offering) == 1:
        return offering[0]
    if len({plugin.name for plugin in offering}) > 1:
        return None
    return next((plugin for plugin in offering if plugin.instance == plugin.name), None)


def _contested(interface: object, offering: Iterable[AnyPlugin]) -> Finding:
    held = list(offering)
    name = getattr(interface, "__name__", str(interface))
    kinds = sorted({plugin.name for plugin in held})
    remedy = (
        f"call the section whose {name} handlers shall get {kinds[0]}."
        if len(kinds) == 1
        else "enable one of them."
    )
    return Finding(f"{' and '.join(plugin.instance for plugin in held)} both provide {name}", remedy=remedy)
