from collections.abc import Iterator

import pytest

from tests.measures import Measures, measured

pytest.register_assert_rewrite("tests.integration.plugins.roads")


@pytest.fixture
def measures() -> Iterator[Measures]:
    with measured() as found:
        yield found
