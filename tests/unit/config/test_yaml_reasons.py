import pytest
import yaml

from fastapi_chassis.config.yaml_reasons import in_plain_words

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]


@pytest.mark.requirement("CFG-1")
@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: 1\n\tb: 2", "a tab stands where YAML wants spaces"),
        ("a: [1, 2\nb: 3", "the list [ that begins in line 1 is not closed"),
        ("a: {b: 1\nc: 2", "the section { that begins in line 1 is not closed"),
        ("a: b: c", "a colon where no key can begin"),
        ("a: 'x\nb: 1", "a quoted text doesn't end"),
        ("a: @x", "a text can't begin with this character"),
        ("  a: 1\n b: 2", "this line fits no section above it"),
        ('a: "\\d"', "a backslash in double quotes begins no known escape"),
        ("a: ]", "a value was expected here"),
        ("a: |x\n b", "a text can't begin on the line of | or >"),
        ("%YAML 3.0\n---\na: 1", "this version of YAML is not known"),
    ],
)
def test_both_parsers_say_the_same(loader: type, text: str, what: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        list(yaml.parse(text, Loader=loader))
    said, remedy = in_plain_words(caught.value)
    assert said == what
    assert remedy


def test_an_unknown_reason_is_passed_on() -> None:
    assert in_plain_words(yaml.MarkedYAMLError(problem="strange")) == (
        "this is not valid YAML: strange",
        "check the line",
    )
    assert in_plain_words(yaml.MarkedYAMLError())[0] == "this is not valid YAML"
