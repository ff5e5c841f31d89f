from fastapi_chassis.api.request_scope import RequestScope
from tests.unit.api.stand import Chassis, ItemRepository


async def test_one_scope_serves_every_question_of_a_request() -> None:
    chassis = Chassis()
    scope = RequestScope(chassis)

    first, second = await scope.get(ItemRepository), await scope.get(ItemRepository)
    await scope.close()

    assert first._unit_of_work is second._unit_of_work
    assert (chassis.open_scopes, chassis.closed_scopes) == (1, 1)


async def test_closing_what_was_never_opened_is_nothing() -> None:
    chassis = Chassis()
    scope = RequestScope(chassis)
    await scope.close()
    await scope.close()

    assert chassis.open_scopes == 0
