import copy
import pickle

import pytest

from fastapi_chassis.domain import BaseAggregate, BaseEntity


class Word(BaseEntity[str]):
    meaning: str = ""


class Verb(Word):
    tense: str = "present"


class Thing(BaseAggregate):
    name: str


@pytest.mark.requirement("DOM-1")
def test_equal_is_what_has_the_same_class_and_identity() -> None:
    assert Word(id="a", meaning="1") == Word(id="a", meaning="2")
    assert Word(id="a") != Word(id="b")
    assert Word(id="a") != Verb(id="a")
    assert Word(id="a") != "a"
    assert len({Word(id="a"), Word(id="a", meaning="2"), Word(id="b")}) == 2


def test_arguments_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        Word("a")  # type: ignore[misc]
    with pytest.raises(TypeError, match="id"):
        Word(meaning="no identity")  # type: ignore[call-arg]
    assert Verb(id="go", meaning="walk").tense == "present"


def test_repr_shows_the_fields() -> None:
    assert repr(Word(id="a", meaning="b")) == "Word(id='a', meaning='b')"


@pytest.mark.parametrize("entity", [Word(id="a", meaning="b"), Thing(name="x")])
def test_copies_are_equal_and_independent(entity: object) -> None:
    for made in (copy.copy(entity), copy.deepcopy(entity), pickle.loads(pickle.dumps(entity))):
        assert made == entity
        assert vars(made) == vars(entity)
        assert made is not entity
