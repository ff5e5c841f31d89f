from fastapi_chassis.config.origins import DEFAULT, Layer, Origin
from fastapi_chassis.config.traces import Traces


def test_the_nearest_origin() -> None:
    value, section = Origin(Layer.FILE, "a", 2), Origin(Layer.FILE, "a", 1)
    traces = Traces(origins={("a", "b"): value}, places={("a",): section})
    assert traces.nearest_origin(("a", "b", 0)) is value
    assert traces.nearest_origin(("a", "c")) is section
    assert traces.nearest_origin(("c",)) is DEFAULT
