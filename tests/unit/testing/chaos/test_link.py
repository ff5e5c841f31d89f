"""One connection through the proxy."""

import asyncio

import pytest

from fastapi_chassis.testing.chaos.link import break_off
from tests.unit.testing.chaos.test_proxy import connected, echo, serving


async def test_each_side_may_end_before_the_other():
    async with echo() as proxy, connected(proxy) as (reader, writer):
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_what_one_side_breaks_off_is_broken_off_for_the_other():
    broken = asyncio.Event()

    async def serve(reader, _):
        try:
            await reader.read()
        except ConnectionResetError:
            broken.set()

    async with serving(serve) as proxy, connected(proxy) as (_, writer):
        writer.write(b"hello")
        await asyncio.sleep(0.02)
        break_off(writer)
        await asyncio.wait_for(broken.wait(), 5)


async def test_a_sender_is_held_up_by_a_receiver_that_does_not_read():
    async def serve(_, __):
        await asyncio.sleep(60)

    async def send(writer):
        for _ in range(400):
            writer.write(bytes(65_536))
            await writer.drain()

    async with serving(serve) as proxy, connected(proxy) as (_, writer):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(send(writer), 1)
