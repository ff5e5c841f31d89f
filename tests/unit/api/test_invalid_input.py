from fastapi.exceptions import RequestValidationError

from fastapi_chassis.api.invalid_input import MAX_FIELDS, errors_of


def fault(*errors: tuple[tuple[str | int, ...], str, str]) -> RequestValidationError:
    return RequestValidationError([{"loc": loc, "type": kind, "msg": msg} for loc, kind, msg in errors])


def test_fields_are_named_with_dots() -> None:
    found = errors_of(
        fault(
            (("body", "lines", 3, "price"), "int_parsing", "no"),
            (("query", "limit"), "greater_than_equal", "too small"),
            (("body",), "missing", "Field required"),
            (("body", 17), "json_invalid", "JSON decode error"),
        )
    )

    assert found == {
        "lines.3.price": ["no"],
        "limit": ["too small"],
        "body": ["Field required", "JSON decode error"],
    }


def test_a_message_that_quotes_the_value_is_replaced() -> None:
    found = errors_of(fault((("body", "id"), "uuid_parsing", "invalid character: found `s` at 1")))

    assert found == {"id": ["Input should be a valid UUID"]}


def test_the_answer_stays_small_whatever_was_sent() -> None:
    wrong = [(("body", f"{n}" * 1_000), "extra_forbidden", "x" * 10_000) for n in range(10_000)]

    found = errors_of(fault(*wrong))

    assert len(found) == MAX_FIELDS
    assert all(len(name) <= 100 and len(messages[0]) <= 300 for name, messages in found.items())


def test_the_same_message_is_told_once() -> None:
    assert errors_of(fault(*[(("body", "a"), "x", "no")] * 3)) == {"a": ["no"]}
