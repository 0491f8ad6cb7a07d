"""Payloads written down and read back: every kind, exactly."""

import json
from dataclasses import fields
from datetime import UTC, date, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireinvest.messages import Label
from fireinvest.regulation.facts import Category, Facts
from fireinvest.regulation.profile import Division
from fireinvest.store.codec import (
    CLASSES,
    Unreadable,
    canonical,
    decode,
    decode_as,
    encode,
    encode_value,
    kind_of,
)
from fireinvest.workflow.actions import (
    CODE_ACTIONS,
    KINDS,
    SCHEMA_VERSION,
    Correcting,
    DocumentSent,
    Figures,
    Opening,
    Payload,
    Voiding,
)

# Whatever text a person can write: no halves of characters, which no database takes.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
INSTANTS = st.datetimes(timezones=st.just(UTC))


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Every value that a field of this type can have."""
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*map(_values, get_args(hint)))
    if hint is NoneType:
        return st.none()
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(-(10**18), 10**18)
    if hint is str:
        return TEXT
    if hint is datetime:
        return INSTANTS
    if hint is date:
        return st.dates()
    if issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    return _payloads(hint)


def _payloads(cls: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls)
    return st.builds(cls, **{each.name: _values(hints[each.name]) for each in fields(cls)})


def _there_and_back(payload: Payload) -> Payload:
    written = canonical(encode(payload))
    found = decode(kind_of(payload), SCHEMA_VERSION, json.loads(written))
    assert canonical(encode(found)) == written
    return found


def test_every_kind_and_code_action_can_be_written() -> None:
    assert set(CLASSES) == {*(kind.value for kind in KINDS), *CODE_ACTIONS}
    assert len(set(CLASSES.values())) == len(CLASSES)


@pytest.mark.parametrize("name", CLASSES)
@given(data=st.data())
def test_every_payload_comes_back_exactly(name: str, data: st.DataObject) -> None:
    payload = data.draw(_payloads(CLASSES[name]))
    assert _there_and_back(payload) == payload


def test_what_is_written_is_plain() -> None:
    facts = Facts(
        date(2025, 5, 12), datetime(2025, 5, 12, 0, 30, tzinfo=UTC), "530325", deaths=5,
        direct_property_loss=15_545_400, category=Category.ORDINARY, social_impact=False,
    )  # fmt: skip
    assert canonical(encode(Opening(facts))) == (
        '{"facts":{"category":"ordinary","deaths":5,"direct_property_loss":15545400,'
        '"division":"530325","occurred_at":"2025-05-12T00:30:00.000000+00:00",'
        '"occurred_on":"2025-05-12","social_impact":false}}'
    )
    correction = Correcting(3, DocumentSent(to="市政府"), date(2025, 5, 13))
    assert canonical(encode(correction)) == (
        '{"on":"2025-05-13","payload":{"fields":{"to":"市政府"},"kind":"document_sent"},"target":3}'
    )


def test_a_place_comes_back_exactly() -> None:
    place = Division(
        "530325", Label(zh="富源县", en="Fuyuan"), "530300", "county", True, None, None
    )
    assert decode_as(Division, json.loads(canonical(encode_value(place)))) == place


@pytest.mark.parametrize(
    ("kind", "version", "document", "why"),
    [
        ("figures", SCHEMA_VERSION + 1, {}, "schema version"),
        ("dance", SCHEMA_VERSION, {}, "kind"),
        ("figures", SCHEMA_VERSION, [], "object"),
        ("figures", SCHEMA_VERSION, {"dead": 3}, "unknown fields: dead"),
        ("figures", SCHEMA_VERSION, {"deaths": "3"}, "Figures.deaths is not int"),
        ("figures", SCHEMA_VERSION, {"deaths": True}, "Figures.deaths is not int"),
        ("void", SCHEMA_VERSION, {}, "Voiding.target is missing"),
        ("measure", SCHEMA_VERSION, {"due_on": "soon"}, "Measure.due_on"),
        ("correct", SCHEMA_VERSION, {"target": 1, "payload": 3, "on": "2025-01-01"}, "payload"),
        (
            "correct",
            SCHEMA_VERSION,
            {"target": 1, "payload": {"kind": "void", "fields": {}}, "on": "2025-01-01"},
            "payload",
        ),
        (
            "open",
            SCHEMA_VERSION,
            {"facts": {"occurred_on": "2025-01-01", "occurred_at": "2025-01-01T00:00:00"}},
            "time zone",
        ),
        (
            "open",
            SCHEMA_VERSION,
            {"facts": {"occurred_on": "2025-01-01", "category": "picnic"}},
            "picnic",
        ),
    ],
)
def test_what_cannot_be_read_is_said(kind: str, version: int, document: object, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        decode(kind, version, document)


def test_what_has_no_plain_form_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        encode_value(1.5)
    with pytest.raises(ValueError, match="time zone"):
        encode_value(datetime(2025, 1, 1))  # noqa: DTZ001 - it is what is tested


def test_what_is_left_out_stays_unknown() -> None:
    assert encode(Figures(deaths=0)) == {"deaths": 0}
    assert decode("figures", SCHEMA_VERSION, {"deaths": 0}) == Figures(deaths=0)
    assert _there_and_back(Voiding(7)) == Voiding(7)
