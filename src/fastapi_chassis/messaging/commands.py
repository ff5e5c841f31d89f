"""CommandWriter and CommandConsumer: commands that a service sends itself, by the road of its events."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from fastapi_chassis.application import (
    AbstractUnitOfWork,
    Command,
    Handler,
    Mediator,
    ScopeFactory,
    current_context,
    open_scope,
    use_context,
)
from fastapi_chassis.domain import Finding, WiringError, new_id
from fastapi_chassis.messaging.codec import MAX_PAYLOAD, UnreadableMessage, check_size, limited
from fastapi_chassis.messaging.config import MessagingConfig
from fastapi_chassis.messaging.conversation import context_of, headers_of
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.inbox import inbox_for
from fastapi_chassis.messaging.outcome import Ack, DeadLetter, Outcome, Retry
from fastapi_chassis.messaging.road_meter import UNREADABLE, RoadMeter
from fastapi_chassis.messaging.transport import Delivery, Subscribed, Subscription, Transport
from fastapi_chassis.messaging.verdict import cut, is_cancelled, verdict_on

_log = logging.getLogger("fastapi_chassis.messaging.commands")

type AnyCommand = Command[object]
type Form = TypeAdapter[AnyCommand]


def commands_of(service: str, module: str) -> str:
    """Names the topic of the commands that a module handles."""
    return f"commands.{service}.{module}"


class CommandWriter:
    """Makes the envelope of a command: its bytes, its module's topic, and the conversation it belongs to.

    Args:
        service: the service, which sends to itself.
        modules: the name of the module that handles each command.
        largest: how many bytes a payload may have.
    """

    def __init__(
        self, service: str, modules: Mapping[type[AnyCommand], str], largest: int = MAX_PAYLOAD
    ) -> None:
        self._service = service
        self._modules = modules
        self._largest = largest
        self._forms: dict[type[AnyCommand], Form] = {}

    def write(self, command: AnyCommand, order: str = "") -> Envelope:
        """Makes the envelope of one command, in the context at hand.

        Args:
            command: what is to be done.
            order: what keeps its order; a command of none has no order.

        Raises:
            WiringError: no module handles it.
            TypeError: its content does not fit its type.
            ValidationException: it is larger than a message may be.
        """
        kind, message_id = type(command), new_id()
        if kind not in self._modules:
            raise WiringError(
                Finding(f"nobody handles {kind.__name__}", remedy="list its handler in a module.")
            )
        return Envelope(
            id=message_id,
            type=kind.message_name,
            source=self._service,
            time=datetime.now(UTC),
            destination=commands_of(self._service, self._modules[kind]),
            key=order or str(message_id),
            payload=self._payload(command),
            headers=headers_of(current_context()),
        )

    def _payload(self, command: AnyCommand) -> bytes:
        kind = type(command)
        form = self._forms.get(kind)
        if form is None:
            form = self._forms[kind] = TypeAdapter(kind)
        try:
            payload = form.dump_json(form.validate_python(command))
        except (ValidationError, PydanticSerializationError) as fault:
            raise TypeError(f"{kind.message_name} can't be sent: it does not fit its type") from fault
        return limited(command, payload, self._largest)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A command that a module takes from the road."""

    form: Form
    unit_of_work: type[AbstractUnitOfWork]


class CommandConsumer:
    """Takes the commands that a service sent to one of its modules, and has each handled once.

    Args:
        service: the service.
        module: the module, whose replicas share its commands.
        handlers: those of its commands.
        mediator: handles them.
        scopes: opens the scope in which a command is handled.
        config: attempts, time-outs, concurrency, and whether there is an inbox.

    Raises:
        WiringError: two commands go by one name.
    """

    def __init__(
        self,
        service: str,
        module: str,
        handlers: Iterable[Handler],
        *,
        mediator: Mediator,
        scopes: ScopeFactory,
        config: MessagingConfig | None = None,
    ) -> None:
        self._config = config or MessagingConfig()
        self._mediator = mediator
        self._scopes = scopes
        self._taken = _taken(handlers)
        self._meter = RoadMeter()
        self._group = f"{service}.{module}.commands"
        self.subscription = Subscription(
            self._group, frozenset({commands_of(service, module)}), self._config.concurrency
        )

    async def subscribe(self, transport: Transport) -> Subscribed:
        """Begins to take deliveries."""
        return await transport.subscribe(self.subscription, self.receive)

    async def receive(self, delivery: Delivery) -> Outcome:
        """Handles one delivery; whatever happens in the handler, this says what becomes of the command."""
        if delivery.unreadable:
            return self._dead(delivery, delivery.unreadable)
        envelope = delivery.envelope
        taken = self._taken.get(envelope.type)
        if taken is None:
            return self._dead(delivery, f"{self._group} handles no command {envelope.type}")
        try:
            check_size(envelope, self._config.claim_check.largest)
            command = taken.form.validate_json(envelope.payload)
        except UnreadableMessage as fault:
            return self._dead(delivery, str(fault))
        except ValidationError as fault:
            return self._dead(delivery, f"the payload is not {envelope.type}: {_reasons(fault)}")
        with use_context(context_of(envelope)):
            return await self._attempt(taken, command, delivery)

    async def _attempt(self, taken: _Taken, command: AnyCommand, delivery: Delivery) -> Outcome:
        try:
            async with asyncio.timeout(self._config.handler_timeout):
                await self._handle(taken, command, delivery.envelope)
        except asyncio.CancelledError as fault:
            if is_cancelled():
                raise  # by whoever stops the consumer: nothing is settled, the command comes again
            return self._judge(delivery, fault)
        except Exception as fault:  # noqa: BLE001 - every failure of a handler settles the command
            return self._judge(delivery, fault)
        return Ack()

    async def _handle(self, taken: _Taken, command: AnyCommand, envelope: Envelope) -> None:
        async with open_scope(self._scopes) as scope:
            unit_of_work = await scope.get(taken.unit_of_work)
            async with unit_of_work:
                if self._config.enable_inbox:
                    inbox = inbox_for(unit_of_work.session)
                    if not await inbox.accept(f"{self._group}.{envelope.type}", envelope.id):
                        _log.debug("%s has had %s before", self._group, envelope.id)
                        self._meter.had_before(self._group)
                        return
                await self._mediator.send(command)
                await unit_of_work.commit()

    def _judge(self, delivery: Delivery, fault: BaseException) -> Outcome:
        outcome, told = verdict_on(fault, delivery.attempt, self._config), delivery.envelope
        if isinstance(outcome, Retry):
            _log.warning("%s takes %s %s again: %s", self._group, told.type, told.id, outcome.reason)
            return outcome
        _log.error(
            "%s gives up on %s %s: %s", self._group, told.type, told.id, outcome.reason, exc_info=fault
        )
        return DeadLetter(cut(f"{self._group}: {outcome.reason}"), outcome.error_type)

    def _dead(self, delivery: Delivery, reason: str) -> DeadLetter:
        _log.error("%s can't take %s: %s", self._group, delivery.envelope.id, reason)
        return DeadLetter(cut(reason), UNREADABLE)


def _taken(handlers: Iterable[Handler]) -> dict[str, _Taken]:
    taken: dict[str, _Taken] = {}
    findings = []
    for handler in handlers:
        name = handler.message.message_name
        if name in taken:
            what = f"{handler.message.__qualname__} and another command of its module are both called {name}"
            findings.append(Finding(what, handler.name, 'rename one: (Command, name="...").'))
        taken[name] = _Taken(cast("Form", TypeAdapter(handler.message)), handler.unit_of_work)
    if findings:
        raise WiringError(*findings)
    return taken


def _reasons(fault: ValidationError) -> str:
    """Says which fields are wrong and how, and never what they hold."""
    found = fault.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'payload'}: {one['msg']}" for one in found)
