"""The certificate of a clock: what it says, its code, and what the log knows of it."""

import json
import re
import zlib
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from fireinvest.documents.certificate import (
    canonical,
    code_of,
    fingerprint,
    html_of,
    pdf_of,
    read_code,
)
from fireinvest.services.casefile import CaseFile, case_file
from fireinvest.services.certificates import (
    Paper,
    certificate_of,
    check_certificate,
    make_certificate,
)
from fireinvest.store import Database
from fireinvest.workflow.actions import Extension, Interval
from tests.services.office import (
    CALENDAR,
    HEAD,
    NOW,
    TODAY,
    did,
    opened,
    submitted,
)
from tests.services.test_recounting import SAME, burned, settle

ADDRESS = "https://fire.example/certificates"


def file_of(database: Database, number: str, today: date = TODAY) -> CaseFile:
    with database.readers.begin() as session:
        return case_file(session, HEAD, number, CALENDAR, today)


def certificate(file: CaseFile, clock: str, **more: Any) -> Any:
    found = file.deadline(clock, "1")
    assert found is not None
    return certificate_of(file, found, **more)


def words(paper: Any) -> str:
    return json.dumps(json.loads(canonical(paper)), ensure_ascii=False)


def made(database: Database, number: str, clock: str = "report") -> Paper:
    file = file_of(database, number)
    found = file.deadline(clock, "1")
    assert found is not None
    return make_certificate(
        database, file, found, "head", "某某", address=ADDRESS, now=NOW, language="en"
    )


def test_it_tells_trigger_article_days_and_editions(database: Database) -> None:
    ref = opened(database)
    submitted(database, ref)
    file = file_of(database, ref.number)
    paper = certificate(file, "reply", language="en")
    said = words(paper)
    for expected in (
        "entry 5", "2025-07-11", "15 working days", "2025-08-01", file.ruleset.pin[:16],
        "announced until 2026-12-31", file.loaded.head_hash[:16], "Is the day from which",
    ):  # fmt: skip
        assert expected in said, expected
    counted = [each.numbers for each in paper.days]
    assert counted == ["–", "–", "1–5", "–", "6–10", "–", "11–15"]
    assert paper.due == "2025-08-01 Fri"


def test_natural_days_extensions_and_tests_are_told(database: Database) -> None:
    ref = opened(database)
    submit = date(2025, 5, 13)
    did(database, ref, "test_commissioned", Interval(ref="T1"), submit)
    did(database, ref, "ask_extension", Extension(days=30), date(2025, 7, 1))
    did(
        database, ref, "decide_extension",
        Extension(days=30, outcome="approved", document_no="延1号"), date(2025, 7, 2),
    )  # fmt: skip
    paper = certificate(file_of(database, ref.number), "report", language="en")
    said = words(paper)
    assert "natural days" in said
    assert "30 days, from 2025-07-11 to 2025-08-10" in said
    assert "延1号" in said
    assert "since 2025-05-13, still out" in said
    assert paper.days[-1].numbers.endswith("90")


def test_a_decided_reading_is_told_with_its_document(database: Database) -> None:
    settle(database)
    ref = burned(database)
    said = words(certificate(file_of(database, ref.number), "team_request", language="en"))
    assert SAME.document in said
    assert "the first day counts" in said


def test_every_word_has_its_own_code(database: Database) -> None:
    ref = opened(database)
    file = file_of(database, ref.number)
    paper = certificate(file, "report")
    assert code_of(paper) == code_of(certificate(file, "report"))
    for change in (
        {"due": "2025-07-12"}, {"number": "5303-2025-9999"}, {"as_of": "2025-09-11"},
        {"days": ()}, {"titles": {**paper.titles, "how": "x"}},
    ):  # fmt: skip
        assert code_of(replace(paper, **change)) != code_of(paper)
    assert len(fingerprint(paper)) == 64


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("ABCD-EFGH-IJKL-2345", "ABCD-EFGH-IJKL-2345"),
        (" abcd efgh ijkl 2345 ", "ABCD-EFGH-IJKL-2345"),
        ("ABCDEFGH1JKL2345", "ABCD-EFGH-IJKL-2345"),
        ("0BCD-EFGH-IJKL-2345", "OBCD-EFGH-IJKL-2345"),
        ("ABCD-EFGH-IJKL-234", None),
        ("ABCD-EFGH-IJKL-2349", None),
        ("<script>", None),
        ("", None),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, code: str | None) -> None:
    assert read_code(typed) == code


def test_the_pages_are_a_pdf_for_keeping_and_ask_for_nothing_outside(database: Database) -> None:
    ref = opened(database)
    paper = certificate(file_of(database, ref.number), "report")
    written = pdf_of(paper, address=ADDRESS, made="x")
    assert written.startswith(b"%PDF-")
    parts = re.findall(rb"stream\n(.*?)\nendstream", written, re.DOTALL)
    assert any(b'pdfaid:part="3"' in zlib.decompress(each) for each in parts if each[:1] == b"x")
    evil = replace(paper, title='<img src="file:///etc/passwd"><b>')
    page = html_of(evil, address=ADDRESS, made="x")
    assert "<b>" not in page
    assert "&lt;img" in page


def test_a_made_one_is_found_by_its_code_and_compared_with_today(database: Database) -> None:
    ref = opened(database)
    paper = made(database, ref.number)
    assert made(database, ref.number).code == paper.code
    with database.readers.begin() as session:
        checked = check_certificate(session, HEAD, paper.code.lower(), CALENDAR, TODAY)
    assert checked is not None
    assert (checked.file.ref, checked.clock, checked.instance) == (ref, "report", "1")
    assert [each.person for each in checked.made] == ["head", "head"]
    assert checked.is_same
    did(database, ref, "ask_extension", Extension(days=30), date(2025, 7, 1))
    did(
        database, ref, "decide_extension",
        Extension(days=30, outcome="approved"), date(2025, 7, 2),
    )  # fmt: skip
    with database.readers.begin() as session:
        later = check_certificate(session, HEAD, paper.code, CALENDAR, TODAY)
    assert later is not None
    assert not later.is_same
    assert later.due_on == date(2025, 7, 11)


def test_a_forged_code_and_one_of_a_strangers_case_are_answered_alike(database: Database) -> None:
    ref = opened(database)
    paper = made(database, ref.number)
    stranger = replace(HEAD, id="stranger", grants=())
    with database.readers.begin() as session:
        for actor, typed in ((HEAD, "AAAA-BBBB-CCCC-DDDD"), (HEAD, "x"), (stranger, paper.code)):
            assert check_certificate(session, actor, typed, CALENDAR, TODAY) is None
