import pytest

from fastapi_chassis.application import MessageContext, Principal, use_context
from fastapi_chassis.application.record_keeping import is_soft, stamped, stamps
from fastapi_chassis.domain import Audited, BaseAggregate, FrozenClock, SoftDeletable, ValidationException

CLOCK = FrozenClock()


class Plain(BaseAggregate):
    title: str = ""


class Kept(Audited, BaseAggregate):
    title: str = ""


class Soft(SoftDeletable, BaseAggregate):
    pass


@pytest.mark.requirement("REP-9")
def test_audited_entities_are_stamped_and_others_are_not() -> None:
    now = CLOCK.now()
    with use_context(MessageContext(principal=Principal("ann"))):
        assert stamps(Kept, CLOCK) == {"updated_at": now, "updated_by": "ann"}
        assert stamps(Kept, CLOCK, first=True) == {
            "created_at": now,
            "created_by": "ann",
            "updated_at": now,
            "updated_by": "ann",
        }
        assert stamps(Plain, CLOCK, first=True) == {}
    assert stamps(Kept, CLOCK) == {"updated_at": now, "updated_by": None}


def test_a_subject_that_no_store_can_hold_is_refused() -> None:
    with (
        use_context(MessageContext(principal=Principal("nul\x00"))),
        pytest.raises(ValidationException, match="NUL"),
    ):
        stamps(Kept, CLOCK)


def test_stamps_stay_after_a_write_that_succeeds() -> None:
    batch = [Kept(), Kept()]
    with stamped(batch, {"title": "new"}):
        assert [one.title for one in batch] == ["new", "new"]
    assert [one.title for one in batch] == ["new", "new"]


def test_stamps_are_taken_back_if_the_write_fails() -> None:
    batch = [Kept(title="a"), Kept(title="b")]
    with pytest.raises(LookupError), stamped(batch, {"title": "new"}):
        raise LookupError
    assert [one.title for one in batch] == ["a", "b"]


def test_a_removal_is_a_mark_where_the_entity_says_so() -> None:
    assert is_soft(Soft)
    assert not is_soft(Kept)
