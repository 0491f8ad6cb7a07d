"""Whom the provider vouches for: bound once, also when two come at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from fireinvest.gateways.oidc import Vouched
from fireinvest.messages import Faulty
from fireinvest.services import signing_in
from fireinvest.services.oidc import confirm_vouched, is_bound, sign_in_vouched, unlink
from fireinvest.services.people import By, create_person
from fireinvest.services.signing_in import Demands, Entered, Knock, Limits, Over
from fireinvest.store import Database
from fireinvest.store.sign_ins import StoredSignIn
from tests.services.office import NOW

ISSUER = "https://idp.city.gov.cn"
KNOCK = Knock(NOW)
LIMITS = Limits(timedelta(hours=1), timedelta(hours=8))


@pytest.fixture
def sun(database: Database) -> int:
    return create_person(database, login="sun", name="孙", now=NOW)


def comes(database: Database, subject: str, state: str, claimed: str | None = "sun") -> Entered:
    vouched = Vouched(ISSUER, subject, claimed, NOW)
    demands = Demands(second_factor=False, key="only for tests")
    return sign_in_vouched(database, vouched, state, is_trusted=False, demands=demands, knock=KNOCK)


def whole(database: Database, token: str) -> StoredSignIn:
    with database.readers.begin() as session:
        found = signing_in.signed_in(session, token, now=NOW, limits=LIMITS)
    assert found is not None
    return found


def test_of_two_who_come_first_at_once_one_is_bound(database: Database, sun: int) -> None:
    def is_let_in(number: int) -> bool:
        try:
            comes(database, f"subject-{number}", f"state-{number}")
        except Faulty:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        let_in = list(pool.map(is_let_in, range(4)))
    assert let_in.count(True) == 1
    # Whoever it was stays it.
    assert [is_let_in(10 + each) for each in range(2)] == [False, False]
    assert comes(database, f"subject-{let_in.index(True)}", "later", None).person.id == sun


def test_a_state_is_good_once(database: Database, sun: int) -> None:
    def is_let_in(_: int) -> bool:
        try:
            comes(database, "subject", "state")
        except Faulty:
            return False
        return True

    comes(database, "subject", "another")
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(is_let_in, range(4))).count(True) == 1


def test_a_refusal_leaves_all_as_it_was(database: Database, sun: int) -> None:
    comes(database, "subject", "1")
    for subject, claimed in (
        ("other", "sun"),
        ("other", None),
        ("other", "li"),
        ("Subject", "sun"),
    ):
        with pytest.raises(Faulty):
            comes(database, subject, f"{subject}{claimed}", claimed)
    assert comes(database, "subject", "2", "li").person.id == sun
    with database.readers.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM sign_ins")) == 2
        assert session.scalar(text("SELECT count(*) FROM people WHERE subject IS NOT NULL")) == 1


@pytest.mark.parametrize(
    ("vouched", "is_taken"),
    [
        (Vouched(ISSUER, "subject", "sun", NOW), True),
        (Vouched(ISSUER, "subject", None, NOW - timedelta(minutes=2)), True),
        (Vouched(ISSUER, "subject", "sun", NOW - timedelta(minutes=2.1)), False),
        (Vouched(ISSUER, "subject", "sun", None), False),
        (Vouched(ISSUER, "other", "sun", NOW), False),
        (Vouched("https://idp.example", "subject", "sun", NOW), False),
    ],
)
def test_what_confirms_that_it_is_still_the_same(
    quick_database: Database, vouched: Vouched, is_taken: bool
) -> None:
    create_person(quick_database, login="sun", name="孙", now=NOW)
    entered = comes(quick_database, "subject", "1")
    found = whole(quick_database, entered.token)

    def confirms(token: str, state: str) -> str:
        return confirm_vouched(quick_database, found, token, vouched, state, knock=KNOCK)

    if not is_taken:
        with pytest.raises(Faulty):
            confirms(entered.token, "2")
        return
    fresh = confirms(entered.token, "2")
    assert whole(quick_database, fresh).id == found.id
    with pytest.raises(Faulty):
        confirms(fresh, "2")  # the same answer again
    with pytest.raises(Over):
        confirms(entered.token, "3")  # a token of before


def test_a_bond_is_taken_away_with_a_reason_and_by_another(database: Database, sun: int) -> None:
    root, self_ = By("root", NOW, NOW.date()), By("sun", NOW, NOW.date())
    entered = comes(database, "subject", "1")
    for by, reason in ((root, " "), (self_, "换号")):
        with pytest.raises(Faulty):
            unlink(database, sun, reason, by=by)
    assert whole(database, entered.token).person.id == sun
    unlink(database, sun, "换号", by=root)
    with database.readers.begin() as session:
        assert not is_bound(session, sun)
        assert signing_in.signed_in(session, entered.token, now=NOW, limits=LIMITS) is None
    for person_id in (sun, 999):
        with pytest.raises(Faulty):
            unlink(database, person_id, "再次", by=root)
