"""What happens with members."""

from uuid import UUID

from bookshop.users.commands import AppointAdministrator, ChangeProfile, SignUp
from bookshop.users.model import User
from bookshop.users.queries import GetMe, GetUser
from bookshop.users.repository import UserRepository
from fastapi_chassis.application import Principal
from fastapi_chassis.domain import AlreadyExistsException, Clock, ConflictException, NotFoundException
from fastapi_chassis.security import PasswordHasher


async def sign_up(command: SignUp, users: UserRepository, passwords: PasswordHasher, clock: Clock) -> User:
    """Makes a new member, unless the address is taken."""
    hashed = await passwords.hash(command.password)
    if await users.with_email(command.email) is not None:
        raise AlreadyExistsException("this address has an account")
    return await users.add(
        User.sign_up(email=command.email, hashed_password=hashed, full_name=command.full_name, at=clock.now())
    )


async def change_profile(
    command: ChangeProfile, users: UserRepository, caller: Principal, clock: Clock
) -> User:
    """Replaces the caller's profile."""
    user = await users.get(UUID(caller.subject))
    if command.expected_version not in {None, user.version}:
        details = {"entity": "User", "key": str(user.id), "current_version": user.version}
        raise ConflictException("the profile has changed since it was read", details=details)
    user.describe(command.profile, at=clock.now())
    return await users.update(user)


async def appoint_administrator(command: AppointAdministrator, users: UserRepository, clock: Clock) -> None:
    """Makes a member an administrator; it counts from their next tokens on."""
    user = await users.with_email(command.email)
    if user is None:
        raise NotFoundException("no member has this address")
    user.appoint(at=clock.now())
    await users.update(user)


async def get_me(_query: GetMe, users: UserRepository, caller: Principal) -> User:
    """Answers with the caller."""
    return await users.get(UUID(caller.subject))


async def get_user(query: GetUser, users: UserRepository) -> User:
    """Answers with any member."""
    return await users.get(query.user_id)
