"""Official papers: how far each has come, and in which order things happen to it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from fireinvest.workflow.items.papers import OfficialPaper, PaperState

FIRE, TODAY = date(2026, 2, 25), date(2026, 4, 1)
DRAFT = OfficialPaper(kind="team_request", title="请示", drawn_on=date(2026, 2, 26))
SIGNED = replace(DRAFT, scan="b" * 64, signed_on=date(2026, 2, 27))
SENT = replace(SIGNED, sent_on=date(2026, 2, 27), sent_to="市人民政府")


def wrong(paper: OfficialPaper) -> list[str]:
    return [each.field for each in paper.problems(FIRE, TODAY)]


@pytest.mark.parametrize(
    ("paper", "state", "is_fixed"),
    [
        (DRAFT, PaperState.DRAFT, False),
        (replace(DRAFT, document_no="曲消〔2026〕1号"), PaperState.NUMBERED, False),
        (SIGNED, PaperState.SIGNED, True),
        (SENT, PaperState.SENT, True),
        (replace(DRAFT, sent_on=date(2026, 3, 1), sent_to="市局"), PaperState.SENT, True),
        (
            replace(SENT, received_on=date(2026, 2, 28), received_by="办公室"),
            PaperState.RECEIVED,
            True,
        ),
    ],
)
def test_its_state_follows_from_what_happened(
    paper: OfficialPaper, state: PaperState, is_fixed: bool
) -> None:
    assert (paper.state, paper.is_fixed) == (state, is_fixed)
    assert wrong(paper) == []


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"scan": None}, ["scan"]),
        ({"signed_on": None}, ["signed_on"]),
        ({"sent_to": None}, ["sent_to"]),
        ({"sent_on": date(2026, 2, 26)}, ["sent_on"]),
        ({"received_on": date(2026, 2, 26), "received_by": "办公室"}, ["received_on"]),
        ({"received_on": date(2026, 2, 27), "received_by": "办公室"}, []),
        ({"received_on": date(2026, 2, 27)}, ["received_by"]),
        ({"sent_on": None, "received_on": date(2026, 2, 27), "received_by": "室"}, ["sent_on"]),
    ],
)
def test_what_happens_to_it_comes_in_its_order(changes: dict[str, Any], fields: list[str]) -> None:
    assert wrong(replace(SENT, **changes)) == fields


def test_it_is_found_by_every_code_that_was_printed_and_by_its_number() -> None:
    paper = replace(DRAFT, codes="AAAA-BBBB CCCC-DDDD", document_no="曲消〔2026〕1号")
    assert paper.code == "CCCC-DDDD"
    assert list(paper.keys()) == [
        ("paper", "AAAA-BBBB"),
        ("paper", "CCCC-DDDD"),
        ("document", "曲消〔2026〕1号"),
    ]
    assert (DRAFT.code, list(DRAFT.keys())) == (None, [])


def test_the_signed_paper_counts_before_the_draft() -> None:
    paper = replace(DRAFT, draft="a" * 64)
    assert paper.counts == "a" * 64
    assert replace(paper, scan="b" * 64, signed_on=TODAY).counts == "b" * 64
