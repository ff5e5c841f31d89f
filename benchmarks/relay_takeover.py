"""Two relays as processes of their own, of which one is killed: how long its keys wait for the other one."""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from time import monotonic
from uuid import uuid4

from benchmarks.relay_contest import SETTINGS, Outbox, envelope, open_outbox, open_store
from benchmarks.relay_redis import forget, open_transport
from fastapi_chassis.messaging import (
    Envelope,
    Receive,
    Relay,
    Subscribed,
    Subscription,
    Transport,
    partition_of,
)
from fastapi_chassis.messaging.partitions import PARTITIONS

SHOWN = "takeover: s from the death of a relay to the next confirm of a key of its"
EVERY = 0.05  # seconds between two commits, each with a message in every partition
PATIENCE = 60.0  # seconds until a takeover counts as none

HELD = "SELECT partition_no, owner FROM chassis_partitions WHERE owner IS NOT NULL AND expires_at > now()"


class Telling:
    """A transport that tells its parent what was confirmed."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        await self._transport.publish(envelopes)
        now = monotonic()  # one clock for all processes of a machine
        print("".join(f"{now} {one.key}\n" for one in envelopes), end="", flush=True)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        return await self._transport.subscribe(subscription, receive)


class Relaying:
    """A relay in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._keys: Collection[str] = ()
        self._found: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self._process.pid

    async def kill(self) -> float:
        """Ends it without notice, and says when."""
        killed = monotonic()
        self._process.kill()
        await self._process.wait()
        await self._reading
        return killed

    async def stop(self) -> None:
        """Has it end in order."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    def await_keys(self, keys: Collection[str]) -> asyncio.Future[float]:
        """Tells when it first confirms one of these keys."""
        self._found = asyncio.get_running_loop().create_future()
        self._keys = keys
        return self._found

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            moment, key = line.decode().rstrip("\n").split(" ", 1)
            if key in self._keys and not self._found.done():
                self._found.set_result(float(moment))


async def takeovers(url: str, broker: str, times: int) -> list[float]:
    """Kills one of two relays again and again, under load; returns how many seconds each takeover took."""
    prefix = f"bench:{uuid4().hex}:"
    keys = _keys()
    waits: list[float] = []
    async with AsyncExitStack() as stack:
        outbox = await stack.enter_async_context(open_outbox(url))
        stack.push_async_callback(forget, broker, prefix)
        relays = [await _started(url, broker, prefix) for _ in range(2)]
        stack.push_async_callback(_stop_all, relays)
        await stack.enter_async_context(_load(outbox, keys))
        while len(waits) < times:
            if waits:
                relays.append(await _started(url, broker, prefix))
            held = await _shared_out(outbox, relays)
            await asyncio.sleep(random.uniform(0, SETTINGS.lease / 2))
            dead, heir = relays
            orphaned = heir.await_keys({keys[part] for part in held[dead.pid]})
            killed = await dead.kill()
            async with asyncio.timeout(PATIENCE):
                waits.append(await orphaned - killed)
            relays.remove(dead)
    return waits


def _keys() -> list[str]:
    """Finds a key for every partition."""
    found: dict[int, str] = {}
    for number in count():
        if len(found) == PARTITIONS:
            return [found[part] for part in range(PARTITIONS)]
        found.setdefault(partition_of(f"key {number}"), f"key {number}")
    raise AssertionError


async def _shared_out(outbox: Outbox, relays: Sequence[Relaying]) -> dict[int, set[int]]:
    """Waits until each relay has its half, and tells which; a relay's name ends with its pid and a number."""
    while True:
        held: dict[int, set[int]] = {}
        for part, owner in await outbox.pool.fetch(HELD):
            held.setdefault(int(owner.split(":")[-2]), set()).add(part)
        if all(len(held.get(one.pid, ())) == PARTITIONS // len(relays) for one in relays):
            return held
        await asyncio.sleep(0.1)


@asynccontextmanager
async def _load(outbox: Outbox, keys: Sequence[str]) -> AsyncIterator[None]:
    async def commit() -> None:
        while True:
            await outbox.add([envelope("bench", key) for key in keys])
            await asyncio.sleep(EVERY)

    committing = asyncio.create_task(commit())
    try:
        yield
    finally:
        committing.cancel()
        with suppress(asyncio.CancelledError):
            await committing


async def _started(url: str, broker: str, prefix: str) -> Relaying:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.relay_takeover"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps([url, broker, prefix]).encode() + b"\n")
    return Relaying(process)


async def _stop_all(relays: Sequence[Relaying]) -> None:
    await asyncio.gather(*(one.stop() for one in relays))


async def _relay() -> None:
    """Relays until whoever has started it closes its input, or is gone."""
    url, broker, prefix = json.loads(sys.stdin.readline())
    async with (
        open_store(url) as store,
        open_transport(broker, prefix) as transport,
        Relay(store.outbox(), Telling(transport), SETTINGS).running(),
    ):
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_relay())
