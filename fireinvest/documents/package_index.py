"""The index of a package, in Chinese: as a page that any computer opens, and as a table."""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

__all__ = ["About", "index_page", "index_table", "schema", "verify_page"]

_HERE = Path(__file__).parent
_KINDS = {"volume": "案卷", "paper": "文书", "original": "原件", "data": "数据"}
_HEADS = ("序号", "名称", "类别", "来源", "文件", "大小（字节）", "SHA-256", "分卷包")


@dataclass(frozen=True, slots=True)
class About:
    """What the index says of the package."""

    number: str
    unit: str
    agency: str
    made_at: str
    part: int
    parts: int
    left_out: str


def verify_page() -> bytes:
    """Return the page that checks a package on any computer, without a network."""
    return (_HERE / "offline" / "verify.html").read_bytes()


def schema() -> bytes:
    """Return the published JSON schema of ``case.json``."""
    return (_HERE / "schema" / "case.schema.json").read_bytes()


def _sources(file: Mapping[str, Any]) -> str:
    return "；".join(str(each["label"]) for each in file.get("sources", ()))


def _rows(files: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, ...]]:
    for number, each in enumerate(files, start=1):
        yield (
            str(number),
            str(each["title"]),
            _KINDS.get(str(each["kind"]), str(each["kind"])),
            _sources(each),
            str(each["path"]),
            str(each["size"]),
            str(each["sha256"] or ""),
            str(each["part"]),
        )


def index_table(files: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the index as CSV, as Excel in China opens it."""
    written = StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(_HEADS)
    for row in _rows(files):
        # What a spreadsheet would take for a formula is text.
        table.writerow([f"'{each}" if each[:1] in ("=", "+", "-", "@") else each for each in row])
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def index_page(about: About, files: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the index as a page. Links lead to the files of the same part."""
    rows = []
    for row in _rows(files):
        number, title, kind, source, path, size, its_hash, part = map(escape, row)
        name = (
            f'<a href="{escape(quote(row[4]))}">{title}</a>'
            if row[7] == str(about.part)
            else f"{title} <small>（在第{part}包）</small>"
        )
        rows.append(
            f"<tr><td>{number}</td><td>{name}</td><td>{kind}</td><td>{source}</td>"
            f"<td><code>{path}</code></td><td class=n>{size}</td><td><code>{its_hash}</code></td></tr>"
        )
    left_out = f"<p><strong>{escape(about.left_out)}</strong></p>" if about.left_out else ""
    values = {
        "number": escape(about.number),
        "unit": escape(about.unit),
        "agency": escape(about.agency),
        "made_at": escape(about.made_at),
        "part": f"第{about.part}包，共{about.parts}包",
        "left_out": left_out,
        "rows": "\n".join(rows),
    }
    # At once: what is put in is never looked through for more.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], _PAGE).encode()


_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>目录 {{number}}</title>
<style>
body { font: 15px/1.6 "Noto Sans CJK SC", "Microsoft YaHei", "SimSun", sans-serif; margin: 24px auto; max-width: 1200px; padding: 0 16px; color: #1d2733; }
h1 { font-size: 22px; margin: 0 0 4px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; }
dt { color: #5a6573; } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { border: 1px solid #cfd6de; padding: 4px 6px; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #f1f4f7; } thead { display: table-header-group; } .n { text-align: right; } .n, td:first-child, td:nth-child(3), th { white-space: nowrap; }
code { font-size: 11px; } .wide { overflow-x: auto; }
@media print { body { margin: 0; font-size: 10pt; } a { color: inherit; text-decoration: none; } }
</style>
</head>
<body>
<h1>火灾事故调查电子档案目录</h1>
<dl>
<dt>案件编号</dt><dd>{{number}}</dd>
<dt>起火单位（场所）</dt><dd>{{unit}}</dd>
<dt>移交单位</dt><dd>{{agency}}</dd>
<dt>封装时间</dt><dd>{{made_at}}</dd>
<dt>分包</dt><dd>{{part}}</dd>
</dl>
{{left_out}}
<p>核验：用浏览器打开同一文件夹中的 <a href="verify.html">verify.html</a>，选择本文件夹。机读数据为 data/case.json，其格式见 schema/case.schema.json。</p>
<div class="wide">
<table>
<thead><tr><th>序号</th><th>名称</th><th>类别</th><th>来源</th><th>文件</th><th>大小（字节）</th><th>SHA-256</th></tr></thead>
<tbody>
{{rows}}
</tbody>
</table>
</div>
</body>
</html>
"""
