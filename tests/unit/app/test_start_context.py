import asyncio
from contextlib import asynccontextmanager

import pytest

from fastapi_chassis.app.provided import Provided
from fastapi_chassis.app.start_context import StartContext, redacted
from fastapi_chassis.domain import UnavailableException, WiringError
from fastapi_chassis.status import StatusService, healthy
from tests.unit.app.ledger import Ledger, plugin, server


class Bus:
    pass


class Parts:
    def __init__(self, **settings: float) -> None:
        self.ledger, self.provided, self.status = Ledger(), Provided(), StatusService()
        self.named: list[str] = []
        self.plugin = plugin(self.ledger, "kafka", provides=(Bus,), required=False)
        self.context = StartContext(
            self.plugin, server(**settings), self.provided, self.status, on_health=self.named.append
        )


async def test_resources_close_in_reverse_and_a_failure_skips_none(caplog):
    parts = Parts()
    parts.ledger.failures["b closes"] = OSError("gone")
    for name in "abc":
        assert await parts.context.enter(parts.ledger.resource(name)) == name
    await parts.context.close()
    assert parts.ledger.lines[3:] == ["c closes", "b closes", "a closes"]
    assert "a resource of plugin kafka failed to close" in caplog.text


async def test_each_resource_has_the_time_out_for_itself(caplog):
    parts = Parts(stop_timeout=0.01)
    for name in "abc":
        await parts.context.enter(parts.ledger.resource(name))
    parts.ledger.stops_at("c closes")
    parts.ledger.stops_at("b closes")
    async with asyncio.timeout(5):
        await parts.context.close()
    assert parts.ledger.lines[-1] == "a closes"
    assert caplog.text.count("did not close within 0.01 s") == 2


async def test_what_could_not_be_opened_is_not_closed():
    parts = Parts()

    @asynccontextmanager
    async def broken():
        raise OSError("refused")
        yield

    await parts.context.enter(parts.ledger.resource("a"))
    with pytest.raises(OSError, match="refused"):
        await parts.context.enter(broken())
    await parts.context.close()
    assert parts.ledger.lines == ["a opens", "a closes"]


async def test_what_it_provides_ends_before_its_resources():
    parts = Parts()

    @asynccontextmanager
    async def resource():
        yield
        with pytest.raises(UnavailableException):
            parts.provided.take("kafka", Bus)
        parts.ledger.lines.append("looked")

    await parts.context.enter(resource())
    parts.context.provide(Bus, Bus())
    assert isinstance(parts.provided.take("kafka", Bus), Bus)
    await parts.context.close()
    assert parts.ledger.lines == ["looked"]


def test_what_was_not_announced_cannot_be_provided():
    with pytest.raises(WiringError) as wrong:
        Parts().context.provide(int, 3)
    (finding,) = wrong.value.findings
    assert finding.what == "Made provides int and did not announce it"
    assert finding.remedy == "add it to the class: provides = (int,)."


async def test_a_check_is_registered_with_its_handle_and_leaves_with_the_plugin():
    parts = Parts()

    async def ping(handle):
        return healthy("kafka", handle)

    parts.context.health("kafka", ping, "a handle")
    await parts.status.check()
    (component,) = parts.status.components
    assert (component.detail, component.critical) == ("a handle", False)
    assert parts.named == ["kafka"]
    await parts.context.close()
    assert parts.status.components == ()


def test_a_fault_is_told_without_secrets():
    assert redacted(OSError("amqp://u:hunter2@mq refused")) == "OSError: amqp://u:***@mq refused"
