import gc
import weakref

from fastapi_chassis.app.heap import settled_heap


class Ring:
    def __init__(self) -> None:
        self.itself = self


def test_what_was_there_before_is_not_looked_through_until_the_block_ends() -> None:
    frozen = gc.get_freeze_count()
    old = Ring()
    seen = weakref.ref(old)
    with settled_heap():
        assert gc.get_freeze_count() > frozen
        del old
        gc.collect()
        assert seen() is not None
    assert gc.get_freeze_count() == frozen
    gc.collect()
    assert seen() is None


def test_what_comes_later_is_collected_as_ever() -> None:
    with settled_heap():
        ring = Ring()
        seen = weakref.ref(ring)
        del ring
        gc.collect()
        assert seen() is None
