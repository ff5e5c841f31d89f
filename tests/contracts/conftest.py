import pytest

pytest.register_assert_rewrite("fastapi_chassis.testing.contracts")
