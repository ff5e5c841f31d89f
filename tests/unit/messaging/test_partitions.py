import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.messaging import PARTITIONS, Lease, partition_of, to_take


@pytest.mark.parametrize(("key", "partition"), [("", 0), ("one", 49), ("zürich", 34), ("\ud800", 48)])
def test_a_key_has_the_same_partition_in_every_release(key: str, partition: int) -> None:
    assert partition_of(key) == partition


@given(st.text())
def test_every_key_has_one(key: str) -> None:
    assert 0 <= partition_of(key) < PARTITIONS


leases = st.lists(
    st.tuples(st.sampled_from([None, "a", "b", "c"]), st.integers(0, 9), st.booleans()),
    min_size=PARTITIONS,
    max_size=PARTITIONS,
).map(lambda rows: [Lease(partition, *row) for partition, row in enumerate(rows)])


@given(leases, st.integers(1, 70))
def test_nobody_takes_what_another_has_nor_more_than_its_share(rows: list[Lease], relays: int) -> None:
    holding, taken = to_take(rows, "a", relays)
    own = {one.partition for one in rows if one.owner == "a"}
    assert set(holding.tokens) == own | taken
    assert not own & taken
    assert holding.share * relays >= PARTITIONS
    assert len(taken) <= max(holding.share - len(own), 0)
    for partition in taken:
        row = rows[partition]
        assert row.owner is None or row.is_ended
        assert holding.tokens[partition] == row.token + 1
    assert all(holding.tokens[partition] == rows[partition].token for partition in own)


@given(leases)
def test_all_that_is_free_is_taken_by_one_that_is_alone(rows: list[Lease]) -> None:
    holding, _ = to_take(rows, "a", 1)
    others = {one.partition for one in rows if one.owner not in {None, "a"} and not one.is_ended}
    assert set(holding.tokens) == set(range(PARTITIONS)) - others
