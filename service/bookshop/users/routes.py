"""The HTTP routes of members."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Response

from bookshop.callers import LoggedIn
from bookshop.users.commands import ChangeProfile, SignUp
from bookshop.users.queries import GetMe, GetUser
from bookshop.users.schemas import ProfileBody, UserResponse
from fastapi_chassis.api import ExpectedVersion, Inject, problem_responses, set_etag, strict_query
from fastapi_chassis.application import Mediator
from fastapi_chassis.security import Authenticated, Public, requires

users = APIRouter(
    prefix="/users", tags=["users"], dependencies=[Depends(strict_query)], responses=problem_responses(422)
)

_NEW = {"email": "ada@example.com", "password": "correct horse battery", "full_name": "Ada Lovelace"}
_PROFILE = {"full_name": "Ada King", "first_name": "Ada", "last_name": "King", "meta": {"theme": "dark"}}


@users.post("/", status_code=201, dependencies=[Public], responses=problem_responses(409))
async def create_user(
    command: Annotated[SignUp, Body(examples=[_NEW])], response: Response, mediator: Inject[Mediator]
) -> UserResponse:
    """Makes a new member, as signing up does."""
    user = await mediator.send(command)
    set_etag(response, user.version)
    return UserResponse.of(user)


@users.get("/me", dependencies=[LoggedIn, Authenticated], responses=problem_responses(404))
async def get_me(response: Response, mediator: Inject[Mediator]) -> UserResponse:
    """Shows the caller."""
    user = await mediator.send(GetMe())
    set_etag(response, user.version)
    return UserResponse.of(user)


@users.put("/me", dependencies=[LoggedIn, Authenticated], responses=problem_responses(404, 409, 412))
async def change_me(
    body: Annotated[ProfileBody, Body(examples=[_PROFILE])],
    expected: ExpectedVersion,
    response: Response,
    mediator: Inject[Mediator],
) -> UserResponse:
    """Replaces what the caller says of themselves; what is left out is empty afterwards."""
    user = await mediator.send(ChangeProfile(profile=body.profile(), expected_version=expected))
    set_etag(response, user.version)
    return UserResponse.of(user)


@users.get("/{user_id}", dependencies=[LoggedIn, requires("users:read")], responses=problem_responses(404))
async def get_user(user_id: UUID, response: Response, mediator: Inject[Mediator]) -> UserResponse:
    """Shows any member, to administrators."""
    user = await mediator.send(GetUser(user_id=user_id))
    set_etag(response, user.version)
    return UserResponse.of(user)
