from fastapi_chassis.config import EnvironmentEnum, ServerConfig
from fastapi_chassis.config.origins import Layer, Origin
from fastapi_chassis.config.tree import Branch, Items, Leaf, Style, at, moved, tree_of

HERE = Origin(Layer.ARGUMENTS, "argument x")


def test_python_values() -> None:
    tree = tree_of(
        {"a": ["1", 2], "b": ServerConfig(port=3), "c": EnvironmentEnum.TEST}, Layer.ARGUMENTS, "argument x"
    )
    assert isinstance(tree, Branch)
    assert tree.entries["a"] == Items(
        (
            Leaf("1", Origin(Layer.ARGUMENTS, "argument x.a"), Style.VARIABLE),
            Leaf(2, Origin(Layer.ARGUMENTS, "argument x.a")),
        ),
        Origin(Layer.ARGUMENTS, "argument x.a"),
    )
    assert list(tree.entries["b"].entries) == ["port"]
    assert tree.entries["c"] == Leaf(EnvironmentEnum.TEST, Origin(Layer.ARGUMENTS, "argument x.c"))


def test_at_and_moved() -> None:
    leaf = Leaf(1, HERE)
    assert at(("a", "b"), leaf) == Branch({"a": Branch({"b": leaf}, HERE)}, HERE)
    there = Origin(Layer.FILE, "a.yaml", 3)
    assert moved(leaf, there) == Leaf(1, there)
