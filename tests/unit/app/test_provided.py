import pytest

from fastapi_chassis.app.provided import Provided, providers_of
from fastapi_chassis.domain import UnavailableException
from tests.unit.app.ledger import Ledger, plugin

L = Ledger()


class Bus:
    pass


def test_what_was_given_is_there_until_it_is_withdrawn():
    provided, bus = Provided(), Bus()
    provided.give("kafka", Bus, bus)
    provided.give("nats", Bus, Bus())
    assert provided.take("kafka", Bus) is bus
    provided.withdraw("kafka")
    with pytest.raises(UnavailableException, match="kafka is away") as away:
        provided.take("kafka", Bus)
    assert away.value.retry_after
    assert provided.take("nats", Bus)


def test_one_plugin_stands_behind_a_type():
    kafka = plugin(L, "kafka", provides=(Bus,))
    assert providers_of([kafka, plugin(L, "other")]) == ({Bus: kafka}, [])


def test_two_kinds_for_one_type_are_a_finding():
    chosen, (finding,) = providers_of(
        [plugin(L, "kafka", provides=(Bus,)), plugin(L, "nats", provides=(Bus,))]
    )
    assert chosen == {}
    assert finding.what == "kafka and nats both provide Bus"
    assert finding.remedy == "enable one of them."


@pytest.mark.requirement("CFG-2")
def test_of_two_sections_of_one_kind_the_one_with_its_name_provides():
    first = plugin(L, "kafka", provides=(Bus,))
    second = plugin(L, "kafka", provides=(Bus,), instance="analytics")
    assert providers_of([second, first]) == ({Bus: first}, [])


def test_of_two_sections_without_that_name_none_does():
    _, (finding,) = providers_of(
        [plugin(L, "kafka", provides=(Bus,), instance=name) for name in ("one", "two")]
    )
    assert finding.what == "one and two both provide Bus"
    assert finding.remedy == "call the section whose Bus handlers shall get kafka."
