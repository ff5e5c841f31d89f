from fastapi_chassis.messaging import stand_in


def test_what_is_given_again_is_the_same_message() -> None:
    first, again = (
        stand_in("kafka:topic/0/7", destination="topic", payload=b"?", attributes={}) for _ in range(2)
    )
    other = stand_in("kafka:topic/0/8", destination="topic", payload=b"?", attributes={})
    assert first.id == again.id != other.id


def test_it_shows_what_came_and_where_it_lay() -> None:
    made = stand_in("redis:s/1-0", destination="topic", payload=b"\xff", attributes={"Content-Type": "x/y"})
    assert (made.type, made.source, made.destination) == ("unreadable", "redis:s/1-0", "topic")
    assert (made.payload, made.content_type) == (b"\xff", "x/y")
    assert made.headers == {"Content-Type": "x/y"}
    nothing = stand_in("redis:s/2-0", destination="topic", payload=b"", attributes={})
    assert nothing.content_type == "application/octet-stream"
