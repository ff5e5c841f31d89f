"""Any destination and any group finds a name that NATS takes, and no two the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.plugins.nats.subjects import MAX_NAME, destination_in, name_of, partition_of, subject_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXT)
def test_a_destination_comes_back_from_its_subject(destination: str) -> None:
    subject = subject_of(destination)
    assert destination_in(subject) == destination
    assert subject.isascii()
    assert all(subject.split("."))
    assert not re.search(r"[\s*>\x00-\x1f\x7f]", subject)


def test_a_usual_destination_is_its_own_subject() -> None:
    assert subject_of("integration-events.item_created") == "integration-events.item_created"


@pytest.mark.parametrize("destination", ["d" * 1_001, "ä" * 200, "\udc00"])
def test_what_no_subject_can_hold_is_refused(destination: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|surrogates"):
        subject_of(destination)


@given(TEXT, TEXT)
def test_groups_have_names_of_their_own(one: str, other: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_%-]+", name_of(one))
    assert (name_of(one) == name_of(other)) is (one == other)


def test_long_groups_too() -> None:
    one, other = name_of("g" * 500), name_of("g" * 501)
    assert one != other
    assert len(one) == MAX_NAME


@given(TEXT, st.integers(1, 256))
def test_a_key_has_one_part(key: str, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
    assert partition_of(key, partitions) == partition_of(key, partitions)


def test_parts_never_change_between_versions() -> None:
    keys = ("", "a", "b", "c", "käse/1", "order 7", "order 8")
    assert [partition_of(key, 6) for key in keys] == [0, 3, 5, 3, 5, 5, 2]
