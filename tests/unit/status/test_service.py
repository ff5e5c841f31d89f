"""StatusService: what it knows of components, and when the service is ready."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from fastapi_chassis.domain import FrozenClock, WiringError
from fastapi_chassis.status import (
    Component,
    HealthStatusEnum,
    PhaseEnum,
    StatusChange,
    StatusService,
    healthy,
    unhealthy,
    worst_decides,
)

HEALTHY, DEGRADED, UNHEALTHY = HealthStatusEnum
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Database:
    """A part whose state a test sets."""

    def __init__(self, is_up: bool = True) -> None:
        self.is_up = is_up
        self.checks = 0
        self.asked = asyncio.Event()

    async def check(self) -> Component:
        self.checks += 1
        self.asked.set()
        return healthy("database") if self.is_up else unhealthy("database", "refused")

    async def checked_again(self) -> None:
        self.asked.clear()
        await asyncio.wait_for(self.asked.wait(), 5)


@contextmanager
def no_task_stays() -> Iterator[None]:
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() == before


@pytest.mark.requirement("STA-2", "MISTAKE-18")
async def test_a_service_without_components_is_ready_between_start_and_stop() -> None:
    status = StatusService()
    assert not status.readiness()
    assert status.readiness().reason == "starting"
    async with status.running():
        status.ready()
        assert status.readiness()
        assert status.health() is HEALTHY
    status.stopping()
    assert not status.readiness()
    assert (status.readiness().reason, status.phase) == ("stopping", PhaseEnum.STOPPING)
    status.starting()
    assert status.readiness().reason == "starting"


@pytest.mark.requirement("STA-2", "MISTAKE-18")
async def test_a_critical_component_that_is_down_makes_the_service_unready() -> None:
    status, database = StatusService(), Database(is_up=False)
    status.register("database", database.check)
    status.ready()
    await status.check()
    assert status.readiness().reason == "unhealthy: database"
    assert status.health() is UNHEALTHY
    database.is_up = True
    await status.check()
    assert status.readiness()


@pytest.mark.requirement("STA-1")
async def test_a_component_that_is_not_critical_only_degrades() -> None:
    status = StatusService()
    status.register("cache", Database(is_up=False).check, critical=False)
    status.ready()
    await status.check()
    assert status.health() is DEGRADED
    assert status.readiness()
    assert [(each.name, each.critical) for each in status.components] == [("cache", False)]


@pytest.mark.requirement("STA-1")
async def test_the_strategy_can_be_another() -> None:
    status = StatusService(strategy=worst_decides)
    status.register("cache", critical=False)
    status.report("cache", UNHEALTHY)
    assert status.health() is UNHEALTHY


async def test_before_its_first_check_a_component_is_not_trusted() -> None:
    status = StatusService()
    status.register("database", Database().check)
    assert [(each.status, each.detail) for each in status.components] == [(UNHEALTHY, "not checked yet")]


@pytest.mark.requirement("STA-1")
async def test_checks_run_at_start_and_then_periodically_and_leave_nothing_behind() -> None:
    with no_task_stays():
        status, database = StatusService(interval=0.005), Database()
        status.register("database", database.check)
        async with status.running():
            assert status.health() is HEALTHY
            database.is_up = False
            await database.checked_again()
            await database.checked_again()
            assert status.health() is UNHEALTHY
        seen = database.checks
        await asyncio.sleep(0.02)
        assert database.checks == seen


@pytest.mark.requirement("STA-1")
async def test_a_check_that_hangs_holds_up_no_other() -> None:
    async def hang() -> Component:
        await asyncio.Event().wait()
        return healthy("never")

    with no_task_stays():
        status = StatusService(interval=0.005)
        status.register("hanging", hang, timeout=0.01)
        status.register("database", (database := Database()).check)
        async with status.running():
            await database.checked_again()
            found = {each.name: each.status for each in status.components}
        assert found == {"hanging": UNHEALTHY, "database": HEALTHY}


@pytest.mark.requirement("STA-1")
async def test_components_come_and_go_while_the_service_runs() -> None:
    with no_task_stays():
        status, database = StatusService(interval=0.005), Database()
        async with status.running():
            status.register("database", database.check)
            await database.checked_again()
            await database.checked_again()
            assert [each.name for each in status.components] == ["database"]
            status.unregister("database")
            status.unregister("database")
            assert status.components == ()


async def test_what_a_check_finds_after_its_component_left_is_forgotten() -> None:
    going, status = asyncio.Event(), StatusService()

    async def slow() -> Component:
        await going.wait()
        return healthy("slow")

    told: list[StatusChange] = []
    status.subscribe(told.append)
    status.register("slow", slow)
    checking = asyncio.create_task(status.check())
    await asyncio.sleep(0)
    status.unregister("slow")
    going.set()
    await checking
    assert told == []


@pytest.mark.requirement("STA-1")
async def test_each_change_of_status_reaches_subscribers_once() -> None:
    status, database, told = StatusService(), Database(), list[StatusChange]()
    status.subscribe(told.append)
    status.register("database", database.check)
    for is_up in (True, True, False, False, True):
        database.is_up = is_up
        await status.check()
    assert [(each.before, each.component.status) for each in told] == [
        (None, HEALTHY),
        (HEALTHY, UNHEALTHY),
        (UNHEALTHY, HEALTHY),
    ]


async def test_the_first_finding_is_a_change_even_if_it_is_bad() -> None:
    status, told = StatusService(), list[StatusChange]()
    status.subscribe(told.append)
    status.register("database", Database(is_up=False).check)
    await status.check()
    assert [(each.before, each.component.status) for each in told] == [(None, UNHEALTHY)]


async def test_changes_can_be_read_as_a_stream() -> None:
    status = StatusService()
    status.register("cache")
    async with aclosing(status.changes()) as changes:
        first = asyncio.create_task(anext(changes))
        await asyncio.sleep(0)
        status.report("cache", DEGRADED, "slow")
        change = await first
    assert (change.before, change.component.status, change.component.detail) == (HEALTHY, DEGRADED, "slow")


async def test_since_tells_when_the_status_became_what_it_is() -> None:
    clock = FrozenClock(NOON)
    status, database = StatusService(clock=clock), Database()
    status.register("database", database.check)
    await status.check()
    clock.advance(timedelta(minutes=5))
    await status.check()
    assert status.components[0].since == NOON
    database.is_up = False
    await status.check()
    assert status.components[0].since == NOON + timedelta(minutes=5)


async def test_a_finding_keeps_the_name_and_weight_of_the_registration() -> None:
    status = StatusService()
    status.register("orders-database", Database().check, critical=False)
    await status.check()
    assert [(each.name, each.critical) for each in status.components] == [("orders-database", False)]


async def test_a_report_counts_until_the_next_check() -> None:
    status, database = StatusService(), Database()
    status.register("database", database.check)
    status.report("database", UNHEALTHY, "a query failed")
    assert status.components[0].detail == "a query failed"
    await status.check()
    assert status.health() is HEALTHY


def test_names_are_unique_and_known() -> None:
    status = StatusService()
    status.register("database")
    with pytest.raises(WiringError, match="two components are called database"):
        status.register("database")
    with pytest.raises(LookupError, match="cache"):
        status.report("cache", HEALTHY)


async def test_a_start_that_is_cancelled_leaves_nothing_behind() -> None:
    async def hang() -> Component:
        await asyncio.Event().wait()
        return healthy("never")

    with no_task_stays():
        status = StatusService(timeout=60)
        status.register("hanging", hang)

        async def run() -> None:
            async with status.running():
                raise AssertionError

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run(), 0.01)


async def test_starting_twice_checks_in_one_loop_only() -> None:
    with no_task_stays():
        status, database = StatusService(), Database()
        status.register("database", database.check)
        async with status.running():
            await status.start()
            assert database.checks == 1
