"""One-time codes: shown once, good once, for a while, and only the latest."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from fireinvest.messages import Faulty
from fireinvest.services.codes import (
    ALPHABET,
    LENGTH,
    Issued,
    Purpose,
    add_person,
    issue_code,
    new_code,
    redeem_code,
    waits_for_code,
)
from fireinvest.services.passwords import hash_password, verify_password
from fireinvest.services.people import By, create_person, set_active
from fireinvest.store import Database
from fireinvest.store.access import AccessRow
from fireinvest.store.factors import OneTimeCodeRow
from tests.services.office import NOW, TODAY

ROOT = By("root", NOW, TODAY)
HOUR = timedelta(hours=1)


def someone(database: Database, login: str = "sun", password: str | None = None) -> int:
    hashed = None if password is None else hash_password(password)
    return create_person(database, login=login, name="孙某", password_hash=hashed, now=NOW)


def redeem(database: Database, login: str, code: str, later: timedelta = HOUR) -> int | None:
    with database.sessions.begin() as session:
        person = redeem_code(session, login, code, now=NOW + later)
    return None if person is None else person.id


def test_a_code_is_random_and_typed_with_ease() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    drawn = [each.replace("-", "") for each in codes]
    assert {len(each) for each in drawn} == {LENGTH}
    assert set("".join(drawn)) == set(ALPHABET)
    # 112 bits at least: then a plain hash of it tells nothing.
    assert len(ALPHABET) ** LENGTH >= 2**112
    assert not set("ILOU") & set(ALPHABET)


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code,
        lambda code: code.replace("-", ""),
        lambda code: code.lower().replace("-", " "),
        lambda code: f"  {code}\n",
        lambda code: code.replace("0", "o").replace("1", "l"),
        lambda code: code.replace("1", "I").replace("V", "u"),
        lambda code: "".join(chr(ord(each) + 0xFEE0) for each in code),
    ],
)
def test_a_code_is_known_however_it_is_typed(
    quick_database: Database, typed: Callable[[str], str]
) -> None:
    sun = someone(quick_database)
    issued = issue_code(quick_database, sun, by=ROOT)
    assert redeem(quick_database, "sun", typed(issued.code)) == sun


def test_what_is_too_old_or_another_is_no_code(database: Database) -> None:
    sun = someone(database)
    someone(database, "li")
    code = issue_code(database, sun, by=ROOT).code
    for login, typed, later in (
        ("sun", code, timedelta(hours=72)),
        ("li", code, HOUR),
        ("nobody", code, HOUR),
        ("sun", code[:-1], HOUR),
        ("sun", code + "0", HOUR),
        ("sun", "", HOUR),
        ("x" * 5000, code * 500, HOUR),
        ("sun", "\udcff", HOUR),
    ):
        assert redeem(database, login, typed, later) is None
    # It is good until the last moment.
    last = timedelta(hours=72) - timedelta(microseconds=1)
    assert redeem(database, "sun", code, last) == sun


def test_a_code_is_good_once_and_a_new_one_takes_its_place(database: Database) -> None:
    sun = someone(database)
    first = issue_code(database, sun, by=ROOT)
    second = issue_code(database, sun, by=replace(ROOT, now=NOW + HOUR), valid_for=HOUR)
    with database.readers.begin() as session:
        assert waits_for_code(session, sun, NOW + HOUR) == second.expires_at == NOW + 2 * HOUR
    assert redeem(database, "sun", first.code) is None
    assert redeem(database, "sun", second.code) == sun
    assert redeem(database, "sun", second.code) is None
    with database.readers.begin() as session:
        assert waits_for_code(session, sun, NOW + HOUR) is None


def test_only_the_hash_is_kept_and_the_log_knows_no_code(database: Database) -> None:
    issued = issue_code(database, someone(database), by=ROOT)
    with database.readers.begin() as session:
        (row,) = session.scalars(select(OneTimeCodeRow)).all()
        (line,) = session.scalars(select(AccessRow)).all()
    assert (line.what, line.person, line.about) == ("code_issued", "root", "sun")
    plain = issued.code.replace("-", "")
    for each in (row, line):
        kept = " ".join(f"{value}" for value in vars(each).values())
        assert issued.code not in kept
        assert plain not in kept


def test_a_password_holds_until_its_successor_is_chosen(quick_database: Database) -> None:
    sun = someone(quick_database, password="lantern harbour seven")
    issued = issue_code(quick_database, sun, by=ROOT)
    assert issued.purpose is Purpose.NEW_PASSWORD
    assert verify_password(quick_database, "sun", "lantern harbour seven") is not None
    assert redeem(quick_database, "sun", issued.code) == sun


@pytest.mark.parametrize(
    "call",
    [
        lambda d, p: issue_code(d, 99, by=ROOT),
        lambda d, p: issue_code(d, p, by=replace(ROOT, login="sun")),
        lambda d, p: add_person(d, login="sun", name="又一个", by=ROOT),
        lambda d, p: add_person(d, login="Sun", name="孙某", by=ROOT),
        lambda d, p: add_person(d, login="li", name=" ", by=ROOT),
    ],
)
def test_who_gets_no_code(quick_database: Database, call: Callable[[Database, int], Any]) -> None:
    sun = someone(quick_database)
    with pytest.raises(Faulty):
        call(quick_database, sun)
    with quick_database.readers.begin() as session:
        assert session.scalars(select(OneTimeCodeRow)).all() == []


def test_whoever_was_deactivated_meanwhile_has_no_code(quick_database: Database) -> None:
    sun = someone(quick_database)
    issued = issue_code(quick_database, sun, by=ROOT)
    set_active(quick_database, sun, is_active=False)
    assert redeem(quick_database, "sun", issued.code) is None
    with pytest.raises(Faulty):
        issue_code(quick_database, sun, by=ROOT)


def test_adding_somebody_makes_account_and_code_together(database: Database) -> None:
    issued = add_person(database, login="li", name=" 李某 ", by=ROOT, valid_for=HOUR)
    assert (issued.purpose, issued.person.name) == (Purpose.FIRST_SIGN_IN, "李某")
    assert redeem(database, "li", issued.code, HOUR - timedelta(seconds=1)) == issued.person.id
    with database.readers.begin() as session:
        lines = session.scalars(select(AccessRow).order_by(AccessRow.id)).all()
    assert [(each.what, each.about) for each in lines] == [
        ("person_added", "li"),
        ("code_issued", "li"),
    ]


def test_of_many_who_bring_a_code_at_once_one_gets_in(database: Database) -> None:
    sun = someone(database)
    issued = issue_code(database, sun, by=ROOT)
    start = Barrier(6)

    def bring(_: int) -> int | None:
        start.wait()
        return redeem(database, "sun", issued.code)

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(bring, range(6)))
    assert sorted(found, key=str) == [sun, *[None] * 5]


def test_of_codes_made_at_once_one_is_good(database: Database) -> None:
    sun = someone(database)
    start = Barrier(5)

    def make(_: int) -> Issued:
        start.wait()
        return issue_code(database, sun, by=ROOT)

    with ThreadPoolExecutor(5) as pool:
        made = list(pool.map(make, range(5)))
    assert sum(redeem(database, "sun", each.code) == sun for each in made) == 1
