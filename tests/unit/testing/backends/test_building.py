from fastapi_chassis.domain import Finding
from fastapi_chassis.testing.backends import BackendFailedError
from fastapi_chassis.testing.backends.building import artifacts_of, build_all
from fastapi_chassis.testing.backends.cache import Artifact


def fail(folder):
    raise BackendFailedError(Finding("the compiler is unhappy"))


def test_what_several_backends_need_is_built_once(recipe):
    shared = Artifact("root", "1", lambda folder: None, lambda: None)
    wanted, refused = artifacts_of([recipe(artifacts=(shared,)), recipe(name="other", artifacts=(shared,))])
    assert wanted == [shared]
    assert refused == []


def test_what_can_not_be_built_here_is_told_not_tried(recipe):
    here = Artifact("root", "1", lambda folder: None, lambda: None)
    there = Artifact("jars", "2", lambda folder: None, lambda: "no mvn")
    wanted, refused = artifacts_of(
        [
            recipe(artifacts=(here,), obstacle="no root"),
            recipe(artifacts=(there,)),
            recipe(artifacts=(there,)),
        ]
    )
    assert wanted == []
    assert refused == ["root 1: no root", "jars 2: no mvn"]


def test_each_build_tells_its_begin_and_end():
    lines = []
    artifact = Artifact("thing", "1", lambda folder: None, lambda: None)
    (first,) = build_all([artifact], lines.append)
    (again,) = build_all([artifact], lines.append)
    assert first.error is again.error is None
    assert lines[0] == "thing 1: building ..."
    assert lines[1].startswith("thing 1: built in ")
    assert lines[2].startswith("thing 1: there already")


def test_a_failed_build_does_not_keep_the_others_from_being_built():
    lines = []
    broken = Artifact("broken", "1", fail, lambda: None)
    good = Artifact("good", "1", lambda folder: None, lambda: None)
    results = build_all([broken, good], lines.append)
    assert [result.error is None for result in results] == [False, True]
    assert any("the compiler is unhappy" in line for line in lines)
