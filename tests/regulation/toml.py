"""Writes TOML, and changes documents at dotted keys, for tests of what is refused."""

import json
import tomllib
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

DROP = object()
Document = dict[str, Any]


def read(path: Path) -> Document:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case date():
            return value.isoformat()
        case list():
            return "[" + ", ".join(written(each) for each in value) + "]"
        case dict():
            pairs = (f"{json.dumps(key)} = {written(each)}" for key, each in value.items())
            return "{" + ", ".join(pairs) + "}"
        case _:
            return json.dumps(value)


def document(content: Document) -> str:
    return "".join(f"{json.dumps(key)} = {written(value)}\n" for key, value in content.items())


def step(inside: Any, key: str) -> Any:
    """The key or index of a list's item that a part of a dotted key names."""
    if isinstance(inside, dict):
        return key
    ids = [each.get("id") if isinstance(each, dict) else None for each in inside]
    return ids.index(key) if key in ids else int(key)


def changed(content: Document, changes: dict[str, Any]) -> Document:
    """A copy with other values at dotted keys (``routes|city|when``); DROP takes one away."""
    copy = deepcopy(content)
    for path, value in changes.items():
        *way, last = path.split("|")
        inside: Any = copy
        for key in way:
            inside = inside[step(inside, key)]
        if value is DROP:
            del inside[step(inside, last)]
        elif isinstance(inside, list) and last == "+":
            inside.append(value)
        else:
            inside[step(inside, last)] = value
    return copy
