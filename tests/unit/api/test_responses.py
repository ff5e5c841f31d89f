import pytest

from fastapi_chassis.api import Problem, SuccessResponse, problem_responses


@pytest.mark.requirement("API-6")
def test_documented_problems_have_an_example_that_is_one() -> None:
    for status, response in problem_responses(400, 401, 404, 409, 412, 413, 422, 429, 500, 503).items():
        example = response["content"]["application/problem+json"]["example"]  # type: ignore[index]
        assert Problem.model_validate(example).status == status
        assert response["description"] == example["title"]


@pytest.mark.requirement("API-6")
def test_a_success_wraps_its_data() -> None:
    assert SuccessResponse[int](data=3, message="done").model_dump() == {"data": 3, "message": "done"}
