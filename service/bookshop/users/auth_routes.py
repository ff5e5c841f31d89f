"""The HTTP routes of signing up, logging in and logging out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends
from fastapi.security import OAuth2PasswordRequestForm

from bookshop.callers import TOKEN_PATH, LoggedIn, RefreshToken
from bookshop.users.commands import EndLogins, LogIn, LogOut, RefreshTokens, SignUp
from bookshop.users.queries import ListLogins
from bookshop.users.schemas import BearerResponse, SessionResponse, SignedUp, TokensResponse
from fastapi_chassis.api import Inject, problem_responses, strict_query
from fastapi_chassis.application import Mediator
from fastapi_chassis.domain import UnauthenticatedException
from fastapi_chassis.security import Authenticated, CurrentPrincipal, Public

_CREDENTIALS = {"email": "ada@example.com", "password": "correct horse battery"}

login_form = APIRouter(tags=["auth"], dependencies=[Public, Depends(strict_query)])
auth = APIRouter(
    prefix="/auth", tags=["auth"], dependencies=[Depends(strict_query)], responses=problem_responses(422)
)


@login_form.post(TOKEN_PATH, responses=problem_responses(401))
async def log_in_by_form(
    form: Annotated[OAuth2PasswordRequestForm, Depends()], mediator: Inject[Mediator]
) -> BearerResponse:
    """Begins a login, for forms; the API pages log in by it."""
    found = await mediator.send(LogIn(email=form.username, password=form.password))
    if found is None:
        raise _wrong_credentials()
    return BearerResponse.of(found)


@auth.post("/sign-up/", status_code=201, dependencies=[Public], responses=problem_responses(409))
async def sign_up(
    command: Annotated[SignUp, Body(examples=[{**_CREDENTIALS, "full_name": "Ada Lovelace"}])],
    mediator: Inject[Mediator],
) -> SignedUp:
    """Makes a new member."""
    return SignedUp.of(await mediator.send(command))


@auth.post("/tokens/", dependencies=[Public], responses=problem_responses(401))
async def log_in(
    command: Annotated[LogIn, Body(examples=[_CREDENTIALS])], mediator: Inject[Mediator]
) -> TokensResponse:
    """Begins a login."""
    found = await mediator.send(command)
    if found is None:
        raise _wrong_credentials()
    return TokensResponse.of(found)


@auth.post("/tokens/refresh/", dependencies=[Public], responses=problem_responses(401, 409))
async def refresh_tokens(token: RefreshToken, mediator: Inject[Mediator]) -> TokensResponse:
    """Trades the refresh token in the Authorization header for the next pair; each is good for one use."""
    found = await mediator.send(RefreshTokens(token=token))
    if found is None:
        raise UnauthenticatedException("the token is not valid", error_code="INVALID_TOKEN")
    return TokensResponse.of(found)


@auth.post(
    "/logout/", status_code=204, dependencies=[LoggedIn, Authenticated], responses=problem_responses(409)
)
async def log_out(mediator: Inject[Mediator]) -> None:
    """Ends the login by which the caller came; its access token lives out its minutes."""
    await mediator.send(LogOut())


@auth.get("/sessions/", dependencies=[LoggedIn])
async def list_sessions(caller: CurrentPrincipal, mediator: Inject[Mediator]) -> list[SessionResponse]:
    """Lists the caller's open logins, the last used first."""
    current = caller.claims.get("login")
    return [SessionResponse.of(login, current=current) for login in await mediator.send(ListLogins())]


@auth.delete(
    "/sessions/", status_code=204, dependencies=[LoggedIn, Authenticated], responses=problem_responses(409)
)
async def end_sessions(mediator: Inject[Mediator]) -> None:
    """Ends every login of the caller."""
    await mediator.send(EndLogins())


@auth.delete(
    "/sessions/{session_id}",
    status_code=204,
    dependencies=[LoggedIn, Authenticated],
    responses=problem_responses(404, 409),
)
async def end_session(session_id: UUID, mediator: Inject[Mediator]) -> None:
    """Ends one login of the caller."""
    await mediator.send(EndLogins(login_id=session_id))


def _wrong_credentials() -> UnauthenticatedException:
    return UnauthenticatedException("address or password is wrong", error_code="INVALID_CREDENTIALS")
