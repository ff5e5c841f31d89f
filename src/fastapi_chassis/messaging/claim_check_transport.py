"""ClaimCheckTransport: a transport that leaves large payloads in a store and sends the reference."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging.claim_check import ClaimCheck, ClaimCheckStore, with_check
from fastapi_chassis.messaging.cloudevents import is_cloudevent, sealed
from fastapi_chassis.messaging.config import ClaimCheckConfig
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.transport import PublishFailed, Receive, Subscribed, Subscription, Transport
from fastapi_chassis.messaging.verdict import reason_of

_log = logging.getLogger("fastapi_chassis.messaging.claim_check")

_AT_ONCE = 4  # payloads on their way to the store


class ClaimCheckTransport:
    """Puts each large payload into the store before its message is sent.

    A message whose payload can't be put there is not confirmed, and neither are those of its key behind it;
    the others go on. None of them counts as refused by the broker.

    Args:
        transport: carries what remains.
        store: keeps the payloads.
        config: from how many bytes on, for how long, and how patient it is; a threshold must be set.
        structured: whether references go as whole events, as CloudEvents in structured mode.
    """

    def __init__(
        self,
        transport: Transport,
        store: ClaimCheckStore,
        config: ClaimCheckConfig,
        *,
        structured: bool = False,
    ) -> None:
        self._transport = transport
        self._store = store
        self._config = config
        self._structured = structured
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Sends a batch in order.

        Raises:
            PublishFailed: some were not confirmed, or their payload could not be kept.
            UnavailableException: the broker is away; none is known to be confirmed.
        """
        large = [position for position, one in enumerate(envelopes) if self._is_large(one)]
        if not large:
            await self._transport.publish(envelopes)
            return
        checked: dict[int, Envelope] = {}
        faults: list[str] = []
        kept = await asyncio.gather(*(self._check_in(envelopes[position], faults) for position in large))
        unsent: dict[int, str] = {}
        for position, result in zip(large, kept, strict=True):
            if isinstance(result, Envelope):
                checked[position] = result
            else:
                unsent[position] = result
        await self._send(envelopes, checked, _with_followers(envelopes, unsent))

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        """Begins to take deliveries, with references as they came: a ClaimCheckReceiver redeems them."""
        return await self._transport.subscribe(subscription, receive)

    def _is_large(self, envelope: Envelope) -> bool:
        threshold = self._config.threshold
        # of a whole event the data alone would have to go, and the writer leaves large ones in binary mode
        return (
            threshold is not None
            and len(envelope.payload) > threshold
            and not is_cloudevent(envelope.content_type)
        )

    async def _check_in(self, envelope: Envelope, faults: list[str]) -> Envelope | str:
        """Returns what goes in the place of a message, or why its payload could not be kept.

        Once the store is away, the rest of the batch does not wait for it as well.
        """
        payload, keep = envelope.payload, timedelta(seconds=self._config.keep)
        async with self._turns:
            if faults:
                return faults[0]
            try:
                async with asyncio.timeout(self._config.timeout):
                    name = await self._store.put(payload, keep)
            except Exception as fault:  # noqa: BLE001 - the message waits in the outbox, whatever it is
                told = f"the payload can't be kept: {reason_of(fault)}"
                _log.warning("%s waits, %d bytes large: %s", envelope.id, len(payload), told)
                if isinstance(fault, UnavailableException | TimeoutError):
                    faults.append(told)
                return told
        reference = with_check(envelope, ClaimCheck.of(name, payload))
        return sealed(reference) if self._structured else reference

    async def _send(
        self, envelopes: Sequence[Envelope], checked: Mapping[int, Envelope], unsent: Mapping[int, str]
    ) -> None:
        positions = [position for position in range(len(envelopes)) if position not in unsent]
        reasons = dict(unsent)
        if positions:
            try:
                await self._transport.publish([checked.get(at, envelopes[at]) for at in positions])
            except PublishFailed as fault:
                reasons |= {positions[at]: reason for at, reason in fault.reasons.items()}
        if reasons:
            raise PublishFailed(reasons, unsent=unsent.keys())


def _with_followers(envelopes: Sequence[Envelope], unsent: Mapping[int, str]) -> Mapping[int, str]:
    """Adds what comes behind a message of its key that is not sent."""
    if not unsent:
        return unsent
    reasons, held = dict(unsent), set[str]()
    for position, envelope in enumerate(envelopes):
        if position in unsent:
            held.add(envelope.key)
        elif envelope.key in held:
            reasons[position] = "the payload of an earlier message of its key can't be kept"
    return reasons
