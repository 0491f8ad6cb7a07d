"""Second factors: each code and each challenge counts once, and nobody keeps what they gave away."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from fireinvest.messages import Faulty
from fireinvest.services import factors
from fireinvest.services.factors import (
    add_own_app,
    add_own_passkey,
    factors_of,
    new_recovery_codes,
    remove_factor,
    rename_factor,
    reset_factors,
)
from fireinvest.services.passkeys import Site
from fireinvest.services.passwords import hash_password
from fireinvest.services.people import By, create_person
from fireinvest.services.sealing import OtherKey, seal, unseal
from fireinvest.services.signing_in import Demands, Knock, ask_passkey, sign_in
from fireinvest.store import Database
from fireinvest.store.access import NOWHERE
from fireinvest.store.conflicts import changing
from fireinvest.store.people import StoredPerson, find_person
from fireinvest.store.sign_ins import latest_sign_ins
from tests.authenticators import Device, app_code

KEY = "the server's key, only for tests"
NOW = datetime(2026, 3, 2, 1, 0, 10, tzinfo=UTC)
SITE = Site("fire.example.cn", "https://fire.example.cn")
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "correct horse battery"
STEP = timedelta(seconds=30)


#: Where the database plays no part of its own.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def by(at: datetime = NOW, login: str = "sun") -> By:
    return By(login, at, at.date())


@pytest.fixture
def sun(database: Database) -> StoredPerson:
    person_id = create_person(
        database, login="sun", name="孙", password_hash=hash_password(PASSWORD), now=NOW
    )
    with database.readers.begin() as session:
        found = find_person(session, person_id)
    assert found is not None
    return found


def with_app(database: Database, person: StoredPerson, secret: str = SECRET) -> tuple[str, ...]:
    """The recovery codes of somebody who added an app at NOW."""
    code = app_code(secret, NOW)
    return add_own_app(database, person, secret, code, "手机", key=KEY, sign_in_id=0, by=by())


def takes(database: Database, person: StoredPerson, code: str, at: datetime) -> bool:
    with changing(database) as session:
        return factors.take_app_code(session, person.id, code, now=at, key=KEY) is not None


@on_sqlite
@pytest.mark.parametrize(
    ("behind", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_counts_in_its_step_and_the_ones_beside_it(
    database: Database, sun: StoredPerson, behind: int, is_taken: bool
) -> None:
    with_app(database, sun)
    at = NOW + 10 * STEP
    assert takes(database, sun, app_code(SECRET, at + behind * STEP), at) is is_taken


def test_a_code_is_never_taken_again_nor_one_before_it(
    database: Database, sun: StoredPerson
) -> None:
    with_app(database, sun)
    # The code by which the app was added is used up as well.
    assert not takes(database, sun, app_code(SECRET, NOW), NOW)
    at = NOW + 10 * STEP
    assert takes(database, sun, app_code(SECRET, at), at)
    assert not takes(database, sun, app_code(SECRET, at), at)
    assert not takes(database, sun, app_code(SECRET, at - STEP), at)
    assert takes(database, sun, app_code(SECRET, at + STEP), at)


def test_of_many_who_bring_the_same_code_at_once_one_gets_in(
    database: Database, sun: StoredPerson
) -> None:
    with_app(database, sun)
    at = NOW + 10 * STEP
    code = app_code(SECRET, at)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: takes(database, sun, code, at), range(8)))
    assert sum(taken) == 1


@on_sqlite
def test_a_code_may_be_typed_with_gaps_and_full_width_digits(
    database: Database, sun: StoredPerson
) -> None:
    with_app(database, sun)
    at = NOW + 10 * STEP
    wide = app_code(SECRET, at).translate({ord("0") + n: ord("０") + n for n in range(10)})
    assert takes(database, sun, f" {wide[:3]} {wide[3:]} ", at)


@on_sqlite
@pytest.mark.parametrize("code", ["", "000000", "12345", "1234567", "abcdef", "\x00", "１" * 500])
def test_a_wrong_code_adds_no_app(database: Database, sun: StoredPerson, code: str) -> None:
    if code == app_code(SECRET, NOW):
        pytest.skip("by chance the right one")
    with pytest.raises(Faulty):
        add_own_app(database, sun, SECRET, code, "", key=KEY, sign_in_id=0, by=by())
    with database.readers.begin() as session:
        assert factors_of(session, sun.id).authenticators == ()


@on_sqlite
def test_the_same_app_is_not_added_twice(database: Database, sun: StoredPerson) -> None:
    with_app(database, sun)
    with pytest.raises(Faulty):
        with_app(database, sun)


@on_sqlite
def test_a_secret_is_sealed_and_opens_with_its_key_and_row_alone(
    database: Database, sun: StoredPerson
) -> None:
    with_app(database, sun)
    with database.readers.begin() as session:
        kept = session.scalar(text("SELECT secret FROM authenticators"))
        whole = [f"{row}" for row in session.execute(text("SELECT * FROM access_log"))]
    assert SECRET not in str(kept)
    assert not any(SECRET in each for each in whole)
    sealed = seal("secret", key=KEY, about="row 1")
    assert unseal(sealed, key=KEY, about="row 1") == "secret"
    for key, about in ((KEY + "x", "row 1"), (KEY, "row 2")):
        with pytest.raises(OtherKey):
            unseal(sealed, key=key, about=about)
    for damaged in (sealed[:-2], sealed[:-4] + "AAAA", "", "1.2.3"):
        with pytest.raises(OtherKey):
            unseal(damaged, key=KEY, about="row 1")


@on_sqlite
def test_a_changed_key_is_told_and_no_fault(database: Database, sun: StoredPerson) -> None:
    with_app(database, sun)
    at = NOW + 10 * STEP
    with pytest.raises(OtherKey), changing(database) as session:
        factors.take_app_code(session, sun.id, app_code(SECRET, at), now=at, key="another")


# ---------------------------------------------------------------------------- recovery codes


def test_recovery_codes_are_ten_and_each_counts_once(database: Database, sun: StoredPerson) -> None:
    codes = with_app(database, sun)
    assert len(set(codes)) == 10

    def takes_one(code: str) -> bool:
        with changing(database) as session:
            return factors.take_recovery_code(session, sun, code, by())

    assert takes_one(codes[0].lower().replace("-", " "))
    assert not takes_one(codes[0])
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(takes_one, [codes[1]] * 4)) == 1
    fresh = new_recovery_codes(database, sun, by=by())
    assert not takes_one(codes[2])
    for code in fresh[:7]:
        assert takes_one(code)
    with database.readers.begin() as session:
        known = factors_of(session, sun.id)
        kept = session.execute(text("SELECT code_hash FROM one_time_codes")).scalars().all()
    assert (known.codes_left, known.are_codes_few) == (3, False)
    assert takes_one(fresh[7])
    with database.readers.begin() as session:
        assert factors_of(session, sun.id).are_codes_few
    assert not any(code.replace("-", "") in kept for code in fresh)


@on_sqlite
def test_there_are_no_recovery_codes_for_nothing(database: Database, sun: StoredPerson) -> None:
    with pytest.raises(Faulty):
        new_recovery_codes(database, sun, by=by())


# ---------------------------------------------------------------------------- passkeys


def challenged(database: Database, at: datetime = NOW) -> tuple[int, str]:
    """A sign-in of sun and the challenge that it holds."""
    knock = Knock(at)
    entered = sign_in(database, "sun", PASSWORD, demands=Demands(False, KEY), knock=knock)
    with database.readers.begin() as session:
        found = latest_sign_ins(session, entered.person.id, 1)[0]
    return found.id, ask_passkey(database, found.id, at)


def with_passkey(database: Database, person: StoredPerson) -> Device:
    device = Device(SITE.host, SITE.origin)
    sign_in_id, challenge = challenged(database)
    add_own_passkey(
        database, person, SITE, device.made(challenge), "", sign_in_id=sign_in_id, by=by()
    )
    return device


def proves(
    database: Database, person_id: int | None, answer: str, challenge: str, at: datetime = NOW
) -> bool:
    with changing(database) as session:
        taken = factors.take_passkey(
            session, person_id, SITE, answer, challenge, now=at, origin=NOWHERE
        )
    return taken is not None


@on_sqlite
def test_a_passkey_answers_for_its_owner(database: Database, sun: StoredPerson) -> None:
    device = with_passkey(database, sun)
    answer = device.signed("Y2hhbGxlbmdl")
    assert not proves(database, sun.id + 1, answer, "Y2hhbGxlbmdl")
    assert not proves(database, sun.id, answer, "YW5vdGhlcg")
    assert proves(database, sun.id, answer, "Y2hhbGxlbmdl")


def test_a_count_that_did_not_grow_is_refused_and_logged(
    database: Database, sun: StoredPerson
) -> None:
    device = with_passkey(database, sun)
    assert proves(database, sun.id, device.signed("YQ"), "YQ")
    assert not proves(database, sun.id, device.signed("Yg", counts=False), "Yg")
    device.count -= 1
    assert not proves(database, sun.id, device.signed("Yw", counts=False), "Yw")
    with database.readers.begin() as session:
        rows = session.execute(
            text("SELECT about, what FROM access_log WHERE what LIKE 'passkey%'")
        )
        logged = [tuple(row) for row in rows]
    assert logged == [("sun", "passkey_count_went_back")] * 2


@on_sqlite
def test_a_passkey_that_never_counts_goes_on(database: Database, sun: StoredPerson) -> None:
    device = with_passkey(database, sun)
    for challenge in ("YQ", "Yg"):
        assert proves(database, sun.id, device.signed(challenge, counts=False), challenge)


def no_pin(device: Device) -> None:
    device.flags = 0x01


def other_site(device: Device) -> None:
    device.origin = "https://fire.example.cn.evil.cn"


def other_host(device: Device) -> None:
    device.host = "evil.cn"


@on_sqlite
@pytest.mark.parametrize("spoil", [no_pin, other_site, other_host])
def test_an_answer_without_pin_or_for_another_site_proves_nothing(
    database: Database, sun: StoredPerson, spoil: Callable[[Device], None]
) -> None:
    device = with_passkey(database, sun)
    spoil(device)
    assert not proves(database, sun.id, device.signed("YQ"), "YQ")
    fresh = Device(SITE.host, SITE.origin)
    spoil(fresh)
    sign_in_id, challenge = challenged(database)
    with pytest.raises(Faulty):
        add_own_passkey(
            database, sun, SITE, fresh.made(challenge), "", sign_in_id=sign_in_id, by=by()
        )


@on_sqlite
@pytest.mark.parametrize(
    "answer",
    [
        "", "null", "[]", "{}", "x" * 30_000, '{"id": 5}', '{"id": "é"}', "[" * 5000,
        '{"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {}}',
        '{"id":"YQ","rawId":"YQ","type":"public-key","response":{"clientDataJSON":"YQ"}}',
    ],
)  # fmt: skip
def test_whatever_a_browser_sends_is_no_fault(
    database: Database, sun: StoredPerson, answer: str
) -> None:
    with_passkey(database, sun)
    assert not proves(database, None, answer, "YQ")
    with pytest.raises(Faulty):
        add_own_passkey(database, sun, SITE, answer, "", sign_in_id=1, by=by())


@pytest.mark.parametrize(("minutes", "is_open"), [(4.9, True), (5.1, False)])
def test_a_challenge_is_open_for_five_minutes_and_once(
    database: Database, sun: StoredPerson, minutes: float, is_open: bool
) -> None:
    sign_in_id, challenge = challenged(database)
    later = NOW + timedelta(minutes=minutes)
    with changing(database) as session:
        found = factors.open_challenge(session, sign_in_id, later)
    assert found == (challenge if is_open else None)
    with changing(database) as session:
        assert factors.open_challenge(session, sign_in_id, NOW) == (None if is_open else challenge)


def test_a_passkey_is_nobody_elses_as_well(database: Database, sun: StoredPerson) -> None:
    device = with_passkey(database, sun)
    sign_in_id, challenge = challenged(database)
    with pytest.raises(Faulty):
        add_own_passkey(
            database, sun, SITE, device.made(challenge), "", sign_in_id=sign_in_id, by=by()
        )


# ---------------------------------------------------------------------------- keeping them


def test_one_second_factor_stays_where_one_is_required(
    database: Database, sun: StoredPerson
) -> None:
    codes = with_app(database, sun)
    device = with_passkey(database, sun)
    with database.readers.begin() as session:
        first, second = factors_of(session, sun.id).authenticators
    remove_factor(database, sun, first.id, is_required=True, sign_in_id=0, by=by())
    with pytest.raises(Faulty):
        remove_factor(database, sun, second.id, is_required=True, sign_in_id=0, by=by())
    with pytest.raises(Faulty):
        remove_factor(database, sun, first.id, is_required=True, sign_in_id=0, by=by())
    assert proves(database, sun.id, device.signed("YQ"), "YQ")
    remove_factor(database, sun, second.id, is_required=False, sign_in_id=0, by=by())
    with database.readers.begin() as session:
        assert factors_of(session, sun.id).codes_left == 0
    assert len(codes) == 10


def test_of_two_who_remove_the_last_two_at_once_one_stays(
    database: Database, sun: StoredPerson
) -> None:
    with_app(database, sun)
    with_passkey(database, sun)
    with database.readers.begin() as session:
        ids = [each.id for each in factors_of(session, sun.id).authenticators]

    def removes(factor_id: int) -> bool:
        try:
            remove_factor(database, sun, factor_id, is_required=True, sign_in_id=0, by=by())
        except Faulty:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(removes, ids)) == [False, True]


@on_sqlite
def test_names_of_factors(database: Database, sun: StoredPerson) -> None:
    with_app(database, sun)
    with database.readers.begin() as session:
        factor_id = factors_of(session, sun.id).authenticators[0].id
    for label in ("x" * 61, "a\nb", "a\u202eb"):
        with pytest.raises(Faulty):
            rename_factor(database, sun, factor_id, label, by=by())
    rename_factor(database, sun, factor_id, "新手机", by=by())
    with database.readers.begin() as session:
        assert factors_of(session, sun.id).authenticators[0].label == "新手机"


def test_a_reset_takes_everything_and_says_why(database: Database, sun: StoredPerson) -> None:
    with_app(database, sun)
    challenged(database)
    for reason, who in (("", "guard"), ("  ", "guard"), ("手机丢失", "sun")):
        with pytest.raises(Faulty):
            reset_factors(database, sun.id, reason, by=by(login=who))
    reset_factors(database, sun.id, "手机丢失，本人到场", by=by(login="guard"))
    with database.readers.begin() as session:
        known = factors_of(session, sun.id)
        assert (known.authenticators, known.codes_left) == ((), 0)
        assert all(each.ended_at is not None for each in latest_sign_ins(session, sun.id, 9))
        row = session.execute(
            text("SELECT person, about, reason FROM access_log WHERE what = 'factors_reset'")
        ).one()
    assert tuple(row) == ("guard", "sun", "手机丢失，本人到场")
