"""Roles: what the bearers of a role may do."""

from collections.abc import Iterable, Mapping

from fastapi_chassis.domain import Finding, WiringError


class Roles:
    """Turns roles into permissions.

    Args:
        grants: permissions by role; `*` is everything. A role that is named takes over what it may do:
            `{"reader": ["items:read"], "editor": ["reader", "items:write"]}`.

    Raises:
        WiringError: roles that take over each other in a circle.
    """

    def __init__(self, grants: Mapping[str, Iterable[str]]) -> None:
        plain = {role: tuple(granted) for role, granted in grants.items()}
        self._permissions = {role: frozenset(_unfold(role, plain, ())) for role in plain}

    def permissions_of(self, roles: Iterable[str]) -> frozenset[str]:
        """Returns what these roles may do together; a role that nobody declared may do nothing."""
        return frozenset().union(*(self._permissions.get(role, frozenset()) for role in roles))

    def __contains__(self, role: str) -> bool:
        return role in self._permissions


def _unfold(role: str, grants: Mapping[str, tuple[str, ...]], path: tuple[str, ...]) -> Iterable[str]:
    if role in path:
        ring = " → ".join((*path[path.index(role) :], role))
        raise WiringError(Finding(f"roles run in a circle: {ring}", remedy="take one of them out."))
    for granted in grants[role]:
        if granted in grants:
            yield from _unfold(granted, grants, (*path, role))
        else:
            yield granted
