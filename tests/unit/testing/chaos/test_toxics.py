"""Each toxic on a connection to a server that echoes."""

import asyncio
import time
from random import Random

import pytest

from fastapi_chassis.testing.chaos import (
    Bandwidth,
    Latency,
    LimitData,
    ResetPeer,
    Slicer,
    SlowClose,
    Stream,
    Timeout,
)
from fastapi_chassis.testing.chaos.toxics import Flow
from tests.unit.testing.chaos.test_proxy import asked, connected, echo

UP, DOWN = Stream.UPSTREAM, Stream.DOWNSTREAM


async def took(proxy, data=b"hello"):
    begun = time.perf_counter()
    assert await asked(proxy, data) == data
    return time.perf_counter() - begun


async def test_latency_delays_both_ways():
    async with echo() as proxy:
        with proxy.toxic(Latency(0.1)):
            assert await took(proxy) >= 0.2
        with proxy.toxic(Latency(0.1, stream=DOWN)):
            assert await took(proxy) >= 0.1
        assert await took(proxy) < 0.1


async def test_latency_keeps_the_order_and_does_not_add_up():
    async with echo() as proxy, connected(proxy) as (reader, writer):
        with proxy.toxic(Latency(0.1, jitter=0.05, stream=UP)):
            begun = time.perf_counter()
            for number in range(20):
                writer.write(b"%02d" % number)
                await asyncio.sleep(0.002)
            assert await reader.readexactly(40) == b"".join(b"%02d" % number for number in range(20))
            assert time.perf_counter() - begun < 1.5  # one after the other it would be 2


async def test_bandwidth():
    async with echo() as proxy:
        with proxy.toxic(Bandwidth(100_000, stream=UP)):
            assert await took(proxy, b"x" * 20_000) >= 0.18


async def test_slicer():
    async with echo() as proxy, connected(proxy) as (reader, writer):
        with proxy.toxic(Slicer(10, variation=3, delay=0.003, stream=DOWN)):
            writer.write(bytes(range(100)))
            pieces = []
            while sum(map(len, pieces)) < 100:
                pieces.append(await reader.read(100))
    assert b"".join(pieces) == bytes(range(100))
    assert len(pieces) > 4


async def test_slow_close():
    async with echo() as proxy, connected(proxy) as (reader, writer):
        with proxy.toxic(SlowClose(0.1, stream=DOWN)):
            begun = time.perf_counter()
            writer.write(b"hello")
            writer.write_eof()
            assert await reader.readexactly(5) == b"hello"
            assert time.perf_counter() - begun < 0.1
            assert await reader.read() == b""
            assert time.perf_counter() - begun >= 0.1


@pytest.mark.parametrize("stream", [None, UP, DOWN])
async def test_timeout_swallows_and_keeps_the_connection(stream):
    async with echo() as proxy:
        proxy.add(Timeout(stream=stream))
        async with connected(proxy) as (reader, writer):  # it may be made: nobody says no
            writer.write(b"hello")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(), 0.2)
            assert proxy.connections == 1


async def test_timeout_closes_after_its_time():
    async with echo() as proxy, connected(proxy) as (reader, writer):
        with proxy.toxic(Timeout(0.1)):
            writer.write(b"hello")
            begun = time.perf_counter()
            assert await asyncio.wait_for(reader.read(), 5) == b""
            assert time.perf_counter() - begun >= 0.09


async def test_reset_peer():
    async with echo() as proxy, connected(proxy) as (reader, writer):
        with proxy.toxic(ResetPeer(0.05)):
            writer.write(b"hello")
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(), 5)


async def test_limit_data():
    async with echo() as proxy, connected(proxy) as (reader, writer):
        with proxy.toxic(LimitData(10, stream=DOWN)):
            writer.write(b"0123456789abcdef")
            assert await asyncio.wait_for(reader.read(-1), 5) == b"0123456789"


async def test_toxics_add_up():
    async with echo() as proxy:
        with proxy.toxic(Latency(0.05, stream=UP)), proxy.toxic(Slicer(1, delay=0.01, stream=UP)):
            assert await took(proxy) >= 0.1


async def sizes(seed):
    flow = Flow(Random(seed))
    return [len(piece) async for piece in Slicer(10, variation=9).carry(bytes(100), flow)]


async def test_the_same_seed_gives_the_same_run():
    assert await sizes(1) == await sizes(1) != await sizes(2)
    assert sum(await sizes(1)) == 100
