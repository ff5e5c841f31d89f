"""How the bytes of a cut are found."""

import pytest

from fastapi_chassis.testing.chaos import Cut
from fastapi_chassis.testing.chaos.cuts import Watch


@pytest.mark.parametrize(
    ("pieces", "places"),
    [
        ((b"COMMIT",), [0]),
        ((b"x;COMMIT;",), [2]),
        ((b"x;COM", b"MIT;"), [None, 0]),
        ((b"x;C", b"OMMI", b"T"), [None, None, 0]),
        ((b"COMM", b"COMMIT"), [None, 0]),
        ((b"nothing", b"here"), [None, None]),
    ],
)
def test_bytes_are_found_in_pieces_too(pieces, places):
    watch = Watch(Cut(b"COMMIT"))
    assert [watch.find(piece) for piece in pieces] == places


def test_one_byte_is_a_trigger():
    watch = Watch(Cut(b"C"))
    assert [watch.find(b"ab"), watch.find(b"aC")] == [None, 1]


def test_a_cut_fires_no_more_than_it_was_told():
    cut = Cut(b"C", times=2)
    assert [Watch(cut).find(b"C") for _ in range(3)] == [0, 0, None]


async def test_it_says_when_it_happened():
    cut = Cut(b"C")
    cut.note()
    await cut.happened(within=0.1)
    assert cut.fired == 1
