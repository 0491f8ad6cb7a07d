"""Finding cases by words: what is kept, what is asked for, and that both databases agree."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, literal, select

from fireinvest.store import Database
from fireinvest.store.cases import CaseRow, add_case
from fireinvest.store.rulesets import RulesetRow
from fireinvest.store.search import (
    LONGEST_QUERY,
    LONGEST_WORD,
    MOST_PARTS,
    MOST_WORDS,
    Phrase,
    is_ours,
    phrases_of,
    save_words,
    search_for,
    words_of,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def office(database: Database) -> Database:
    """Three cases, 1 to 3, without any words."""
    with database.sessions.begin() as session:
        session.execute(insert(RulesetRow).values(pin="p", contents="[]", stored_at=NOW))
        for number in (1, 2, 3):
            case_id = add_case(
                session,
                {
                    "number": f"5303-2026-{number:04d}", "version": 1, "head_hash": "h",
                    "occurred_on": date(2026, 1, 1), "unit_name": "某", "address": "某",
                    "ruleset_pin": "p", "level": "general", "level_is_floor": False,
                    "mode": "investigate", "is_demo": False, "opened_at": NOW,
                    "counted_on": date(2026, 1, 1),
                },
            )  # fmt: skip
            assert case_id == number
    return database


def kept(database: Database, case_id: int, *parts: str, places: tuple[str, ...] = ()) -> None:
    with database.sessions.begin() as session:
        save_words(session, case_id, places, words_of(parts))


def found(database: Database, text: str, *places: str) -> list[int]:
    """The cases that a text finds: by the words, and the same when asked one by one."""
    with database.readers.begin() as session:
        search = search_for(session, text, [frozenset(places)] if places else ())
        if search is None:
            return []
        by_words = sorted(session.scalars(search.all()))
        one_by_one = [
            number
            for number in session.scalars(select(CaseRow.id).order_by(CaseRow.id))
            if session.scalar(select(search.holds(literal(number))))
        ]
        assert places or by_words == one_by_one
        return by_words


def holds(words: str, text: str) -> bool:
    """The same, said plainly."""
    have = words.split()
    phrases = phrases_of(text)
    return bool(phrases) and all(
        any(_stands_at(have[start:], phrase) for start in range(len(have))) for phrase in phrases
    )


def _stands_at(have: list[str], phrase: Phrase) -> bool:
    *before, last = phrase.words
    here = have[: len(phrase.words)]
    if len(here) < len(phrase.words) or here[:-1] != before:
        return False
    return here[-1].startswith(last) if phrase.is_begun else here[-1] == last


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([], ""),
        ([""], ""),
        (["富"], "富"),
        (["富源县"], "富源 源县 县"),
        (["富源", "县城"], "富源 源 县城 城"),
        (["富源·县"], "富源 源 县"),
        (["5303-2025-0001"], "5303 2025 0001"),
        (["曲政复1号"], "曲政 政复 复 1 号"),
        (["曲政复〔２０２５〕１号"], "曲政 政复 复 2025 1 号"),
        (["ＡＢＣ Def_g"], "abc def g"),
        (["Straße É"], "strasse é"),
        (["𠮷野家"], "𠮷野 野家 家"),
        (["甲", "乙", "甲"], "甲 乙"),
        (["'\"\\*():&|!<->\0\ud800"], ""),
        (["a" * (LONGEST_WORD + 1)], "a" * LONGEST_WORD),
        (["a " * (MOST_WORDS + 1)], " ".join("a" * MOST_WORDS)),
    ],
)
def test_words(parts: list[str], words: str) -> None:
    assert words_of(parts) == words


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("富源", [("富源", False)]),
        ("富源县", [("富源 源县", False)]),
        ("富", [("富", True)]),
        ("富源 县", [("富源", False), ("县", True)]),
        ("富源　县", [("富源", False), ("县", True)]),
        ("2025", [("2025", True)]),
        ("5303-2025", [("5303 2025", True)]),
        ("政复1", [("政复 复 1", True)]),
        ("1号", [("1 号", True)]),
        ("1号楼", [("1 号楼", False)]),
        ("ＡＢ", [("ab", True)]),
        ('"富源" OR *', [("富源", False), ("or", True)]),
        ("", []),
        (" \t\n　", []),
        ("'\"\\*():&|!<->", []),
        ("。 " * 20 + "甲", [("甲", True)]),
        ("甲 " * (MOST_PARTS + 1), [("甲", True)] * MOST_PARTS),
        ("a" * (LONGEST_QUERY + 1), [("a" * LONGEST_WORD, True)]),
        ("。" * LONGEST_QUERY + "甲", []),
        ("ﷺ" * LONGEST_QUERY, phrases_of("ﷺ" * 6)),
    ],
)
def test_phrases(text: str, phrases: list[tuple[str, bool]]) -> None:
    if text.startswith("ﷺ"):
        assert sum(len(word) for each in phrases_of(text) for word in each.words) <= LONGEST_QUERY
        return
    assert phrases_of(text) == tuple(Phrase(tuple(words.split()), b) for words, b in phrases)


def test_what_is_found(office: Database) -> None:
    kept(office, 1, "5303-2025-0001", "富源县鑫源商贸有限公司", "胜境街道12号", "曲政复1号")
    kept(office, 2, "5303-2025-0012", "曲靖市Big Mall宾馆", "ＡＢ座", "曲政复12号")
    for text, expected in (
        ("富源", [1]),
        ("源县鑫源", [1]),
        ("富县", []),
        ("源源", []),
        ("曲政复", [1, 2]),
        ("曲政复1", [1, 2]),
        ("曲政复1号", [1]),
        ("曲", [1, 2]),
        ("号", [1, 2]),
        ("司", [1]),
        ("国", []),
        ("5303-2025-0001", [1]),
        ("5303-2025", [1, 2]),
        ("２０２５", [1, 2]),
        ("2025-00", [1, 2]),
        ("025", []),
        ("公司 12", [1]),
        ("12 司公", []),
        ("宾馆 座 ab big", [2]),
        ("BIG-mal", [2]),
        ("mall宾馆", [2]),
        ("all", []),
    ):
        assert found(office, text) == expected, text


def test_the_last_words_count(office: Database) -> None:
    kept(office, 1, "富源县", places=("530325", "530300"))
    kept(office, 1, "罗平县", places=("530324",))
    assert (found(office, "富源"), found(office, "罗平")) == ([], [1])
    assert (found(office, "罗平", "530325"), found(office, "罗平", "530324")) == ([], [1])
    kept(office, 1)
    assert found(office, "罗平") == []


def test_places_narrow_and_can_not_be_asked_for(office: Database) -> None:
    kept(office, 1, "富源县", places=("530325", "530300"))
    kept(office, 2, "富源路", places=("530300-jkq", "530300"))
    for places, expected in (
        ((), [1, 2]),
        (("530300",), [1, 2]),
        (("530325",), [1]),
        (("530300-jkq",), [2]),
        (("530325", "530300-jkq"), [1, 2]),
        (("5303",), []),
    ):
        assert found(office, "富源", *places) == expected, places
    for text in ("P530325", "p", "530325", "places:530325", "530300-jkq", "z2dz"):
        assert found(office, text) == [], text


def test_the_longest_text_can_be_kept(office: Database) -> None:
    words = [f"{n:x}".ljust(LONGEST_WORD, "〇") for n in range(MOST_WORDS)]
    letters = [chr(0x10400 + 40 + n % 40) * LONGEST_WORD for n in range(MOST_WORDS)]
    for number, parts in enumerate((words, letters, ["甲乙" * MOST_WORDS]), start=1):
        kept(office, number, *parts)
    assert found(office, "0〇〇") == [1]
    assert found(office, "甲乙甲乙") == [3]


HAN = "甲乙丙〇"
MIXED = st.lists(st.text(HAN + "a1A１ -。", max_size=8), max_size=3)
REPEATED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@REPEATED
@given(parts=MIXED, text=st.text(HAN, min_size=2, max_size=4))
@example(parts=["甲", "乙"], text="甲乙")
@example(parts=["甲乙 乙丙"], text="甲乙丙")
def test_chinese_is_found_just_where_it_stands(
    office: Database, parts: list[str], text: str
) -> None:
    kept(office, 2, *parts)
    assert found(office, text) == ([2] if any(text in part for part in parts) else [])


@REPEATED
@given(parts=MIXED, text=st.text(HAN + "a1A１ -。", max_size=8))
def test_both_databases_mean_the_same(office: Database, parts: list[str], text: str) -> None:
    kept(office, 2, *parts)
    assert found(office, text) == ([2] if holds(words_of(parts), text) else [])


@REPEATED
@given(text=st.text(max_size=LONGEST_QUERY + 20))
@example(text="\"' OR 1=1; DROP TABLE cases; --")
@example(text='" OR words:* NEAR(甲 乙)')
@example(text="'甲':* & !乙 | <-> \\")
@example(text="甲" * 10_000)
@example(text="甲 1-" * 2_500)
@example(text='"' * 10_000)
@example(text="%_\0\ud800")
def test_rubbish_does_no_harm(office: Database, text: str) -> None:
    kept(office, 1, "甲乙丙")
    assert found(office, text) == ([1] if holds(words_of(["甲乙丙"]), text) else [])


def test_any_text_can_be_kept(office: Database) -> None:
    @settings(max_examples=50)
    @given(st.lists(st.text(max_size=30), max_size=3))
    def check(parts: list[str]) -> None:
        kept(office, 1, "丁", *parts)
        assert found(office, "丁") == [1]

    check()


@pytest.mark.parametrize(
    ("name", "ours"),
    [("case_words", True), ("case_words_data", True), ("case_wordsmith", False), ("cases", False),
     (None, False)],
)  # fmt: skip
def test_the_tables_of_the_search(name: str | None, ours: bool) -> None:
    assert is_ours(name) is ours
