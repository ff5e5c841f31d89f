"""The relay of a service as a process of its own; what it carries is told of the bookshop's fleet."""

import pytest

from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder, run_relay
from fastapi_chassis.domain import ChassisError


class Shop(ApplicationAbstract):
    name = "shop"


def never(_: ApplicationAbstract) -> None:
    raise AssertionError("it relays")


def test_without_a_broker_it_says_what_to_do() -> None:
    with pytest.raises(ChassisError) as told:
        run_relay(ApplicationGenericBuilder(Shop).with_sources(environ={}).build(), never)
    (finding,) = told.value.findings
    assert (finding.what, finding.remedy) == (
        "messages stay in the process",
        "enable a plugin that carries them, such as kafka.",
    )
