"""Use cases: messages, the mediator with its behaviours, and the ports that a handler sees."""

from fastapi_chassis.application.behaviors import (
    AnswerCodec,
    AuthoriseBehavior,
    IdempotencyBehavior,
    LogBehavior,
    TraceBehavior,
    Tracer,
    ValidateBehavior,
)
from fastapi_chassis.application.binding import bind_repository, entity_of
from fastapi_chassis.application.context import (
    SYSTEM,
    MessageContext,
    Principal,
    current_context,
    use_context,
)
from fastapi_chassis.application.handlers import Handler, HandlerRegistry, name_of, read_handler
from fastapi_chassis.application.idempotency import IdempotencyStore, StoredAnswer, idempotency_for
from fastapi_chassis.application.matching import arranged, behind, matches
from fastapi_chassis.application.mediator import Mediator, Road, build_mediator
from fastapi_chassis.application.memory import (
    AbstractRepositoryInMemory,
    InMemoryIdempotencyStore,
    InMemoryUnitOfWork,
    MemorySession,
    MemoryStore,
    in_memory,
)
from fastapi_chassis.application.messages import AUTHENTICATED, Command, Policy, Query, Request
from fastapi_chassis.application.pipeline import Behavior, BehaviorFactory, Step, compose, invocation
from fastapi_chassis.application.process_course import ProcessHandlers, ProcessTimeout, process_handlers
from fastapi_chassis.application.process_manager import (
    Completed,
    Decision,
    Messages,
    ProcessManager,
    Sent,
    Timeout,
    TimeoutCancelled,
    TimeoutSet,
)
from fastapi_chassis.application.process_reading import ProcessForm, read_process
from fastapi_chassis.application.repository import AbstractRepository
from fastapi_chassis.application.schedule import Schedule
from fastapi_chassis.application.scope import Resolver, ScopeFactory, current_scope, open_scope
from fastapi_chassis.application.selection import Selection
from fastapi_chassis.application.transaction import TransactionBehavior, TwoStoresError
from fastapi_chassis.application.unit_of_work import (
    AbstractUnitOfWork,
    EventDispatch,
    EventSink,
    OneAggregatePerCommitError,
    RecordedEvent,
    Session,
    SessionUnitOfWork,
    TransactionRequiredError,
    UnsavedEventsError,
)

__all__ = (
    "AUTHENTICATED",
    "SYSTEM",
    "AbstractRepository",
    "AbstractRepositoryInMemory",
    "AbstractUnitOfWork",
    "AnswerCodec",
    "AuthoriseBehavior",
    "Behavior",
    "BehaviorFactory",
    "Command",
    "Completed",
    "Decision",
    "EventDispatch",
    "EventSink",
    "Handler",
    "HandlerRegistry",
    "IdempotencyBehavior",
    "IdempotencyStore",
    "InMemoryIdempotencyStore",
    "InMemoryUnitOfWork",
    "LogBehavior",
    "Mediator",
    "MemorySession",
    "MemoryStore",
    "MessageContext",
    "Messages",
    "OneAggregatePerCommitError",
    "Policy",
    "Principal",
    "ProcessForm",
    "ProcessHandlers",
    "ProcessManager",
    "ProcessTimeout",
    "Query",
    "RecordedEvent",
    "Request",
    "Resolver",
    "Road",
    "Schedule",
    "ScopeFactory",
    "Selection",
    "Sent",
    "Session",
    "SessionUnitOfWork",
    "Step",
    "StoredAnswer",
    "Timeout",
    "TimeoutCancelled",
    "TimeoutSet",
    "TraceBehavior",
    "Tracer",
    "TransactionBehavior",
    "TransactionRequiredError",
    "TwoStoresError",
    "UnsavedEventsError",
    "ValidateBehavior",
    "arranged",
    "behind",
    "bind_repository",
    "build_mediator",
    "compose",
    "current_context",
    "current_scope",
    "entity_of",
    "idempotency_for",
    "in_memory",
    "invocation",
    "matches",
    "name_of",
    "open_scope",
    "process_handlers",
    "read_handler",
    "read_process",
    "use_context",
)
