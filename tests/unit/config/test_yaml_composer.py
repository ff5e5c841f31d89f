import time

import pytest

from fastapi_chassis.config.origins import Layer
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.tree import Branch, Items, Leaf
from fastapi_chassis.config.unreadable import UnreadableError
from fastapi_chassis.config.yaml_source import read_yaml


def read(text: str) -> tuple[Branch, Report]:
    report = Report()
    return read_yaml(text, "a.yaml", Layer.FILE, report), report


def test_lines() -> None:
    root, _ = read("a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n")
    items = root.entries["b"]
    assert isinstance(items, Items)
    assert (root.entries["a"].origin.line, items.origin.line) == (1, 2)
    assert [item.origin.line for item in items.items] == [3, 4]
    assert isinstance(items.items[1], Branch)
    assert items.items[1].entries["d"].origin.line == 5


@pytest.mark.requirement("CFG-1")
def test_duplicate_keys_name_both_lines() -> None:
    _, report = read("a:\n  b: 1\n  c: 2\n  b: 3\n")
    (found,) = report.findings()
    assert (found.where, found.what) == ("a.yaml:4  a.b", "duplicate key; the first is in line 2")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("? [a, {b: c}]\n: 1\n", "this key is no text"),
        ("~: 1", "this key is empty"),
        ("'': 1", "this key is empty"),
        ("${A}: 1", "this key holds a placeholder"),
        ("&x a: 1\n? *x\n: 2\n", "this key is no text"),
    ],
)
def test_keys_that_are_no_texts(text: str, what: str) -> None:
    _, report = read(text)
    assert [finding.what for finding in report.findings()] == [what]


def test_numbers_are_texts_where_they_are_keys() -> None:
    root, report = read("404: a\ntrue: b\n")
    assert list(root.entries) == ["404", "true"]
    assert not report


def test_anchors_and_merges() -> None:
    root, report = read("base: &b {x: 1, y: 2}\nmore: &m {z: 3}\nall: {<<: [*b, *m], y: 9}\nsame: *b\n")
    assert not report
    merged, same = root.entries["all"], root.entries["same"]
    assert isinstance(merged, Branch)
    assert isinstance(same, Branch)
    values = {key: node.value for key, node in merged.entries.items() if isinstance(node, Leaf)}
    assert values == {"x": "1", "y": "9", "z": "3"}
    assert same.origin.line == 4


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 20)
)
TALL = "a0: &a0 [x]\n" + "".join(f"a{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 100))


@pytest.mark.requirement("CFG-1")
@pytest.mark.parametrize(
    ("text", "what"),
    [
        (BOMB, "the aliases of this file expand without measure"),
        (TALL, "the aliases of this file expand without measure"),
        ("a: &a [*a]", "*a stands inside itself"),
        ("a: *b", "*b has no anchor &b above it"),
        ("[" * 1_000_000, "sections are nested deeper than 50"),
        ("- " * 500_000, "sections are nested deeper than 50"),
        ("a: [" + "1," * 500_000, "the file holds more than 100000 values"),
        ("a: !!python/object/apply:os.system [ls]", "tags are not supported here"),
        ("a: !secret x", "tags are not supported here"),
        ("a: 1\n---\nb: 2\n", "a second document begins here"),
        ("a: {<<: 5}", "<< takes the alias of a section"),
    ],
)
def test_what_is_refused_in_time(text: str, what: str) -> None:
    started = time.monotonic()
    with pytest.raises(UnreadableError) as caught:
        read(text)
    assert caught.value.what == what
    assert time.monotonic() - started < 10


def test_a_text_tag_is_a_text() -> None:
    root, _ = read("a: !!str 12")
    leaf = root.entries["a"]
    assert isinstance(leaf, Leaf)
    assert leaf.style.name == "QUOTED"
