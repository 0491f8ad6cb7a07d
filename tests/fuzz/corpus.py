"""What nobody types by good will: values, addresses, bodies and files that break careless code."""

import json
from collections.abc import Sequence
from random import Random

from tests.uploads import PDF, archive, picture

#: A product that stands in no page, unless somebody calculated what was typed.
CALCULATED = "62710561"  # 7919 * 7919

BLANK = ("", " ", "\t", "\r\n", "\u3000", "\u00a0", "\u200b", "\ufeff")
TEXTS = (
    *BLANK,
    "某" * 101, "某" * 2001, "a" * 10_001, "某" * 70_000, "\n" * 500, "e\u0301" * 60,
    "\x00", "李\x00四", "\x1b[31m红", "\x7f", "a\rb", "\ud800", "\udfff\ud800",
    "\u202e倒过来\u202c", "零\u200b宽\u2060度", "\u2028行\u2029段", "A\u0300\u0301\u0302" * 40,
    "🔥👨‍👩‍👧‍👦🏳️‍🌈", "𠮷野家𡿨", "\U0010ffff", "\uffff", "İıſKß", "ﬃ½①Ⅷ", "ⅷ．１２",
    "<script>fuzzed()</script>", "\"><img src=x onerror=fuzzed()>", "' onmouseover='fuzzed()",
    "javascript:fuzzed()", "</textarea><svg/onload=fuzzed()>", "--><b onclick=fuzzed()>",
    "{{7919*7919}}", "{% raw %}{{7919*7919}}", "${7919*7919}", "#{7919*7919}", "%(name)s", "%s%n%d",
    "{0}", "{", "%", "%%", "{name.__class__}",
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "=HYPERLINK(\"http://evil.example\")",
    "%00", "%0d%0aX-Fuzzed: yes", "\r\nX-Fuzzed: yes", "../../etc/passwd", "..\\..\\windows",
    "/etc/passwd", "file:///etc/passwd", "//evil.example", "https://evil.example/", "C:\\x",
    "' OR 1=1 --", "\"; DROP TABLE cases; --", "') UNION SELECT 1 --", "%' ESCAPE '", "_%_%",
    "\\", "\\'", "*", "\"", "NEAR(", "a AND", "OR NOT", "\"\"*", "(", "^", ":",
    "null", "None", "undefined", "true", "false", "NaN", "[]", "{}", "[[[[", '{"a": 1}', '["x"]',
)  # fmt: skip
NUMBERS = (
    "-1", "0", "-0", "1", "2", "3", "+1", "01", "1.5", "1,000", "1e9", "1E400", "-1e-400", "0x10",
    "1_000", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "1" + "0" * 400, "9" * 5000, "0." + "0" * 400 + "1", "99999999999.999",
    "NaN", "nan", "inf", "-Infinity", "١٢٣", "１２３", "四", "½", "²", "1 2", "0.1.2", "--1", "1-",
)  # fmt: skip
DATES = (
    "0001-01-01", "0000-00-00", "9999-12-31", "10000-01-01", "2025-02-30", "2024-02-29",
    "1582-10-10", "1949-10-01", "1900-01-01", "2100-12-31", "2025-13-01", "2025-1-1", "20250101",
    "2025-W01-1", "2025-001", "01/02/2025", "2025年5月12日", "２０２５-０５-１２", "2025-05-12T10:00",
    "2025-05-12 ", "-2025-05-12", "2025-05-12Z", "1e3-01-01",
)  # fmt: skip
TIMES = (
    "00:00", "23:59", "24:00", "25:61", "7:5", "12:00:00", "23:59:60", "12:00Z", "12:00+99:99",
    "１２:３０", "noon", "12", "12:", ":", "1200",
)  # fmt: skip
CODES = (
    "carrier", "agency_head", "system_administrator", "security_administrator", "530325", "530300",
    "000000", "999999", "county", "police", "qujing-2023", "case", "approved", "recused", "head",
    "HEAD", "head ", "ｈｅａｄ", "system", "on", "yes", "1",
)  # fmt: skip

#: Fields that no form has, but whose columns or arguments somebody may hope to set.
UNKNOWN = (
    "id", "person_id", "role", "roles", "is_active", "is_admin", "case_id", "version", "seq",
    "password_hash", "granted_by", "created_at", "recorded_at", "actor", "acting_for", "who", "login",
    "hash", "entry_hash", "division", "tier", "agency_id", "__class__", "constructor", "__proto__",
    "_method", "next", "kept", "do", "seen", "token", "session", "deputy", "lang", "form", "staged",
    "restriction", "files", "key", "expected_version", "reason", "on", "at", "proof_password",
)  # fmt: skip
#: What lists and pages are asked for in their addresses.
QUERIES = (
    "q", "text", "size", "page", "after", "before", "sort", "kind", "lang", "next", "place", "level",
    "light", "mine", "since", "until", "person", "about", "number", "standing", "stage", "mode",
    "occurred_from", "occurred_until", "due_from", "due_until", "clock", "weight", "step", "seq",
    "occurred_on", "division", "deaths", "direct_economic_loss_yuan", "on", "what_if", "year",
    "address_from", "login", "state", "code", "draft", "print", "format", "unread", "person_id",
)  # fmt: skip
HEADERS: Sequence[tuple[str, str]] = (
    ("Accept-Language", "en"), ("Accept-Language", "zh-CN,zh;q=0.9,*;q=NaN"),
    ("Accept-Language", "x" * 5000), ("Accept-Language", ";;q=,,\x80"), ("Accept", "application/json"),
    ("Accept", "*/*;q=-1"), ("Cookie", "session=x.y.z; lang=../../x"), ("Cookie", "lang=en"),
    ("Cookie", "known=\"\\000\"; =; ;;"), ("Cookie", "a=" + "b" * 8000), ("Range", "bytes=0-0"),
    ("Range", "bytes=-1,9-2"), ("If-Modified-Since", "yesterday"), ("If-None-Match", "*, W/"),
    ("X-Requested-With", "fetch"), ("X-HTTP-Method-Override", "DELETE"), ("Origin", "null"),
    ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("Referer", "//["),
    ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Host", "evil.example"), ("Expect", "x"),
    ("X-Forwarded-Proto", "https"), ("User-Agent", ""), ("User-Agent", "某\x80" * 900),
    ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked"), ("X-Request-Id", "x" * 4000),
    ("Authorization", "Basic OjpbXQ=="), ("Authorization", "Bearer x"),
)  # fmt: skip
METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "PROPFIND", "BREW")

#: Bodies that are no form, with what they say they are.
BODIES: Sequence[tuple[str | None, bytes]] = (
    ("application/json", json.dumps({"csrf_token": "x", "login": {"$gt": ""}}).encode()),
    ("application/json", b"{"), ("application/json", b"[" * 3000), ("application/json", b"null"),
    ("application/json", b'{"form": 1, "fields": {"a": [1]}}'), ("application/json", b"\xff\xfe"),
    ("application/json; charset=utf-7", b"+ADw-"), ("text/plain", b"a=1&b=2"), (None, b"a=1"),
    ("", b""), ("multipart/form-data", b"--x\r\n"), ("multipart/form-data; boundary=", b"----\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1"),
    ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 2000 + b"\r\n--x--"),
    ("multipart/form-data; boundary=" + "x" * 300, b"--x--"),
    ("multipart/form-data; boundary=\"\xff\"", b"--x--"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--"),
    ("application/x-www-form-urlencoded; charset=no-such", b"a=%ff&b=%zz&=&&"),
    ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % each for each in range(1500))),
    ("application/x-www-form-urlencoded", b"a=" + b"%ff%fe%00" * 50), ("image/png", b"\x89PNG"),
    ("application/x-www-form-urlencoded", b"reason=" + b"x" * 1_200_000),
    ("application/xml", b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>"),
)  # fmt: skip

#: Files by name and content: some are taken.
FILES: Sequence[tuple[str, bytes]] = (
    ("现场勘验笔录.pdf", PDF), ("照片.png", picture("PNG")), ("空.pdf", b""), ("x.pdf", b"MZ\x90\x00"),
    ("页.html", b"<script>fuzzed()</script>"), ("图.svg", b"<svg onload='fuzzed()'/>"),
    ("长" * 300 + ".pdf", PDF), ("../../x.pdf", PDF), ("a\x00b.pdf", PDF), ("<b>x</b>.pdf", PDF),
    ("\u202efdp.exe", PDF), (".pdf", PDF), ("名单.xlsx", archive("[Content_Types].xml")),
    ("名单.xlsx", b"PK\x03\x04"), ("名单.xlsx", b"login,name"), ("x.zip", archive("../x", "a" * 200)),
    ("图.png", picture("PNG")[:40]), ("x.docx", archive("word/document.xml")), ("无", b"\xff" * 100),
    ("=1+1.pdf", PDF), ("CON.pdf", PDF), ("x.pdf\r\nX-Fuzzed: yes", PDF),
)  # fmt: skip

#: Parts of an address in place of a number, a name or a path.
PARTS = (
    "0", "-1", "1", "2", "3", "99", "999999999", "2147483647", "2147483648", "9" * 30, "١", "1.0",
    "1e3", "a", "某", "%", "%00", "%FF", "%ED%A0%80", "%2F", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%20",
    "%0d%0aX-Fuzzed:%20yes", "<script>fuzzed()</script>", "'--", "x" * 1500, "5303-2025-0001",
    "5303-2025-9999", "5303-0000-0000", "merge", "void", "correct", "head", "report", "__class__",
    "update_figures", "{{7919*7919}}", "%3f", "%23", "%5c", "1%2F1", "+",
)  # fmt: skip


def nasty(chance: Random, kind: str) -> str:
    """A value that a field of this kind shouldn't have; mostly of its own kind."""
    own = {"date": DATES, "time": TIMES, "number": NUMBERS}.get(kind)
    pools = (TEXTS, TEXTS, NUMBERS, DATES, TIMES, CODES)
    pool = own if own is not None and chance.random() < 0.6 else chance.choice(pools)
    return chance.choice(pool)
