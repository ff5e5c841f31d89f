"""What a route declares about its callers: `Public`, `Authenticated`, `requires("items:write")`."""

from typing import Annotated

from fastapi import Depends
from fastapi.params import Depends as Dependency

from fastapi_chassis.application import AUTHENTICATED, Policy, Principal, current_context
from fastapi_chassis.domain import ForbiddenException, UnauthenticatedException


class Guard:
    """Lets a request pass if its caller fulfils a policy.

    Args:
        policy: who may.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    async def __call__(self) -> Principal | None:
        """Returns the caller.

        Raises:
            UnauthenticatedException: it is not known, and has to be.
            ForbiddenException: it lacks a permission.
        """
        principal = current_context().principal
        if self.policy.public:
            return principal
        if principal is None:
            raise UnauthenticatedException("this needs a caller who is known")
        for permission in self.policy.requires:
            if not principal.may(permission):
                raise ForbiddenException("the caller may not do this", details={"permission": permission})
        return principal


def requires(*permissions: str) -> Dependency:
    """Declares the permissions that a route needs: `dependencies=[requires("items:write")]`."""
    return _dependency(Policy(permissions))


def _dependency(policy: Policy) -> Dependency:
    dependency = Depends(Guard(policy))
    if not isinstance(dependency, Dependency):
        raise TypeError("Depends has changed")
    return dependency


Public = _dependency(Policy(public=True))
Authenticated = _dependency(Policy((AUTHENTICATED,)))

CurrentPrincipal = Annotated[Principal, Authenticated]
