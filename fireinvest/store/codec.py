"""How are payloads written down? Exact, versioned JSON for every kind and code action.

What is None is left out, so that a later optional field changes nothing that was written before.
Dates are ISO dates, instants ISO in UTC to the microsecond, money whole fen, enums their codes.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from fireinvest.workflow.actions import CODE_ACTIONS, KINDS, SCHEMA_VERSION, Payload

Document = dict[str, Any]

#: Every payload's class by the name of its kind, or of its code action.
CLASSES: Mapping[str, type] = {**{kind.value: cls for kind, cls in KINDS.items()}, **CODE_ACTIONS}
_NAMES: Mapping[type, str] = {cls: name for name, cls in CLASSES.items()}


class Unreadable(ValueError):
    """What is stored can't be read: of a later version, or not what was written."""


def canonical(value: object) -> str:
    """Return the one JSON text of a value: keys sorted, no spaces, no escapes beyond need."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def kind_of(payload: Payload) -> str:
    """Return the name of a payload's kind, or of its code action."""
    return _NAMES[type(payload)]


def encode(payload: Payload) -> Document:
    """Return a payload as plain JSON values."""
    return _encode_fields(payload)


def decode(kind: str, version: int, document: object) -> Payload:
    """Return the payload that was written down.

    Raises:
        Unreadable: when the version or the kind isn't known, or a field isn't what it should be.

    """
    if version != SCHEMA_VERSION:
        raise Unreadable(f"schema version {version} is not known; {SCHEMA_VERSION} is")
    cls = CLASSES.get(kind)
    if cls is None:
        raise Unreadable(f"the kind {kind!r} is not known")
    payload: Payload = _decode_fields(cls, document)
    return payload


def encode_value(value: object) -> object:
    """Return one value as plain JSON."""
    match value:
        case StrEnum():
            return value.value
        case None | bool() | int() | str():
            return value
        case datetime():
            return _instant(value)
        case date():
            return value.isoformat()
        case tuple():
            return [encode_value(each) for each in value]
        case _ if type(value) in _NAMES:
            return {"kind": _NAMES[type(value)], "fields": _encode_fields(value)}
        case _ if is_dataclass(value):
            return _encode_fields(value)
    raise TypeError(f"{type(value).__name__} can't be written down")


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _encode_fields(value: Any) -> Document:
    given = {each.name: getattr(value, each.name) for each in fields(value)}
    return {name: encode_value(each) for name, each in given.items() if each is not None}


@cache
def _shape(cls: type) -> tuple[tuple[Field[Any], tuple[type, ...], bool], ...]:
    """The fields of a class, each with the types that it can have, and whether it can be None."""
    hints = get_type_hints(cls)
    shape = []
    for each in fields(cls):
        hint = hints[each.name]
        types = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        plain = tuple(one for one in types if one is not NoneType)
        shape.append((each, plain, NoneType in types))
    return tuple(shape)


def _decode_fields(cls: type, document: object) -> Any:
    if not isinstance(document, dict):
        raise Unreadable(f"{cls.__name__} is not written as an object")
    left = dict(document)
    values = {}
    for each, types, is_optional in _shape(cls):
        if each.name in left:
            where = f"{cls.__name__}.{each.name}"
            values[each.name] = decode_value(types, left.pop(each.name), where)
        elif not is_optional and each.default is MISSING:
            raise Unreadable(f"{cls.__name__}.{each.name} is missing")
        elif is_optional:
            values[each.name] = None
    if left:
        raise Unreadable(f"{cls.__name__} has unknown fields: {', '.join(sorted(left))}")
    return cls(**values)


def decode_value(types: tuple[type, ...], value: object, where: str) -> object:
    """Return the value of one of these types that was written as plain JSON.

    Raises:
        Unreadable: naming where it stands.

    """
    if types[0] in _NAMES:
        if isinstance(value, dict) and value.keys() == {"kind", "fields"}:
            chosen = CLASSES.get(value["kind"])
            if chosen in types and chosen is not None:
                return _decode_fields(chosen, value["fields"])
        raise Unreadable(f"{where} is not a payload")
    (wanted,) = types
    if get_origin(wanted) is tuple:
        if not isinstance(value, list):
            raise Unreadable(f"{where} is not a list")
        return tuple(decode_value(get_args(wanted)[:1], each, where) for each in value)
    if is_dataclass(wanted):
        return _decode_fields(wanted, value)
    try:
        if isinstance(value, str):
            if wanted is datetime:
                return _as_instant(value)
            if wanted is date:
                return date.fromisoformat(value)
            if issubclass(wanted, StrEnum):
                return wanted(value)
        if type(value) is wanted:
            return value
    except ValueError as error:
        raise Unreadable(f"{where}: {error}") from error
    raise Unreadable(f"{where} is not {wanted.__name__}")


def _as_instant(written: str) -> datetime:
    found = datetime.fromisoformat(written)
    if found.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return found.astimezone(UTC)


def decode_as(cls: type, document: object) -> Any:
    """Return the value of a plain dataclass (facts, a division) that was written down.

    Raises:
        Unreadable: when a field isn't what it should be.

    """
    return _decode_fields(cls, document)
