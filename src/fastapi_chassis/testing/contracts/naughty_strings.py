"""Naughty strings: text that has broken somebody's software before, and text that no store can hold."""

_NOTHING = (
    "", " ", "  ", "\t", "\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u00a0", "\u2028", "\u2029",
    "\u3000", " leading", "trailing ", "\ttabs\t", "a\r\nb", "a\nb", "a\rb", "line\u2028line", "in  between",
)  # fmt: skip
_WORDS = (
    "null", "NULL", "None", "nil", "undefined", "undef", "true", "false", "True", "FALSE", "yes", "no", "on",
    "NaN", "nan", "Infinity", "-Infinity", "inf", "[]", "{}", "()", "''", '""', "``", "0", "1", "-1", "$",
    "#", "then", "constructor", "prototype", "__proto__", "hasOwnProperty", "toString", "__class__",
    "__dict__", "__init__", "__globals__", "self", "this", "select", "from", "where", "CON", "NUL", "AUX",
    "LPT1", "default", "id", "_id", "version", "removed_at", "_outbox", "_notes", "_removed", "$oid", "$date",
    "$uuid", "$ref",
)  # fmt: skip
_NUMBERS = (
    "00", "007", "-0", "+0", "0.0", "-0.0", "1.0", "1.00", "1e3", "1E3", "1e400", "-1e400", "5e-324", "0x10",
    "0xFFFFFFFFFFFFFFFF", "0b1", "0o7", "1_000", "1,000", "1.000,00", "1/0", "0/0", "2147483648",
    "-2147483649", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
    "18446744073709551616", "1" * 100, "0." + "1" * 60, ".5", "5.", "+1", "--1", "1-1", "1 ", " 1",
    "\uff11\uff12", "\u0661\u0662\u0663", "\u00bd", "\u2460", "\u216b", "12:30:45", "2024-02-30",
    "2024-02-29T23:59:60Z", "1970-01-01", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
_PUNCTUATION = (
    "!", '"', "'", "%", "&", "*", "+", ",", "-", ".", "/", ":", ";", "<", "=", ">", "?", "@", "[", "]", "^",
    "_", "`", "{", "|", "}", "~", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", '<>?:"{}|_+', "!@#$%^&*()`~",
    ",./;'[]-=", "a.b", "a..b", ".", "..", "a$b", "$a", "a:b", "a,b", "(a|b)+", "[a-z]", "^a", "a$", "a{2}",
    "\u00a7\u00b6\u20ac",
)  # fmt: skip
_WILDCARDS = (
    "%%", "%a", "a%", "%a%", "a_b", "_a_", "__", "___", "100%", r"100\%", r"\%", r"\_", "\\\\", r"\\%",
    r"a\\b", r"\a", r"\n", r"\x41", r"\u0041", r"\0", r"\Q\E", "*", "?", "a*b", "a?b", "[!a]", "%s%s%s",
    "%" * 80, "_" * 80, "%a" * 40, "%_" * 40, "a" * 80, r"%\%%", "~*", "%25", "%00", "%2e%2e%2f", "%c0%af",
    "a%20b", "a+b",
)  # fmt: skip
_SQL = (
    "'", "''", "';", "' --", "' OR '1'='1", "' or 1=1 --", '" or ""="', "') OR ('1'='1",
    "1; DROP TABLE sample", "1'; DROP TABLE sample; --", "'; DELETE FROM sample; --",
    "' UNION SELECT NULL, NULL --", "' AND SLEEP(9) --", "'; SELECT pg_sleep(9); --",
    "x'; UPDATE sample SET title='owned' WHERE 't'='t", "admin'/*", "*/", "/* */",
    "' || pg_read_file('/etc/passwd') || '", "$$; drop table sample; $$", "$1", "$1::text", ":p0", ":v_title",
    "%(p0)s", "?1", "@p1", "{p0}", "E'\\x27'", "U&'\\0027'", "\u02bc or 1=1", "\uff07 or 1=1",
    "\\' or 1=1 --", "COPY sample FROM PROGRAM 'id'", "\\N", "\\.", "';VACUUM;--", "'||(SELECT 1)||'",
    "0 UNION ALL SELECT 1", "'; COMMIT; --", "'; ROLLBACK; --", 'sample"."title', '"; --', "chassis_lower(1)",
    "current_user",
)  # fmt: skip
_DOCUMENTS = (
    '{"$gt": ""}', '{"$ne": null}', '{"$where": "sleep(9)"}', "$where", "$gt", "$ne", "$regex", "$set",
    "$inc", "$expr", "$$NOW", "$$ROOT", "$$REMOVE", "$title", "$meta.k", "this.title == ''",
    "'; return true; var x='", "|| 1==1", "db.sample.drop()", "a.$", "a.$[]", "a.0", "[$ne]=1",
    '{"__proto__": {"x": 1}}', "\\u0000", '{"$oid": "507f1f77bcf86cd799439011"}', '{"$numberLong": "1"}',
    '"\\ud800"', "{'a': 1}", "[1, 2", '{"a":', "0]",
)  # fmt: skip
_WIRE = (
    "*1\r\n$8\r\nFLUSHALL\r\n", "$-1\r\n", "+OK\r\n", "-ERR\r\n", ":1\r\n", "_\r\n", "SET a b\r\nDEL a",
    "{a}b", "{}a", "a}b{", "return redis.call('FLUSHALL')", "KEYS[1]", "ARGV[1]",
    "') redis.call('del', KEYS[1]) --", "]]", "[[", "]] os.exit() --", "a\r\nSet-Cookie: a=b",
    "a\r\n\r\n<html>", "HTTP/1.1 200 OK\r\n\r\n", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x07\x08\x7f",
    "\x01\x02\x03\x04\x05\x06", "\x0e\x0f\x10\x11", "\x1f\x7f\x80\x9f",
)  # fmt: skip
_PROGRAMS = (
    "<script>alert(1)</script>", '"><script>alert(1)</script>', "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>", "javascript:alert(1)", "</title><script>", "<!--", "-->", "<![CDATA[", "]]>",
    "<?xml version='1.0'?>", "&lt;&amp;&#x27;", "&#0;",
    "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", "&b;", "{{7*7}}", "${7*7}", "#{7*7}",
    "<%= 7*7 %>", "{{ ''.__class__.__mro__ }}", "{0}", "{0.__class__}", "{title}", "{!r}", "{", "}", "%s",
    "%d", "%n", "%x%x%x", "%(a)s", "${jndi:ldap://localhost/a}", "$(id)", "`id`", "; id", "| id", "&& id",
    "|| id", "a; rm -rf x", "!!", "$HOME", "$IFS", "%PATH%", "../../../../etc/passwd",
    "..\\..\\windows\\win.ini", "/dev/null", "file:///etc/passwd", "\\\\host\\share", "C:\\", "~root",
    "*)(uid=*))(|(uid=*", "*)(&", "admin)(&)", "cn=a,dc=b", "=1+1", "+1+1", "@SUM(A1)", "=cmd|' /C calc'!A0",
    "eval('1')", "__import__('os')", "cos\nsystem\n(S'id'\ntR.", "!!python/object:os.system",
    'O:8:"stdClass":0:{}', "a\tb\tc",
)  # fmt: skip
_SCRIPTS = (
    "\u00e9t\u00e9", "e\u0301te\u0301", "\u00c9T\u00c9", "na\u00efve", "\u00df", "\u1e9e", "SS", "ss",
    "\u0130", "\u0131", "i\u0307", "\u017f", "\u212a", "k", "K", "\u212b", "\u00c5", "A\u030a", "\u01c5",
    "\u01c4", "\u01c6", "\ufb01", "fi", "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
    "\u03a3\u0399\u03a3\u03a5\u03a6\u039f\u03a3", "\u1f88", "\u1f80", "\u0416", "\u0436",
    "\u0410\u0411\u0412", "\u0430\u0431\u0432", "\u10d0", "\u1c90", "\u13a0", "\uab70", "\u0540\u0561\u0575",
    "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\u0928\u092e\u0938\u094d\u0924\u0947", "\u65e5\u672c\u8a9e", "\u4e2d\u6587", "\ud55c\uad6d\uc5b4",
    "\u1112\u1161\u11ab", "\u30ab\u30bf\u30ab\u30ca", "\uff76\uff80\uff76\uff85", "\uff21\uff42",
    "\U00010400", "\U00010428", "\U0001d504\U0001d51f", "\U00020000", "\U0002f804",
    "\u043f\u0440\u0438\u0432\u0435\u0442", "p\u0430ypal", "\u0430", "a", "A", "\u00aa", "\u02b0", "\u1d43",
    "\u2c7e", "\ua64a", "\u1c88",
)  # fmt: skip
_MARKS = (
    "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\ufeff", "a\ufeff", "\ufeffa", "a\u200bb",
    "\u202eleft", "\u202aright\u202c", "\u2066a\u2069", "\u061c", "\u00ad", "\u034f", "\u180e", "\u115f",
    "\u3164", "\u0301", "\u0300\u0301\u0302", "Z" + "\u0300\u0335\u0489" * 30,
    "\u0c1c\u0c4d\u0c1e\u200c\u0c3e",
    "\u0644\u064f\u0644\u064f\u0635\u0651\u0628\u064f\u0644\u064f\u0644\u0635\u0651", "\ufdfa", "\ufdfd",
    "\u0b95\u0bcd\u0bb7", "\ua9c2", "\u17d2\u1780",
)  # fmt: skip
_EMOJI = (
    "\U0001f600", "\U0001f44d\U0001f3fd", "\U0001f469\u200d\U0001f4bb",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f1e9\U0001f1ea", "\U0001f1e9",
    "1\ufe0f\u20e3", "\u2764", "\u2764\ufe0f", "\u2764\ufe0e", "\U0001f3f4\u200d\u2620\ufe0f",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\U0001fae8", "\u00a9\ufe0f",
    "\U0001f600" * 50,
)  # fmt: skip
_EDGES = (
    "\x01", "\x7f", "\x80", "\xff", "\u0100", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uf8ff", "\ufdd0",
    "\ufffd", "\ufffe", "\uffff", "\U00010000", "\U0001ffff", "\U000e0001", "\U000f0000", "\U0010fffe",
    "\U0010ffff", "\u0378", "\u0380", "\U0001faff", "\u2fff", "\u00c3\u00a9", "\u00ef\u00bb\u00bf",
    "\u00c0\u0080", "\u00e2\u20ac\u2122", "\u00c3\u0192\u00c2\u00a9",
)  # fmt: skip
_LONG = (
    "x" * 255, "x" * 256, "x" * 1_025, "\u00e9" * 1_500, "\U0001f600" * 1_200, "a b " * 900, "\\" * 200,
    "'" * 200, '"' * 200,
)  # fmt: skip

NAUGHTY: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *_NOTHING, *_WORDS, *_NUMBERS, *_PUNCTUATION, *_WILDCARDS, *_SQL, *_DOCUMENTS, *_WIRE, *_PROGRAMS,
            *_SCRIPTS, *_MARKS, *_EMOJI, *_EDGES, *_LONG,
        )
    )
)  # fmt: skip

# what no store can hold: the character NUL, and halves of surrogate pairs
REFUSED: tuple[str, ...] = (
    "\x00", "a\x00", "\x00a", "a\x00b", "%\x00%", "\ud800", "\udbff", "\udc00", "\udfff", "a\ud800b",
    "\udc00\ud800", "\udc80", "\ud83d", "\ude00", "\ud83d\ude00", "\U0001f600\ud83d", "' or \ud800 --",
)  # fmt: skip
