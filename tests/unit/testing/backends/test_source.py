from fastapi_chassis.testing.backends.cache import Artifact
from fastapi_chassis.testing.backends.source import LocalSource, Offer, State


def source(obstacle=None, *artifacts):
    return LocalSource("here", lambda folder: None, lambda: obstacle, artifacts)


def artifact(obstacle=None):
    return Artifact("thing", "1", lambda folder: None, lambda: obstacle)


def test_it_is_ready_when_nothing_is_missing():
    assert source().offer() == Offer(State.READY)


def test_it_is_to_be_built_until_it_is_built():
    assert source(None, artifact()).offer().state is State.BUILDABLE
    artifact().build()
    assert source(None, artifact()).offer() == Offer(State.READY)


def test_what_hinders_the_build_is_told():
    assert source(None, artifact("no compiler")).offer() == Offer(State.ABSENT, "no compiler")


def test_what_is_built_already_needs_no_compiler():
    artifact().build()
    assert source(None, artifact("no compiler")).offer() == Offer(State.READY)


def test_what_hinders_the_run_is_told_first():
    artifact().build()
    assert source("no root", artifact()).offer() == Offer(State.ABSENT, "no root")
