from datetime import timedelta

from fastapi_chassis.domain import FrozenClock, new_id
from fastapi_chassis.security import InMemoryLogins, Login


async def test_what_is_kept_cannot_be_changed_from_outside() -> None:
    logins = InMemoryLogins()
    login = Login.begin(new_id(), at=FrozenClock().now(), life=timedelta(days=1))
    await logins.add(login)
    login.revoke()
    (listed,) = await logins.open_of(login.user_id)
    listed.revoke()

    stored = await logins.get(login.id)
    assert stored is not None
    assert not stored.is_revoked
    assert stored.version == 1
