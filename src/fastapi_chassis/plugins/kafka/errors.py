"""Errors: what a complaint of Kafka or its client means."""

from aiokafka.errors import (
    AuthenticationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NoBrokersAvailable,
    NodeNotReadyError,
    RequestTimedOutError,
    StaleMetadata,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from fastapi_chassis.domain import ChassisError

LOGIN = (AuthenticationFailedError, UnsupportedSaslMechanismError)
_FORBIDDEN = (TopicAuthorizationFailedError, GroupAuthorizationFailedError)
_AWAY = (
    KafkaConnectionError,
    KafkaTimeoutError,
    NoBrokersAvailable,
    NodeNotReadyError,
    RequestTimedOutError,
    StaleMetadata,
    TimeoutError,
    OSError,
)


class KafkaAwayError(ChassisError):
    """No broker can be reached, or none lets the service in."""


class KafkaTopicError(ChassisError):
    """A topic is missing, or could not be made."""


def is_away(error: BaseException) -> bool:
    """Whether the cluster can't be reached just now, so that the message is not to blame."""
    return isinstance(error, _AWAY) or (isinstance(error, KafkaError) and error.retriable)


def reason_of(error: BaseException) -> str:
    """Says why a message was refused; never its content."""
    if isinstance(error, _FORBIDDEN):
        return "the brokers do not let the service write there"
    return type(error).__name__
