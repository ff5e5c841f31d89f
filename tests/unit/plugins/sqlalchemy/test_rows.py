from fastapi_chassis.domain import BaseAggregate, BaseEntity
from fastapi_chassis.plugins.sqlalchemy.rows import RowMapper


class Checked(BaseAggregate):
    title: str

    def __post_init__(self) -> None:
        assert self.title != "old"


class Single(BaseEntity[str]):
    pass


def test_rows_become_entities_without_running_the_checks_of_new_ones():
    mapper = RowMapper(Checked)
    made = mapper.entities([("id", 3, "old")])[0]
    assert (type(made), vars(made)) == (Checked, {"id": "id", "version": 3, "title": "old"})
    made.record  # noqa: B018 - it is a whole entity
    assert made.recorded_events == ()


def test_entities_become_parameters():
    entity = Checked(title="new")
    assert RowMapper(Checked).parameters(entity) == {"v_id": entity.id, "v_version": 0, "v_title": "new"}
    assert RowMapper(Single).parameters(Single(id="a")) == {"v_id": "a"}
    assert RowMapper(Single).read(Single(id="a")) == ("a",)
