"""The YAML parser's reasons in plain words."""

import yaml

_REASONS = (
    ("found a tab character", "a tab stands where YAML wants spaces", "indent with spaces"),
    ("character '\\t'", "a tab stands where YAML wants spaces", "indent with spaces"),
    ("mapping values are not allowed", "a colon where no key can begin", "indent it, or quote the text"),
    ("unexpected end of stream", "a quoted text doesn't end", "close the quote"),
    ("unknown escape character", "a backslash in double quotes begins no known escape", "use single quotes"),
    ("cannot start any token", "a text can't begin with this character", "put the text into quotes"),
    ("expected <document start>", "this line fits no section above it", "check the indentation"),
    ("'<document start>'", "this line fits no section above it", "check the indentation"),
    ("expected '-' indicator", "a key stands among the items of a list", "check the indentation"),
    ("expected <block end>", "this line fits no section above it", "check the indentation"),
    ("expected key", "a key was expected here", "check the indentation and quotes"),
    ("could not find expected ':'", "a key without a colon", "write key: value, with a space between"),
    ("node content", "a value was expected here", "write the value, or quote it"),
    ("chomping or indentation", "a text can't begin on the line of | or >", "begin it on the next line"),
    ("comment or line break", "a text can't begin on the line of | or >", "begin it on the next line"),
    ("incompatible YAML document", "this version of YAML is not known", "remove the line %YAML"),
)  # fmt: skip

_UNCLOSED = {
    "while parsing a flow sequence": (
        "the list [ that begins in line {line} is not closed",
        "close it with ]",
    ),
    "while parsing a flow mapping": (
        "the section {{ that begins in line {line} is not closed",
        "close it with }",
    ),
}


def in_plain_words(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    """What is wrong and what to do, for an error of the parser."""
    problem = error.problem or ""
    unclosed = _UNCLOSED.get(error.context or "")
    if unclosed is not None and error.context_mark is not None and "node content" not in problem:
        what, remedy = unclosed
        return what.format(
            line=error.context_mark.line + 1
        ), f"{remedy}, and quote texts that hold brackets or commas"
    for part, what, remedy in _REASONS:
        if part in problem:
            return what, remedy
    return f"this is not valid YAML: {problem}" if problem else "this is not valid YAML", "check the line"
