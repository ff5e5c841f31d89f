from fastapi_chassis.messaging import PublishFailed


def test_a_failed_publish_says_how_many_and_why() -> None:
    fault = PublishFailed({3: "no route", 5: "too large"})
    assert str(fault) == "2 messages were not confirmed: no route"
    assert fault.reasons == {3: "no route", 5: "too large"}
