from datetime import timedelta

import pytest
from pydantic import ValidationError

from fastapi_chassis.messaging import InboxConfig, MessagingConfig


def test_both_switches_are_on_and_five_attempts_are_made() -> None:
    config = MessagingConfig()
    assert (config.enable_outbox, config.enable_inbox, config.codec) == (True, True, "cloudevents")
    assert config.max_attempts == 5
    assert InboxConfig(window=3600).remembered == timedelta(hours=1)


def test_an_inbox_remembers_seven_days() -> None:
    assert MessagingConfig().inbox.remembered == timedelta(days=7)


@pytest.mark.requirement("MSG-15")
def test_no_payload_is_left_anywhere_unless_it_is_asked_for() -> None:
    for settings in ({}, {"threshold": "", "directory": ""}):
        config = MessagingConfig.model_validate({"claim_check": settings}).claim_check
        assert (config.threshold, config.directory, config.largest) == (None, None, 1_048_576)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_attempts": 0},
        {"codec": "avro"},
        {"enable_outbx": True},
        {"destination_prefix": "a b"},
        {"destination_prefix": ""},
        {"concurrency": 0},
        {"relay": {"batch": 0}},
        {"relay": {"lease": float("inf")}},
        {"inbox": {"purge_batch": 5_001}},
        {"inbox": {"purge_batches": 21}},
        {"retry": {"base": 0}},
        {"handler_timeout": -1},
        {"claim_check": {"threshold": 0}},
        {"claim_check": {"threshold": 1_048_577}},
        {"claim_check": {"largest": 0}},
        {"claim_check": {"keep": 1}},
    ],
)
def test_what_can_not_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MessagingConfig.model_validate(wrong)
