"""What travels beside an event: correlation, tenant and trace, into the headers and out of them again."""

from fastapi_chassis.application import SYSTEM, MessageContext
from fastapi_chassis.messaging.envelope import Envelope

CORRELATION = "correlationid"
TENANT = "tenant"
SPEC_VERSION = "specversion"

_OURS = frozenset({CORRELATION, TENANT, SPEC_VERSION})


def headers_of(context: MessageContext) -> dict[str, str]:
    """Writes a context into headers; the names are fit for attributes of a CloudEvent."""
    headers = {name: value for name, value in context.headers.items() if name not in _OURS}
    if context.correlation_id:
        headers[CORRELATION] = context.correlation_id
    if context.tenant is not None:
        headers[TENANT] = context.tenant
    return headers


def context_of(envelope: Envelope) -> MessageContext:
    """Reads the context in which a message is handled: the sender's conversation, by the system itself.

    A message that begins a conversation gives it its id.
    """
    headers = envelope.headers
    return MessageContext(
        correlation_id=headers.get(CORRELATION) or str(envelope.id),
        principal=SYSTEM,
        tenant=headers.get(TENANT),
        headers={name: value for name, value in headers.items() if name not in _OURS},
    )
