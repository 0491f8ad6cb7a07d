"""A sign-in is made in steps, each with a token of its own; before the last nobody is in."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from fireinvest.messages import Faulty
from fireinvest.services import signing_in
from fireinvest.services.codes import issue_code
from fireinvest.services.factors import factors_of
from fireinvest.services.passkeys import Site, fresh_challenge
from fireinvest.services.passwords import Policy, hash_password
from fireinvest.services.people import By, create_person, set_active
from fireinvest.services.signing_in import (
    Demands,
    Entered,
    Knock,
    Limits,
    Means,
    Need,
    Over,
    Proof,
    Waits,
)
from fireinvest.store import Database
from fireinvest.store.sign_ins import StoredSignIn
from tests.authenticators import Device, app_code

KEY = "the server's key, only for tests"
NOW = datetime(2026, 3, 2, 1, 0, 10, tzinfo=UTC)
SITE = Site("fire.example.cn", "https://fire.example.cn")
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "correct horse battery"
NEW_PASSWORD = "Kranich Teekanne siebzig"
HOURS = Limits(timedelta(hours=8), timedelta(hours=24))
FREE = Demands(second_factor=False, key=KEY)
STRICT = Demands(second_factor=True, key=KEY)
MINUTE = timedelta(minutes=1)

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def sun(database: Database) -> int:
    return create_person(
        database, login="sun", name="孙", password_hash=hash_password(PASSWORD), now=NOW
    )


def enters(database: Database, demands: Demands = FREE, at: datetime = NOW) -> Entered:
    return signing_in.sign_in(database, "sun", PASSWORD, demands=demands, knock=Knock(at))


def whole(database: Database, token: str, at: datetime = NOW) -> StoredSignIn | None:
    """The sign-in of a token, once it opens anything."""
    with database.readers.begin() as session:
        return signing_in.signed_in(session, token, now=at, limits=HOURS)


def enrolled(database: Database) -> tuple[str, ...]:
    """The recovery codes of sun, who has set an app up."""
    entered = enters(database, STRICT)
    assert entered.needs is Need.ENROLMENT
    done, codes = signing_in.enrol_app(
        database, entered.token, SECRET, app_code(SECRET, NOW), "", demands=STRICT,
        knock=Knock(NOW),
    )  # fmt: skip
    assert done.needs is None
    return codes


def test_a_password_alone_is_enough_where_nothing_more_is_asked(
    database: Database, sun: int
) -> None:
    entered = enters(database)
    found = whole(database, entered.token)
    assert found is not None
    assert (entered.needs, found.means, found.verified_at) == (None, Means.PASSWORD, NOW)


def test_before_a_second_factor_is_set_up_nobody_is_in(database: Database, sun: int) -> None:
    entered = enters(database, STRICT)
    assert entered.needs is Need.ENROLMENT
    assert whole(database, entered.token) is None
    with pytest.raises(Over):
        signing_in.prove_code(database, entered.token, "123456", demands=STRICT, knock=Knock(NOW))
    with pytest.raises(Over):
        signing_in.renew_password(
            database, entered.token, NEW_PASSWORD, demands=STRICT, knock=Knock(NOW)
        )
    done, codes = signing_in.enrol_app(
        database, entered.token, SECRET, app_code(SECRET, NOW), "", demands=STRICT,
        knock=Knock(NOW),
    )  # fmt: skip
    assert len(codes) == 10
    assert done.token != entered.token
    assert whole(database, done.token) is not None
    assert whole(database, entered.token) is None


@pytest.mark.parametrize("demands", [FREE, STRICT])
def test_whoever_has_a_second_factor_is_asked_for_it(
    database: Database, sun: int, demands: Demands
) -> None:
    codes = enrolled(database)
    at = NOW + 10 * MINUTE
    entered = enters(database, demands, at)
    assert entered.needs is Need.SECOND_FACTOR
    assert whole(database, entered.token, at) is None
    with pytest.raises(Faulty):
        signing_in.prove_code(database, entered.token, "000000", demands=demands, knock=Knock(at))
    done = signing_in.prove_code(
        database, entered.token, app_code(SECRET, at), demands=demands, knock=Knock(at)
    )
    found = whole(database, done.token, at)
    assert found is not None
    assert found.means == Means.PASSWORD_APP
    again = enters(database, demands, at)
    # A code is used once, and a recovery code stands in for it.
    with pytest.raises(Faulty):
        signing_in.prove_code(
            database, again.token, app_code(SECRET, at), demands=demands, knock=Knock(at)
        )
    by_code = signing_in.prove_code(
        database, again.token, codes[3], demands=demands, knock=Knock(at)
    )
    found = whole(database, by_code.token, at)
    assert found is not None
    assert found.means == Means.RECOVERY


@on_sqlite
@pytest.mark.parametrize(("minutes", "is_open"), [(9.9, True), (10.1, False)])
def test_a_step_is_open_for_ten_minutes(
    database: Database, sun: int, minutes: float, is_open: bool
) -> None:
    codes = enrolled(database)
    entered = enters(database, STRICT)
    later = Knock(NOW + minutes * MINUTE)
    if is_open:
        signing_in.prove_code(database, entered.token, codes[0], demands=STRICT, knock=later)
    else:
        with pytest.raises(Over):
            signing_in.prove_code(database, entered.token, codes[0], demands=STRICT, knock=later)


def test_one_begun_sign_in_becomes_one(database: Database, sun: int) -> None:
    """The same step done many times at once, by different codes: one token comes of it."""
    codes = enrolled(database)
    entered = enters(database, STRICT)

    def proves(code: str) -> str | None:
        try:
            done = signing_in.prove_code(
                database, entered.token, code, demands=STRICT, knock=Knock(NOW)
            )
        except Over:
            return None
        return done.token

    with ThreadPoolExecutor(4) as pool:
        tokens = [each for each in pool.map(proves, codes[:4]) if each is not None]
    assert len(tokens) == 1
    assert whole(database, tokens[0]) is not None
    with database.readers.begin() as session:
        assert factors_of(session, sun).codes_left == 9  # the others are still good


def test_guessing_a_second_factor_is_slow(database: Database, sun: int) -> None:
    enrolled(database)
    at = NOW + 10 * MINUTE
    entered = enters(database, STRICT, at)
    for _ in range(5):
        with pytest.raises(Faulty, match="isn't right"):
            signing_in.prove_code(
                database, entered.token, "000000", demands=STRICT, knock=Knock(at)
            )
    with pytest.raises(Waits):
        signing_in.prove_code(
            database, entered.token, app_code(SECRET, at), demands=STRICT, knock=Knock(at)
        )


@on_sqlite
def test_a_changed_server_key_is_told_and_recovery_codes_still_open(
    database: Database, sun: int
) -> None:
    codes = enrolled(database)
    other = replace(STRICT, key="another key of the server's")
    entered = enters(database, other)
    with pytest.raises(Faulty, match="key was changed"):
        signing_in.prove_code(
            database, entered.token, app_code(SECRET, NOW), demands=other, knock=Knock(NOW)
        )
    signing_in.prove_code(database, entered.token, codes[0], demands=other, knock=Knock(NOW))


def test_a_passkey_alone_signs_in_once_for_each_challenge(database: Database, sun: int) -> None:
    device = Device(SITE.host, SITE.origin)
    entered = enters(database, STRICT)
    with database.readers.begin() as session:
        begun = signing_in.begun(session, entered.token, NOW)
    assert begun is not None
    challenge = signing_in.ask_passkey(database, begun.id, NOW)
    done, codes = signing_in.enrol_passkey(
        database, entered.token, device.made(challenge), "", SITE, demands=STRICT,
        knock=Knock(NOW),
    )  # fmt: skip
    assert (done.needs, len(codes)) == (None, 10)
    challenge = fresh_challenge()
    answer = device.signed(challenge)

    def comes_in(_: int) -> bool:
        try:
            signing_in.sign_in_by_passkey(
                database, answer, challenge, SITE, demands=STRICT, knock=Knock(NOW)
            )
        except Faulty:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(comes_in, range(4))) == 1
    # A device that doesn't count could answer twice: the challenge is spent all the same.
    with database.sessions.begin() as session:
        session.execute(text("UPDATE authenticators SET sign_count = 0"))
    assert not comes_in(0)
    # As the second factor after the password.
    entered = enters(database, STRICT)
    with database.readers.begin() as session:
        begun = signing_in.begun(session, entered.token, NOW)
    assert begun is not None
    answer = device.signed(signing_in.ask_passkey(database, begun.id, NOW))
    done = signing_in.prove_passkey(
        database, entered.token, answer, SITE, demands=STRICT, knock=Knock(NOW)
    )
    found = whole(database, done.token)
    assert found is not None
    assert found.means == Means.PASSWORD_PASSKEY
    set_active(database, sun, is_active=False)
    challenge = fresh_challenge()
    with pytest.raises(Faulty):
        signing_in.sign_in_by_passkey(
            database, device.signed(challenge), challenge, SITE, demands=STRICT, knock=Knock(NOW)
        )


# ---------------------------------------------------------------------------- one-time codes


def test_a_one_time_code_opens_one_sign_in_and_sets_the_password(database: Database) -> None:
    person_id = create_person(database, login="zhou", name="周", now=NOW)
    issued = issue_code(database, person_id, by=By("root", NOW, NOW.date()))

    def first(login: str, code: str, password: str = NEW_PASSWORD) -> Entered:
        return signing_in.sign_in_first(
            database, login, code, password, demands=STRICT, knock=Knock(NOW)
        )

    told = []
    for login, code in (("zhou", "wrong"), ("nobody", issued.code), ("zhou", "")):
        with pytest.raises(Faulty) as wrong:
            first(login, code)
        told.append(f"{wrong.value}")
    assert len(set(told)) == 1
    # A password that isn't taken costs no code.
    with pytest.raises(Faulty, match="new_password"):
        first("zhou", issued.code, "short")
    entered = first("zhou", issued.code)
    assert entered.needs is Need.ENROLMENT
    with pytest.raises(Faulty):
        first("zhou", issued.code)
    signing_in.sign_in(database, "zhou", NEW_PASSWORD, demands=FREE, knock=Knock(NOW))


def test_a_new_password_by_a_code_still_asks_for_the_second_factor(
    database: Database, sun: int
) -> None:
    enrolled(database)
    before = enters(database)
    issued = issue_code(database, sun, by=By("root", NOW, NOW.date()))
    entered = signing_in.sign_in_first(
        database, "sun", issued.code, NEW_PASSWORD, demands=FREE, knock=Knock(NOW)
    )
    assert entered.needs is Need.SECOND_FACTOR
    assert whole(database, before.token) is None


@on_sqlite
def test_an_expired_password_is_renewed_on_the_way_in(database: Database, sun: int) -> None:
    at = NOW + timedelta(days=91)
    demands = Demands(second_factor=True, key=KEY, policy=Policy(days=90))
    entered = enters(database, demands, at)
    assert entered.needs is Need.PASSWORD
    with pytest.raises(Faulty):
        signing_in.renew_password(
            database, entered.token, PASSWORD, demands=demands, knock=Knock(at)
        )
    entered = signing_in.renew_password(
        database, entered.token, NEW_PASSWORD, demands=demands, knock=Knock(at)
    )
    assert entered.needs is Need.ENROLMENT


@on_sqlite
@pytest.mark.parametrize(
    ("demands", "is_strong", "has_app", "needs"),
    [
        (FREE, False, False, None),
        (FREE, False, True, Need.SECOND_FACTOR),
        (STRICT, False, False, Need.ENROLMENT),
        (STRICT, True, False, None),
        (STRICT, True, True, None),
    ],
)
def test_whom_another_authority_vouches_for(
    database: Database,
    sun: int,
    demands: Demands,
    is_strong: bool,
    has_app: bool,
    needs: Need | None,
) -> None:
    if has_app:
        enrolled(database)
    # A password that isn't used need not be renewed.
    demands = replace(demands, policy=Policy(days=1))
    at = Knock(NOW + timedelta(days=9))
    entered = signing_in.sign_in_by(
        database, sun, Means.OIDC, is_strong=is_strong, demands=demands, knock=at
    )
    assert entered.needs == needs
    set_active(database, sun, is_active=False)
    with pytest.raises(Faulty):
        signing_in.sign_in_by(database, sun, Means.OIDC, is_strong=True, demands=demands, knock=at)


# ---------------------------------------------------------------------------- confirming


@pytest.mark.parametrize(("minutes", "is_fresh"), [(10, True), (10.1, False)])
@on_sqlite
def test_a_proof_holds_for_some_minutes(
    database: Database, sun: int, minutes: float, is_fresh: bool
) -> None:
    found = whole(database, enters(database).token)
    assert found is not None
    assert signing_in.is_fresh(found, NOW + minutes * MINUTE, 10 * MINUTE) is is_fresh


def test_a_proof_is_taken_once_more_under_a_new_token(database: Database, sun: int) -> None:
    codes = enrolled(database)
    at = NOW + 60 * MINUTE
    entered = enters(database, STRICT, NOW)
    token = signing_in.prove_code(
        database, entered.token, codes[0], demands=STRICT, knock=Knock(NOW)
    ).token
    for proof in (Proof(password=PASSWORD), Proof(code=app_code(SECRET, at))):
        found = whole(database, token, at)
        assert found is not None
        fresh = signing_in.confirm(
            database, found, token, proof, None, demands=STRICT, knock=Knock(at)
        )
        assert whole(database, token, at) is None
        token = fresh
    found = whole(database, token, at)
    assert found is not None
    assert found.verified_at == at
    for wrong in (Proof(password="wrong"), Proof(code=app_code(SECRET, at)), Proof(answer="{}")):
        with pytest.raises(Faulty):
            signing_in.confirm(database, found, token, wrong, SITE, demands=STRICT, knock=Knock(at))
    assert whole(database, token, at) is not None
