"""What an entry says: its fields, read from outside by their shape."""

from dataclasses import fields
from datetime import date
from typing import Any, get_args

import pytest

from fireinvest.messages import Problem, Text, render
from fireinvest.regulation.facts import Given
from fireinvest.regulation.profile import Kind
from fireinvest.workflow.actions import (
    CODE_ACTIONS,
    KINDS,
    LONGEST_EXTENSION,
    CodePayload,
    Decision,
    DocumentSent,
    Extension,
    Figures,
    Finding,
    KindPayload,
    Measure,
    Shape,
    missing_fields,
    parse_payload,
)


def read(kind: Kind, **given: Any) -> tuple[KindPayload, list[Problem]]:
    problems: list[Problem] = []
    reader = Given(given, problems)
    payload = parse_payload(kind, reader)
    reader.done()
    return payload, problems


def test_every_kind_has_its_payload_and_every_code_action_too() -> None:
    assert list(KINDS) == list(Kind)
    assert set(KINDS.values()) == set(get_args(KindPayload))
    assert set(CODE_ACTIONS.values()) == set(get_args(CodePayload))


@pytest.mark.parametrize("kind", Kind)
def test_every_field_has_a_label_a_shape_and_an_empty_value(kind: Kind) -> None:
    for each in fields(KINDS[kind]):
        assert isinstance(each.metadata["label"], Text)
        assert isinstance(each.metadata["shape"], Shape)
        assert each.default is None
    assert read(kind) == (KINDS[kind](), [])


@pytest.mark.parametrize(
    ("kind", "given", "payload"),
    [
        (
            Kind.FIGURES,
            {"deaths": "3", "direct_economic_loss_yuan": "155454.5", "burnt_area_m2": "200000"},
            Figures(deaths=3, direct_economic_loss=15_545_450, burnt_area_m2=200_000),
        ),
        (
            Kind.DECISION,
            {"outcome": "yes", "category": "railway", "effective_on": "2025-05-12", "note": "Why."},
            Decision("yes", "railway", None, None, date(2025, 5, 12), "Why."),
        ),
        (
            Kind.FINDING,
            {"item": "use", "text": "a" * 10_000, "nothing_found": "yes"},
            Finding(item="use", text="a" * 10_000, nothing_found=True),
        ),
        (Kind.EXTENSION, {"days": str(LONGEST_EXTENSION)}, Extension(days=LONGEST_EXTENSION)),
        (
            Kind.MEASURE,
            {"ref": "M1", "due_on": "2025-12-31"},
            Measure("M1", due_on=date(2025, 12, 31)),
        ),
    ],
)
def test_values_are_read_in_their_shape(
    kind: Kind, given: dict[str, Any], payload: KindPayload
) -> None:
    assert read(kind, **given) == (payload, [])


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        (Kind.FIGURES, {"deaths": "-1"}, "deaths"),
        (Kind.FIGURES, {"direct_property_loss_yuan": "1.234"}, "direct_property_loss_yuan"),
        (Kind.FIGURES, {"burnt_area_m2": "1000000001"}, "burnt_area_m2"),
        (Kind.DECISION, {"category": "volcano"}, "category"),
        (Kind.DECISION, {"effective_on": "2025-02-30"}, "effective_on"),
        (Kind.FINDING, {"text": "a" * 10_001}, "text"),
        (Kind.FINDING, {"nothing_found": "perhaps"}, "nothing_found"),
        (Kind.FINDING, {"item": "a" * 201}, "item"),
        (Kind.EXTENSION, {"days": str(LONGEST_EXTENSION + 1)}, "days"),
        (Kind.DOCUMENT_SENT, {"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_value_is_named_by_its_field(kind: Kind, given: dict[str, Any], field: str) -> None:
    _, problems = read(kind, **given)
    assert [each.field for each in problems] == [field]


def test_what_a_kind_needs_is_named_with_the_article_of_the_step() -> None:
    assert missing_fields(DocumentSent(to="government")) == []
    (problem,) = missing_fields(DocumentSent(), "rule:5")
    assert (problem.field, render(problem.text, "en"), problem.article) == (
        "to",
        "This is needed.",
        "rule:5",
    )
