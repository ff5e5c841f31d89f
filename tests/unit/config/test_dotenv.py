import pytest

from fastapi_chassis.config.dotenv import DotenvEntry, read_dotenv


@pytest.mark.requirement("CFG-3")
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("A=1", "1"),
        ("A = 1 ", "1"),
        ("export A=1", "1"),
        ("A=", ""),
        ("A=a b  # comment", "a b"),
        ("A=a#b", "a#b"),
        ("A=#b", ""),
        ("A=${B}", "${B}"),
        ('A="a # b"', "a # b"),
        (r'A="a\n\"b\" \\ $"', 'a\n"b" \\ $'),
        ("A='a\\n'", "a\\n"),
        ("A='x' # y", "x"),
        ('A=["a:9092", "b"]', '["a:9092", "b"]'),
        ("A=postgresql://u:p@h/db?a=b&c=d", "postgresql://u:p@h/db?a=b&c=d"),
        ('A="-----BEGIN\nxyz\n-----END"', "-----BEGIN\nxyz\n-----END"),
        ("A=1\r\n", "1"),
    ],
)
def test_values(written: str, expected: str) -> None:
    entries, unreadable = read_dotenv(written)
    assert (entries["A"].text, unreadable) == (expected, [])


def test_lines_are_counted_through_long_values() -> None:
    entries, unreadable = read_dotenv('# c\n\nA="1\n2"\nB=3\nnonsense\nC="open\nB=4')
    assert entries == {"A": DotenvEntry("1\n2", 3), "B": DotenvEntry("4", 8)}
    assert unreadable == [6, 7]


def test_garbage_after_a_quote_is_unreadable() -> None:
    assert read_dotenv("A='x' y") == ({}, [1])
