import asyncio
import logging
from collections.abc import Sequence

import pytest

from fastapi_chassis.app import Lifecycle, PluginStartError
from fastapi_chassis.app.provided import Provided
from fastapi_chassis.domain import ChassisError, Finding, UnavailableException
from fastapi_chassis.status import HealthStatusEnum, StatusService
from fastapi_chassis.testing import eventually
from tests.unit.app.ledger import Ledger, LedgerPlugin, plugin, server


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def status() -> StatusService:
    return StatusService()


def life(plugins: Sequence[LedgerPlugin], status: StatusService, **settings: float) -> Lifecycle:
    return Lifecycle(plugins, server(**settings), Provided(), status)


def said(ledger: Ledger, *words: str) -> list[str]:
    return [line for line in ledger.lines if line.split()[-1] in words]


@pytest.mark.requirement("PLG-2", "APP-7")
async def test_plugins_start_after_what_they_require_and_stop_in_reverse(ledger, status):
    chain = [
        plugin(ledger, "audit", requires=("outbox",)),
        plugin(ledger, "outbox", requires=("database",)),
        plugin(ledger, "database"),
    ]
    lifecycle = life(chain, status)
    await lifecycle.start()
    assert said(ledger, "starts") == ["database starts", "outbox starts", "audit starts"]
    await lifecycle.stop()
    assert said(ledger, "stops") == ["audit stops", "outbox stops", "database stops"]


async def test_what_is_left_out_does_not_start(ledger, status):
    lifecycle = life([plugin(ledger, "database"), plugin(ledger, "kafka")], status)
    await lifecycle.start(without=frozenset({"kafka"}))
    await lifecycle.stop()
    assert said(ledger, "starts", "stops") == ["database starts", "database stops"]


@pytest.mark.requirement("PLG-2")
async def test_independent_plugins_start_together(ledger, status):
    gates = [ledger.stops_at(f"{name} starts") for name in ("redis", "kafka")]
    lifecycle = life([plugin(ledger, "redis"), plugin(ledger, "kafka")], status)
    starting = asyncio.create_task(lifecycle.start())
    # both are in the middle of their start before either may go on
    await asyncio.gather(ledger.reached["redis starts"].wait(), ledger.reached["kafka starts"].wait())
    for gate in gates:
        gate.set()
    await starting
    await lifecycle.stop()


async def test_a_plugin_waits_for_all_that_it_requires(ledger, status):
    gate = ledger.stops_at("slow starts")
    late = plugin(ledger, "late", requires=("slow", "quick"))
    lifecycle = life([late, plugin(ledger, "quick"), plugin(ledger, "slow")], status)
    starting = asyncio.create_task(lifecycle.start())
    await ledger.reached["slow starts"].wait()
    await asyncio.sleep(0)
    assert "late starts" not in ledger.lines
    gate.set()
    await starting
    assert ledger.lines.index("slow channel opens") < ledger.lines.index("late starts")
    await lifecycle.stop()


@pytest.mark.requirement("PLG-2", "APP-3")
async def test_a_failed_start_stops_those_that_had_started_and_names_the_culprit(ledger, status):
    ledger.failures["third starts"] = OSError("no route")
    chain = [
        plugin(ledger, "first"),
        plugin(ledger, "second", requires=("first",)),
        plugin(ledger, "third", requires=("second",)),
        plugin(ledger, "never", requires=("third",)),
    ]
    with pytest.raises(PluginStartError) as failed:
        await life(chain, status).start()
    (finding,) = failed.value.findings
    assert finding.what == "plugin third could not start: OSError: no route"
    assert "plugins.third.required: false" in finding.remedy
    assert said(ledger, "stops") == ["second stops", "first stops"]
    assert said(ledger, "opens") == [
        "first pool opens",
        "first channel opens",
        "second pool opens",
        "second channel opens",
        "third pool opens",
    ]
    assert said(ledger, "closes") == [
        "third pool closes",
        "second channel closes",
        "second pool closes",
        "first channel closes",
        "first pool closes",
    ]
    assert status.components == ()


@pytest.mark.requirement("PLG-2")
async def test_every_plugin_that_failed_is_named(ledger, status):
    ledger.failures["redis starts"] = OSError("away")
    ledger.failures["kafka starts"] = ChassisError(Finding("no topics", "kafka.py", "make them"))
    with pytest.raises(PluginStartError) as failed:
        await life([plugin(ledger, "redis"), plugin(ledger, "kafka")], status).start()
    assert {finding.what for finding in failed.value.findings} == {
        "plugin redis could not start: OSError: away",
        "plugin kafka could not start: no topics",
    }
    assert ("kafka.py", "make them") in {(one.where, one.remedy) for one in failed.value.findings}


async def test_every_finding_of_a_plugin_is_told(ledger, status):
    ledger.failures["a starts"] = ChassisError(Finding("one", "x"), Finding("two", "y"))
    with pytest.raises(PluginStartError) as failed:
        await life([plugin(ledger, "a")], status).start()
    assert [(one.what, one.where) for one in failed.value.findings] == [
        ("plugin a could not start: one", "x"),
        ("plugin a could not start: two", "y"),
    ]


async def test_a_report_holds_no_password(ledger, status):
    ledger.failures["a starts"] = OSError("postgresql://u:hunter2@db/x refused")
    with pytest.raises(PluginStartError) as failed:
        await life([plugin(ledger, "a")], status).start()
    assert "hunter2" not in str(failed.value)
    assert "db/x refused" in str(failed.value)


@pytest.mark.requirement("PLG-2")
async def test_a_failing_stop_skips_nobody(ledger, status, caplog):
    ledger.failures = {
        "b stops": RuntimeError("bad"),
        "b channel closes": OSError("gone"),
        "c channel closes": ValueError("x"),
    }
    lifecycle = life(
        [plugin(ledger, "a"), plugin(ledger, "b", requires=("a",)), plugin(ledger, "c", requires=("b",))],
        status,
    )
    await lifecycle.start()
    await lifecycle.stop()
    assert said(ledger, "stops", "closes") == [
        *("c stops", "c channel closes", "c pool closes"),
        *("b stops", "b channel closes", "b pool closes"),
        *("a stops", "a channel closes", "a pool closes"),
    ]
    assert sum(record.levelno == logging.ERROR for record in caplog.records) == 3


@pytest.mark.requirement("PLG-2")
async def test_a_start_that_hangs_ends_with_its_time_out(ledger, status):
    ledger.stops_at("slow starts")
    with pytest.raises(PluginStartError) as failed:
        await life([plugin(ledger, "slow")], status, start_timeout=0.02).start()
    assert failed.value.findings[0].what == "plugin slow did not start within 0.02 s"
    assert "server.start_timeout" in failed.value.findings[0].remedy
    assert ledger.lines[-1] == "slow pool closes"


async def test_a_time_out_of_the_plugins_own_is_not_taken_for_ours(ledger, status):
    ledger.failures["a starts"] = TimeoutError("no answer from db:5432")
    with pytest.raises(PluginStartError, match="no answer from db:5432"):
        await life([plugin(ledger, "a")], status).start()


@pytest.mark.requirement("PLG-2")
async def test_a_stop_that_hangs_ends_with_its_time_out_and_the_others_still_stop(ledger, status, caplog):
    for line in ("b stops", "b channel closes", "b pool closes"):
        ledger.stops_at(line)
    lifecycle = life([plugin(ledger, "a"), plugin(ledger, "b", requires=("a",))], status, stop_timeout=0.02)
    await lifecycle.start()
    async with asyncio.timeout(5):
        await lifecycle.stop()
    assert ledger.lines[-3:] == ["a stops", "a channel closes", "a pool closes"]
    assert "plugin b did not stop within 0.02 s" in caplog.text
    assert caplog.text.count("a resource of plugin b did not close within 0.02 s") == 2


@pytest.mark.requirement("PLG-2")
async def test_a_start_that_is_cancelled_leaves_nothing_open(ledger, status):
    ledger.stops_at("b starts")
    lifecycle = life([plugin(ledger, "a"), plugin(ledger, "b", requires=("a",))], status)
    starting = asyncio.create_task(lifecycle.start())
    await ledger.reached["b starts"].wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert len(said(ledger, "opens")) == len(said(ledger, "closes"))
    assert said(ledger, "stops") == ["a stops"]
    assert status.components == ()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_stop_that_is_cancelled_still_stops_everybody(ledger, status):
    ledger.stops_at("b stops")
    lifecycle = life([plugin(ledger, "a"), plugin(ledger, "b", requires=("a",))], status)
    await lifecycle.start()
    stopping = asyncio.create_task(lifecycle.stop())
    await ledger.reached["b stops"].wait()
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert len(said(ledger, "opens")) == len(said(ledger, "closes")) == 4
    assert said(ledger, "stops") == ["b stops", "a stops"]


async def test_a_start_that_cancels_itself_has_failed(ledger, status):
    ledger.failures["a starts"] = asyncio.CancelledError()
    with pytest.raises(PluginStartError, match="plugin a could not start: CancelledError"):
        await life([plugin(ledger, "a")], status).start()


async def test_it_can_start_again(ledger, status):
    lifecycle = life([plugin(ledger, "a")], status)
    for _ in range(2):
        await lifecycle.start()
        assert [component.name for component in status.components] == ["a"]
        await lifecycle.stop()
    assert len(said(ledger, "opens")) == len(said(ledger, "closes")) == 4


async def test_a_second_stop_does_nothing(ledger, status):
    lifecycle = life([plugin(ledger, "a")], status)
    await lifecycle.start()
    await lifecycle.stop()
    await lifecycle.stop()
    assert ledger.lines.count("a stops") == 1


@pytest.mark.requirement("CFG-2", "PLG-2")
async def test_two_sections_of_one_kind_are_two_lives(ledger, status):
    lifecycle = life(
        [plugin(ledger, "db", instance="main"), plugin(ledger, "db", instance="reporting")], status
    )
    await lifecycle.start()
    assert [component.name for component in status.components] == ["main", "reporting"]
    await lifecycle.stop()
    assert {"main stops", "reporting stops"} <= set(ledger.lines)


class TestDegradedStart:
    @pytest.fixture(autouse=True)
    def no_pauses(self, monkeypatch):
        monkeypatch.setattr("fastapi_chassis.app.lifecycle._FIRST_PAUSE", 0.001)
        monkeypatch.setattr("fastapi_chassis.app.lifecycle._LONGEST_PAUSE", 0.001)

    @pytest.mark.requirement("PLG-4")
    async def test_the_service_starts_without_what_is_not_required_and_heals(self, ledger, status, caplog):
        provided = Provided()
        ledger.failures["redis starts"] = OSError("refused")
        redis = plugin(
            ledger,
            "redis",
            required=False,
            provides=(str,),
            start=lambda context: context.provide(str, "client"),
        )
        lifecycle = Lifecycle([redis], server(), provided, status)
        await lifecycle.start()
        (component,) = status.components
        assert (component.name, component.status, component.critical) == (
            "redis",
            HealthStatusEnum.UNHEALTHY,
            False,
        )
        assert "refused" in component.detail
        assert status.health() is HealthStatusEnum.DEGRADED
        with pytest.raises(UnavailableException, match="redis is away"):
            provided.take("redis", str)
        await eventually(lambda: ledger.lines.count("redis starts") >= 3)
        ledger.failures.clear()
        await eventually(lambda: "redis channel opens" in ledger.lines)
        await asyncio.sleep(0)
        assert provided.take("redis", str) == "client"
        await status.check()
        assert status.health() is HealthStatusEnum.HEALTHY
        assert [component.name for component in status.components] == ["redis"]
        await lifecycle.stop()
        assert len(said(ledger, "opens")) == len(said(ledger, "closes"))
        assert status.components == ()

    @pytest.mark.requirement("PLG-4")
    async def test_it_shows_as_unhealthy_also_while_it_tries_again(self, ledger, status):
        ledger.failures["redis pool opens"] = OSError("refused")
        lifecycle = life([plugin(ledger, "redis", required=False)], status)
        await lifecycle.start()
        ledger.failures.clear()
        ledger.stops_at("redis pool opens")
        await ledger.reached["redis pool opens"].wait()
        assert [one.status for one in status.components] == [HealthStatusEnum.UNHEALTHY]
        await lifecycle.stop()
        assert status.components == ()

    @pytest.mark.requirement("PLG-4")
    async def test_what_rests_on_it_heals_after_it(self, ledger, status):
        ledger.failures["redis starts"] = OSError("refused")
        cache = plugin(ledger, "cache", requires=("redis",), required=False)
        lifecycle = life([cache, plugin(ledger, "redis", required=False)], status)
        await lifecycle.start()
        await eventually(lambda: ledger.lines.count("redis starts") >= 2)
        assert "cache starts" not in ledger.lines
        ledger.failures.clear()
        await eventually(lambda: "cache channel opens" in ledger.lines)
        await lifecycle.stop()
        assert said(ledger, "stops") == ["cache stops", "redis stops"]

    async def test_it_can_be_started_again_when_it_never_healed(self, ledger, status):
        ledger.failures["redis starts"] = OSError("refused")
        lifecycle = life([plugin(ledger, "redis", required=False)], status)
        for _ in range(2):
            await lifecycle.start()
            await lifecycle.stop()
        assert status.components == ()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def test_stopped_while_it_tries_again_nothing_stays_open(self, ledger, status):
        ledger.failures["redis starts"] = OSError("refused")
        lifecycle = life([plugin(ledger, "redis", required=False)], status)
        await lifecycle.start()
        ledger.failures.clear()
        ledger.stops_at("redis starts")
        await ledger.reached["redis starts"].wait()
        await lifecycle.stop()
        assert len(said(ledger, "opens")) == len(said(ledger, "closes"))
        assert "redis stops" not in ledger.lines
