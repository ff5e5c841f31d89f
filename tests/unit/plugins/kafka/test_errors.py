import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NotLeaderForPartitionError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from fastapi_chassis.plugins.kafka.errors import is_away, reason_of


@pytest.mark.parametrize(
    "error",
    [KafkaConnectionError(), KafkaTimeoutError(), NotLeaderForPartitionError(), TimeoutError(), OSError()],
)
def test_an_outage_is_not_the_fault_of_a_message(error: Exception) -> None:
    assert is_away(error)


@pytest.mark.parametrize(
    "error",
    [MessageSizeTooLargeError(), RecordListTooLargeError(), TopicAuthorizationFailedError(), ValueError()],
)
def test_a_refusal_is(error: Exception) -> None:
    assert not is_away(error)


def test_a_reason_holds_nothing_of_the_message() -> None:
    assert reason_of(MessageSizeTooLargeError("secret")) == "MessageSizeTooLargeError"
    assert "do not let the service write" in reason_of(TopicAuthorizationFailedError("secret"))
