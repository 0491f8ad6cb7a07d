"""Which passwords are taken, how long they hold, and what setting one does."""

from dataclasses import replace
from datetime import timedelta
from threading import Thread
from time import perf_counter

import pytest
from sqlalchemy import select

from fireinvest.messages import Faulty
from fireinvest.services.passwords import (
    LONGEST,
    USUAL,
    Policy,
    change_own_password,
    hash_password,
    is_expired,
    password_problems,
    set_password,
    verify_password,
)
from fireinvest.services.people import By, create_person
from fireinvest.store import Database
from fireinvest.store.people import StoredPerson, find_person
from fireinvest.store.sign_ins import SignInRow, add_sign_in
from tests.services.office import NOW, TODAY

GOOD = "lantern harbour seven"
BY = By("sun", NOW, TODAY)


def problems(password: str, **given: object) -> list[str]:
    """What is said about a password, by its English words."""
    found = password_problems(password, **given)  # type: ignore[arg-type] # names are parameters
    return [getattr(each.text, "msgid", "") for each in found]


@pytest.mark.parametrize(
    ("password", "shortest", "is_taken"),
    [
        ("vK3$wq9!z", 10, False),
        ("vK3$wq9!zX", 10, True),
        ("vK3$wq9!zX", 11, False),
        (GOOD, len(GOOD) + 1, False),
        # 64 characters and many more, each of them counts.
        (GOOD + "x7Kq" * 11, 10, True),
        (GOOD + "w" * (LONGEST - len(GOOD)), 10, True),
        (GOOD + "w" * (LONGEST - len(GOOD) + 1), 10, False),
        ("", 10, False),
    ],
)
def test_the_length_is_what_the_installation_says(
    password: str, shortest: int, is_taken: bool
) -> None:
    assert (problems(password, policy=Policy(shortest)) == []) is is_taken


@pytest.mark.parametrize(
    "password",
    [
        # Leaked lists, also in capitals and full-width.
        "1qaz2wsx3edc", "1QAZ2WSX3EDC", "１２３４５６７８９０", "qwertyuiop", "password123",
        # Rows of keys, repeats, sequences, dates.
        "aaaaaaaaaaaa", "abcabcabcabc", "abcdefghijkl", "zxcvbnm,./", "20260101202", "1qazxsw23edc",
        # What people here choose.
        "woaini1314", "woaini5201314", "zhangwei1990", "qujing2026", "wangli123456", "liuyang1988",
        # Words with a number and a sign.
        "Password2026!", "P@ssw0rd2026", "Aa123456789.", "Qwer1234!@",
    ],
)  # fmt: skip
def test_what_is_guessed_soon_is_not_taken(password: str) -> None:
    assert problems(password) != []


@pytest.mark.parametrize(
    "password",
    [
        GOOD, "correct horse battery", "vK3$wq9!zX", "月下的猫把钥匙借给了海", "kettle-orbit-mango",
        "我的自行车停在第七个路灯下", "no capital and no digit here",
    ],
)  # fmt: skip
def test_what_is_hard_to_guess_is_taken_without_silly_rules(password: str) -> None:
    assert problems(password) == []


@pytest.mark.parametrize(
    ("password", "is_taken"),
    [
        ("harbour sun.wei lantern", False),
        ("harbour SUN.WEI lantern", False),
        ("月下的猫孙伟借给了海里的鱼", False),
        ("harbour FireInvest lantern", False),
        ("我们的消防大队借给了海里的鱼", False),
        # Words that hold a short login by chance.
        ("lantern harbour seven", True),
    ],
)
def test_no_name_and_no_word_of_the_house_stands_in_it(password: str, is_taken: bool) -> None:
    assert (problems(password, login="sun.wei", name="孙伟") == []) is is_taken


def test_a_login_of_few_letters_forbids_no_words_but_counts_as_known() -> None:
    assert problems("lantern harbour seven", login="ter") == []
    assert problems("kuiduo8842", login="kuiduo") != []


@pytest.mark.parametrize(
    ("kinds", "password", "is_taken"),
    [
        (0, "lantern harbour seven", True),
        (2, "lantern harbour seven", True),
        (3, "lantern harbour seven", False),
        (3, "Lantern harbour seven", True),
        (4, "Lantern harbour seven", False),
        (4, "Lantern harbour 7even", True),
        (2, "月下的猫把钥匙借给了海", False),
    ],
)
def test_kinds_of_characters_are_asked_for_where_they_are_set(
    kinds: int, password: str, is_taken: bool
) -> None:
    assert (problems(password, policy=Policy(kinds=kinds)) == []) is is_taken


def test_bytes_that_are_no_text_are_refused() -> None:
    assert problems("no bytes of text \udcff") == ["There are characters in it that can't be read."]


def test_guessing_is_bounded_work_and_safe_in_many_threads() -> None:
    began = perf_counter()
    threads = [
        Thread(target=problems, args=(("4@8({[<3l1i!|" * 80)[: 900 + each],)) for each in range(3)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert perf_counter() - began < 5
    # What one person is told about themselves is nobody else's.
    assert problems("kuiduo8842ab", login="kuiduo") != problems("kuiduo8842ab", login="mo")


@pytest.mark.parametrize(
    ("days", "age", "expected"),
    [
        (0, timedelta(days=9999), False),
        (90, timedelta(days=90) - timedelta(seconds=1), False),
        (90, timedelta(days=90), True),
        (90, None, True),
    ],
)
def test_a_password_holds_as_long_as_the_installation_says(
    days: int, age: timedelta | None, expected: bool
) -> None:
    set_at = None if age is None else NOW - age
    person = StoredPerson(1, "sun", "孙某", "hash", is_active=True, password_set_at=set_at)
    assert is_expired(person, Policy(days=days), NOW) is expected
    assert not is_expired(replace(person, password_hash=None), Policy(days=days), NOW)


def found(database: Database, person_id: int) -> StoredPerson:
    with database.readers.begin() as session:
        person = find_person(session, person_id)
    assert person is not None
    return person


def test_setting_a_password_ends_sign_ins_and_notes_when(database: Database) -> None:
    sun = create_person(
        database, login="sun", name="孙某", password_hash=hash_password(GOOD), now=NOW
    )
    assert found(database, sun).password_set_at == NOW
    with database.sessions.begin() as session:
        for token in ("one", "two"):
            add_sign_in(session, token_hash=token, person_id=sun, now=NOW, address=None, agent=None)
    with database.readers.begin() as session:
        kept = session.scalars(select(SignInRow.id).order_by(SignInRow.id)).first()
    assert kept is not None
    later = replace(BY, now=NOW + timedelta(days=1))
    with pytest.raises(Faulty) as refused:
        set_password(database, sun, GOOD, by=later)
    assert [each.field for each in refused.value.problems] == ["password"]
    assert found(database, sun).password_set_at == NOW
    set_password(database, sun, "kettle-orbit-mango", by=later, kept_sign_in=kept)
    assert found(database, sun).password_set_at == later.now
    with database.readers.begin() as session:
        ended = session.scalars(select(SignInRow.ended_at).order_by(SignInRow.id)).all()
    assert ended == [None, later.now]
    assert verify_password(database, "sun", "kettle-orbit-mango") is not None
    with pytest.raises(Faulty):
        set_password(database, sun, "short", by=later)
    set_password(database, sun, "月下的猫把钥匙借给了海", by=later)
    with database.readers.begin() as session:
        assert None not in session.scalars(select(SignInRow.ended_at)).all()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("wrong", "kettle-orbit-mango", "old_password"),
        (GOOD, GOOD, "new_password"),
        (GOOD, "woaini1314", "new_password"),
        (GOOD, "kettle sun.wei mango", "new_password"),
    ],
)
def test_the_own_password_is_changed_for_one_that_is_taken(
    quick_database: Database, old: str, new: str, field: str
) -> None:
    sun = create_person(
        quick_database, login="sun.wei", name="孙某", password_hash=hash_password(GOOD), now=NOW
    )
    person = found(quick_database, sun)
    with pytest.raises(Faulty) as refused:
        change_own_password(quick_database, person, old, new, sign_in_id=1, by=BY, policy=USUAL)
    assert [each.field for each in refused.value.problems] == [field]
    assert verify_password(quick_database, "sun.wei", GOOD) is not None
