from uuid import UUID

from sqlalchemy.dialects import postgresql

from fastapi_chassis.application import AbstractRepository, Selection, bind_repository
from fastapi_chassis.domain import BaseAggregate, criteria_for, order_for
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyRepository
from fastapi_chassis.plugins.sqlalchemy.dialects import DIALECTS
from fastapi_chassis.plugins.sqlalchemy.schema import Schema
from fastapi_chassis.plugins.sqlalchemy.statements import SHAPES, Statements


class Item(BaseAggregate):
    title: str
    rank: int | None = None
    meta: dict[str, object]


def statements(dialect: str = "postgresql") -> Statements:
    repository = bind_repository(AbstractRepository[Item, UUID], SqlAlchemyRepository)
    return Schema(DIALECTS[dialect]).stored(repository).statements


def selection(*order: str, after: tuple | None = None, **filters: object) -> Selection:
    return Selection(criteria_for(Item, filters), order_for(Item, order, tie_break="id"), 10, 0, after)


def sql(statement) -> str:
    return " ".join(str(statement.element.compile(dialect=postgresql.dialect())).split())


def test_questions_of_one_shape_share_their_statement():
    made = statements()
    one, first = made.select(selection("title", title__like="a%", rank__gt=1))
    other, second = made.select(selection("title", title__like="b%", rank__gt=2))
    assert one is other
    assert (first["p0"], second["p0"]) == ("a%", "b%")
    assert made.select(selection("-title", title__like="a%", rank__gt=1))[0] is not one
    assert made.select(selection("title", title__like="a%", rank=None))[0] is not one


def test_what_is_remembered_is_bounded():
    made = statements()
    for number in range(SHAPES + 50):
        made.select(selection(**{f"meta__k{number}": 1}))
    assert len(made._asked) == SHAPES


def test_a_cursor_over_plain_fields_is_one_comparison_that_an_index_can_serve():
    made = statements()
    statement, parameters = made.select(selection("title", after=("a", UUID(int=1))))
    assert "(item.title, item.id) > (" in sql(statement)
    assert parameters["a0"] == "a"


def test_a_cursor_over_a_field_with_nulls_asks_for_them():
    statement, _ = statements().select(selection("rank", after=(1, UUID(int=1))))
    assert "item.rank IS NULL" in sql(statement)
    beyond, _ = statements().select(selection("rank", after=(None, UUID(int=1))))
    assert "item.rank IS NULL AND item.id >" in sql(beyond)


def test_values_are_parameters_only():
    made = statements()
    for question in (
        made.select,
        lambda asked: made.count(asked.criteria),
        lambda asked: made.delete(asked.criteria),
    ):
        statement, _ = question(
            selection(title="';--", title__in=["';--"], title__ilike="';--", meta__a="';--")
        )
        assert "';--" not in sql(statement)
