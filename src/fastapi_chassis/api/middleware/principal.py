"""The caller of a request: whom a bearer token speaks for, found once."""

from fastapi_chassis.api.middleware.asgi import Scope
from fastapi_chassis.api.rejected import REJECTED
from fastapi_chassis.api.request_scope import ApplicationResolver
from fastapi_chassis.application import Principal
from fastapi_chassis.domain import UnauthenticatedException
from fastapi_chassis.security import Authenticator


async def principal_of(
    authorization: str, application: ApplicationResolver, scope: Scope
) -> Principal | None:
    """Finds the caller of a request; None without a good bearer token.

    Why a token was refused stays in the scope: a public route answers all the same.
    """
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not application.provides(Authenticator):
        return None
    authenticator = await application.get(Authenticator)  # type: ignore[type-abstract]  # from the container
    try:
        return await authenticator.authenticate(token.strip())
    except UnauthenticatedException as refused:
        scope[REJECTED] = refused
        return None
