"""A shop with an empty store, and a broker that notes what it gets."""

import pytest

from tests.unit.messaging.relays import Broker
from tests.unit.messaging.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def broker() -> Broker:
    return Broker()
