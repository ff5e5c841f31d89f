"""The proxy between a client and a server that echoes."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from fastapi_chassis.testing.chaos import Stream, Timeout, open_proxy


@asynccontextmanager
async def serving(serve):
    """A server, and a proxy before it."""
    tasks = set()

    def accept(reader, writer):
        tasks.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        async with open_proxy("127.0.0.1", server.sockets[0].getsockname()[1]) as proxy:
            yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def echo():
    """A server that sends back what it gets, and a proxy before it."""

    async def serve(reader, writer):
        try:
            while data := await reader.read(65_536):
                writer.write(data)
            writer.close()
        except ConnectionError:
            writer.transport.abort()

    async with serving(serve) as proxy:
        yield proxy


@asynccontextmanager
async def connected(proxy):
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def everything(reader):
    """What comes until the connection is reset."""
    came = b""
    try:
        while data := await asyncio.wait_for(reader.read(100), 5):
            came += data
    except ConnectionResetError:
        return came
    raise AssertionError("it ended in order")


async def asked(proxy, data=b"hello"):
    async with connected(proxy) as (reader, writer):
        writer.write(data)
        return await asyncio.wait_for(reader.readexactly(len(data)), 5)


async def test_bytes_and_their_end_come_through():
    async with echo() as proxy, connected(proxy) as (reader, writer):
        sent = bytes(range(256)) * 4_000
        writer.write(sent)
        writer.write_eof()
        assert await reader.read(-1) == sent
        assert proxy.accepted == 1


async def test_the_url_of_a_server_is_bent():
    async with open_proxy("localhost", 1) as proxy:
        bent = proxy.url_for("postgresql://user:p%40ss@db.internal:5432/shop?sslmode=disable")
        assert bent == f"postgresql://user:p%40ss@127.0.0.1:{proxy.port}/shop?sslmode=disable"
        assert proxy.url_for("redis://db:6379/0") == f"redis://127.0.0.1:{proxy.port}/0"


async def test_a_server_that_is_not_there_breaks_the_connection():
    async with open_proxy("127.0.0.1", 1) as proxy, connected(proxy) as (reader, _):
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 5)


@pytest.mark.parametrize("verb", ["reset", "down"])
async def test_connections_are_reset(verb):
    async with echo() as proxy, connected(proxy) as (reader, writer):
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        assert proxy.connections == 1
        done = getattr(proxy, verb)()
        if done is not None:
            await done
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 5)
        assert proxy.connections == 0


async def test_down_refuses_and_up_listens_at_the_same_port():
    async with echo() as proxy:
        port = proxy.port
        await proxy.down()
        await proxy.down()
        with pytest.raises(ConnectionRefusedError):
            await asked(proxy)
        await proxy.up()
        await proxy.up()
        assert proxy.port == port
        assert await asked(proxy) == b"hello"


async def test_toxics_hold_for_the_length_of_a_block():
    async with echo() as proxy:
        with proxy.toxic(Timeout()), pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await asked(proxy)
        assert await asked(proxy) == b"hello"


async def test_a_connection_that_lost_bytes_is_reset_when_the_partition_ends():
    async with echo() as proxy, connected(proxy) as (torn, writer), connected(proxy) as (whole, other):
        partition = Timeout(stream=Stream.UPSTREAM)
        proxy.add(partition)
        writer.write(b"lost")
        await asyncio.sleep(0.05)
        proxy.remove(partition)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(torn.read(), 5)
        other.write(b"hello")
        assert await asyncio.wait_for(whole.readexactly(5), 5) == b"hello"


@pytest.mark.parametrize("pieces", [(b"BEGIN; COMMIT; more",), (b"BEGIN; COM", b"MIT; more")])
async def test_a_cut_before_its_bytes_keeps_them_from_the_server(pieces):
    async with echo() as proxy:
        cut = proxy.cut(b"COMMIT")
        async with connected(proxy) as (reader, writer):
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0.02)
            came = await everything(reader)
            assert b"COMMIT" not in came
        assert cut.fired == 1
        assert await asked(proxy, b"COMMIT") == b"COMMIT"  # one connection was to be broken, and was


async def test_a_cut_after_its_bytes_loses_only_the_answer():
    received = bytearray()

    async def serve(reader, writer):
        while data := await reader.read(100):
            received.extend(data)
            writer.write(b"done")

    async with serving(serve) as proxy:
        cut = proxy.cut(b"COMMIT", after=True)
        async with connected(proxy) as (reader, writer):
            writer.write(b"INSERT")
            assert await reader.readexactly(4) == b"done"
            writer.write(b"COMMIT")
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(100), 5)
        await cut.happened()
        assert bytes(received) == b"INSERTCOMMIT"


async def test_a_cut_on_the_way_back():
    async with echo() as proxy:
        cut = proxy.cut(b"confirmed", stream=Stream.DOWNSTREAM, times=2)
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                await asked(proxy, b"confirmed")
        assert await asked(proxy, b"confirmed") == b"confirmed"
        assert cut.fired == 2


async def test_a_cut_that_never_fires_fails_the_test():
    async with echo() as proxy:
        with pytest.raises(AssertionError, match="did not pass"):
            await proxy.cut(b"COMMIT").happened(within=0.01)


async def test_nothing_is_left_when_the_block_ends():
    before = len(asyncio.all_tasks())
    async with echo() as proxy, connected(proxy) as (_, writer):
        writer.write(b"hello")
        await asyncio.sleep(0.01)
        with proxy.toxic(Timeout()):
            writer.write(b"stuck")
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)
    assert len(asyncio.all_tasks()) <= before
