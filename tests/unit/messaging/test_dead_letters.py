"""DeadLetterQuery: which pages may be asked for."""

import pytest

from fastapi_chassis.messaging import DeadLetterQuery


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_has_a_bound(limit: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 200"):
        DeadLetterQuery(limit=limit)
