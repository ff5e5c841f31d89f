from hypothesis import given

from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.sqlalchemy.base import DEAD_LETTERS, OUTBOX, SCHEDULES
from fastapi_chassis.plugins.sqlalchemy.envelopes import NAMES, envelope_of, values_of
from fastapi_chassis.testing.contracts.envelopes import any_envelopes


@given(any_envelopes())
def test_any_envelope_comes_back(envelopes: list[Envelope]) -> None:
    assert [envelope_of(values_of(one)) for one in envelopes] == envelopes


def test_every_table_of_messages_has_these_columns() -> None:
    for table in (OUTBOX, SCHEDULES, DEAD_LETTERS):
        assert set(NAMES) <= set(table.c.keys())
