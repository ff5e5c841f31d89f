"""Topology: the exchange that all messages go through, and the two queues of each group."""

from aiormq import Channel
from pamqp.common import FieldTable

from fastapi_chassis.messaging import Subscription
from fastapi_chassis.plugins.aiopika.errors import explain_refusal

_QUORUM: FieldTable = {"x-queue-type": "quorum"}
# Without a limit of deliveries, or a server that restarts its consumers often enough drops what they hold.
_OF_GROUP: FieldTable = {**_QUORUM, "x-single-active-consumer": True, "x-delivery-limit": -1}


def dead_queue(group: str) -> str:
    """Names the queue in which a group sets messages aside."""
    return f"{group}.dead"


async def declare_exchange(channel: Channel, exchange: str, *, within: float) -> None:
    """Makes the exchange, where it does not exist yet.

    Raises:
        AioPikaTopologyError: another one of the name exists.
    """
    with explain_refusal(f"the topic exchange {exchange}"):
        await channel.exchange_declare(exchange, exchange_type="topic", durable=True, timeout=within)


async def declare_group(
    channel: Channel, subscription: Subscription, exchange: str, *, within: float
) -> None:
    """Makes the queues of a group and binds them.

    Raises:
        AioPikaTopologyError: others of the names exist.
    """
    group = subscription.group
    await declare_exchange(channel, exchange, within=within)
    await declare_dead_queue(channel, group, within=within)
    with explain_refusal(f"the queue {group}"):
        await channel.queue_declare(group, durable=True, arguments=dict(_OF_GROUP), timeout=within)
        for destination in sorted(subscription.destinations):
            await channel.queue_bind(group, exchange, routing_key=destination, timeout=within)


async def declare_dead_queue(channel: Channel, group: str, *, within: float) -> None:
    """Makes the queue in which a group sets messages aside.

    Raises:
        AioPikaTopologyError: another one of the name exists.
    """
    with explain_refusal(f"the queue {dead_queue(group)}"):
        await channel.queue_declare(
            dead_queue(group), durable=True, arguments={**_QUORUM, "x-delivery-limit": -1}, timeout=within
        )
