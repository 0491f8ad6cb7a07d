"""Second factors: authenticator apps, passkeys, and the recovery codes that stand in for them.

An app's secret is kept encrypted with the server's key; of a passkey only the public key is here.
A code of an app counts once, in its time step or the ones beside it; a challenge is answered once;
a passkey whose count of uses went back may be a copy and is refused. Nothing here ends up in a
half-way state: what isn't confirmed was never kept.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import pyotp

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services import passkeys
from fireinvest.services.codes import code_hash, new_code
from fireinvest.services.passkeys import NotProved, Site
from fireinvest.services.people import By, Change, log_change
from fireinvest.services.sealing import OtherKey, seal, unseal
from fireinvest.store import Database, Session
from fireinvest.store import factors as store
from fireinvest.store.access import From, log_access
from fireinvest.store.conflicts import Conflict, changing
from fireinvest.store.factors import Authenticator
from fireinvest.store.people import StoredPerson, find_person, lock_person
from fireinvest.store.sign_ins import end_all_sign_ins, end_other_sign_ins, take_challenge

RECOVERY_CODES = 10
#: With fewer left somebody is told to make new ones.
FEW_CODES = 3
#: How long a passkey may take for its answer.
CHALLENGE_TIME = timedelta(minutes=5)

LONGEST_LABEL = 60
_MOST_FACTORS = 10

_STEP = 30  # seconds that a code of an app is shown
#: An app's clock may be a step behind or ahead.
_STEPS = (0, -1, 1)
_APP_CODE = re.compile(r"[0-9]{6}")
_ISSUER = "fireinvest"


class Kind(StrEnum):
    """What kinds of second factors are there?"""

    APP = "totp"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class Factors:
    """What has somebody beside a password: their authenticators, and how many codes are left?"""

    authenticators: tuple[Authenticator, ...]
    codes_left: int

    @property
    def apps(self) -> tuple[Authenticator, ...]:
        """The authenticator apps."""
        return tuple(each for each in self.authenticators if each.kind == Kind.APP)

    @property
    def passkeys(self) -> tuple[Authenticator, ...]:
        """The passkeys."""
        return tuple(each for each in self.authenticators if each.kind == Kind.PASSKEY)

    @property
    def are_codes_few(self) -> bool:
        """Should new recovery codes be made soon?"""
        return bool(self.authenticators) and self.codes_left < FEW_CODES


def factors_of(session: Session, person_id: int) -> Factors:
    """Return somebody's second factors."""
    found = tuple(store.authenticators_of(session, person_id))
    return Factors(found, store.recovery_codes_left(session, person_id))


# ---------------------------------------------------------------------------- apps


def new_app_secret() -> str:
    """Return a secret that an authenticator app and the server will share: 160 random bits."""
    return pyotp.random_base32()


def app_address(secret: str, login: str) -> str:
    """Return the address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=_ISSUER)


def plain_code(typed: str) -> str:
    """Return a code as it was meant: without gaps, full-width digits as plain ones."""
    kept = unicodedata.normalize("NFKC", typed[:100])
    return "".join(each for each in kept if each.isalnum())


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return of which time step a code is, None for one of no step around now."""
    app = pyotp.TOTP(secret)
    current = int(now.timestamp()) // _STEP
    found = None
    for each in _STEPS:
        if hmac.compare_digest(app.generate_otp(current + each), code):
            found = current + each
    return found


def _about(person_id: int) -> str:
    return f"authenticator of person {person_id}"


def take_app_code(
    session: Session, person_id: int, typed: str, *, now: datetime, key: str
) -> Authenticator | None:
    """Use up a code of one of somebody's apps, and return the app; None for a code that isn't one.

    Raises:
        OtherKey: when no app of theirs can be read, because the server's key was changed.

    """
    code = plain_code(typed)
    apps = [each for each in store.authenticators_of(session, person_id) if each.kind == Kind.APP]
    unread = 0
    for app in apps:
        try:
            secret = unseal(app.secret, key=key, about=_about(person_id))
        except OtherKey:
            unread += 1
            continue
        step = _step_of(secret, code, now) if _APP_CODE.fullmatch(code) else None
        if step is not None and store.take_step(session, app.id, step, now):
            return app
    if apps and unread == len(apps):
        raise OtherKey
    return None


def add_app(
    session: Session,
    person: StoredPerson,
    secret: str,
    typed: str,
    label: str,
    *,
    key: str,
    by: By,
) -> tuple[str, ...]:
    """Give somebody an authenticator app that shows the right code; return new recovery codes.

    There are none to return where they have some already.

    Raises:
        Faulty: when the code isn't right, the app is there already, or there are too many.

    """
    step = (
        _step_of(secret, plain_code(typed), by.now)
        if _APP_CODE.fullmatch(plain_code(typed))
        else None
    )
    if step is None:
        text = Text("This is not the code that the app shows now. Is the clock of the phone right?")
        raise Faulty([Problem("code", text)])
    lock_person(session, person.id)
    known = store.authenticators_of(session, person.id)
    _refuse_more(known, label)
    for each in known:
        if each.kind == Kind.APP and _is_same(each, secret, key):
            raise Faulty([Problem("code", Text("This app is there already."))])
    store.add_authenticator(
        session,
        person_id=person.id,
        kind=Kind.APP,
        label=label,
        secret=seal(secret, key=key, about=_about(person.id)),
        now=by.now,
        # The code that confirmed it is used up as well.
        last_step=step,
    )
    return _added(session, person, Kind.APP, label, by)


def _is_same(app: Authenticator, secret: str, key: str) -> bool:
    try:
        return hmac.compare_digest(unseal(app.secret, key=key, about=_about(app.person_id)), secret)
    except OtherKey:
        return False


def _refuse_more(known: Iterable[Authenticator], label: str) -> None:
    if len(list(known)) >= _MOST_FACTORS:
        text = Text("There are %(most)s already: remove one first.", most=_MOST_FACTORS)
        raise Faulty([Problem("label", text)])
    if problems := label_problems(label):
        raise Faulty(problems)


def label_problems(label: str) -> list[Problem]:
    """Return what is wrong with the name of a second factor."""
    if len(label) > LONGEST_LABEL:
        text = Text("At most %(most)s characters are taken.", most=LONGEST_LABEL)
        return [Problem("label", text)]
    if not label.isprintable():
        return [Problem("label", Text("There are characters in it that can't be read."))]
    return []


def _added(
    session: Session, person: StoredPerson, kind: Kind, label: str, by: By
) -> tuple[str, ...]:
    log_change(
        session, by, Change.FACTOR_ADDED, person.login, new={"kind": kind.value, "label": label}
    )
    if store.recovery_codes_left(session, person.id):
        return ()
    return _new_codes(session, person, by)


# ---------------------------------------------------------------------------- passkeys


def add_passkey(
    session: Session,
    person: StoredPerson,
    site: Site,
    answer: str,
    challenge: str | None,
    label: str,
    *,
    by: By,
) -> tuple[str, ...]:
    """Give somebody the passkey that their device just made; return new recovery codes.

    Raises:
        Faulty: when the answer is none to the challenge, or there are too many. A passkey that
            somebody has already: Conflict when the unit of work ends.

    """
    try:
        if challenge is None:
            raise NotProved
        made = passkeys.read_new(site, answer, challenge)
    except NotProved as error:
        text = Text("The passkey could not be added. Try again.")
        raise Faulty([Problem("credential", text)]) from error
    lock_person(session, person.id)
    _refuse_more(store.authenticators_of(session, person.id), label)
    store.add_authenticator(
        session,
        person_id=person.id,
        kind=Kind.PASSKEY,
        label=label,
        secret=made.public_key,
        credential_id=made.credential_id,
        sign_count=made.sign_count,
        now=by.now,
    )
    return _added(session, person, Kind.PASSKEY, label, by)


def open_challenge(session: Session, sign_in_id: int, now: datetime) -> str | None:
    """Take the challenge of a sign-in, which is good for one answer; None for none still open."""
    return take_challenge(session, sign_in_id, now - CHALLENGE_TIME)


def take_passkey(
    session: Session,
    person_id: int | None,
    site: Site,
    answer: str,
    challenge: str | None,
    *,
    now: datetime,
    origin: From,
) -> Authenticator | None:
    """Return the passkey that answered the challenge; None for an answer that proves nothing.

    ``person_id``: whose it has to be, None for anybody's. A count of uses that didn't grow is
    written into the log: the passkey may have been copied.
    """
    try:
        passkey = store.find_credential(session, passkeys.credential_of(answer))
        if passkey is None or challenge is None or person_id not in (None, passkey.person_id):
            return None
        count = passkeys.read_proof(site, answer, challenge, passkey)
    except NotProved:
        return None
    # Passkeys that are kept in step between devices don't count and always say 0.
    has_grown = count > passkey.sign_count or count == passkey.sign_count == 0
    if has_grown and store.count_use(session, passkey.id, passkey.sign_count, count, now):
        return passkey
    person = find_person(session, passkey.person_id)
    login = None if person is None else person.login
    log_access(
        session,
        happened_at=now,
        person=login,
        about=login,
        what="passkey_count_went_back",
        item=f"factor:{passkey.id}",
        origin=origin,
        old={"count": passkey.sign_count},
        new={"count": count},
    )
    return None


def spend_challenge(
    session: Session, person: StoredPerson, challenge: str, *, now: datetime
) -> None:
    """Note that a challenge kept by no sign-in was answered; a second time: Conflict at the end."""
    hashed = hashlib.sha256(challenge.encode()).hexdigest()
    store.use_challenge_up(
        session,
        person.id,
        hashed,
        login=person.login,
        now=now,
        expires_at=now + 2 * CHALLENGE_TIME,
    )


# ---------------------------------------------------------------------------- recovery codes


def take_recovery_code(session: Session, person: StoredPerson, typed: str, by: By) -> bool:
    """Use one of somebody's recovery codes up; was it one?"""
    if not store.take_recovery_code(session, person.id, code_hash(typed), by.now):
        return False
    left = store.recovery_codes_left(session, person.id)
    log_change(session, by, Change.RECOVERY_CODE_USED, person.login, new={"left": left})
    return True


def new_recovery_codes(database: Database, person: StoredPerson, *, by: By) -> tuple[str, ...]:
    """Make recovery codes in place of those before; they are returned this once.

    Raises:
        Faulty: when there is no second factor for which they could stand in.

    """
    with changing(database) as session:
        lock_person(session, person.id)
        if not store.authenticators_of(session, person.id):
            text = Text("Add an authenticator app or a passkey first.")
            raise Faulty([Problem("factor", text)])
        return _new_codes(session, person, by)


def _new_codes(session: Session, person: StoredPerson, by: By) -> tuple[str, ...]:
    codes = tuple(new_code() for _ in range(RECOVERY_CODES))
    store.set_recovery_codes(
        session, person.id, [code_hash(each) for each in codes], made_by=by.login, now=by.now
    )
    log_change(session, by, Change.RECOVERY_CODES_MADE, person.login, new={"codes": len(codes)})
    return codes


# ---------------------------------------------------------------------------- keeping them


def add_own_app(
    database: Database,
    person: StoredPerson,
    secret: str,
    typed: str,
    label: str,
    *,
    key: str,
    sign_in_id: int,
    by: By,
) -> tuple[str, ...]:
    """Add an app to one's own account; one's other sign-ins end. Return new recovery codes.

    Raises:
        Faulty: as ``add_app`` does.

    """
    with changing(database) as session:
        codes = add_app(session, person, secret, typed, label, key=key, by=by)
        end_other_sign_ins(session, person.id, sign_in_id, by.now)
    return codes


def add_own_passkey(
    database: Database,
    person: StoredPerson,
    site: Site,
    answer: str,
    label: str,
    *,
    sign_in_id: int,
    by: By,
) -> tuple[str, ...]:
    """Add a passkey to one's own account; one's other sign-ins end. Return new recovery codes.

    Raises:
        Faulty: as ``add_passkey`` does, or when the passkey is there already.

    """
    with changing(database) as session:
        # Used up whatever comes of it.
        challenge = open_challenge(session, sign_in_id, by.now)
    try:
        with changing(database) as session:
            codes = add_passkey(session, person, site, answer, challenge, label, by=by)
            end_other_sign_ins(session, person.id, sign_in_id, by.now)
    except Conflict as conflict:
        raise Faulty([Problem("credential", Text("This passkey is there already."))]) from conflict
    return codes


def _own(session: Session, person_id: int, factor_id: int) -> Authenticator:
    lock_person(session, person_id)
    for each in store.authenticators_of(session, person_id):
        if each.id == factor_id:
            return each
    raise Faulty([Problem("factor", Text("This second factor is not there any more."))])


def rename_factor(
    database: Database, person: StoredPerson, factor_id: int, label: str, *, by: By
) -> None:
    """Call one of one's own second factors something else.

    Raises:
        Faulty: when it isn't there, or the name isn't taken.

    """
    if problems := label_problems(label):
        raise Faulty(problems)
    with changing(database) as session:
        found = _own(session, person.id, factor_id)
        store.rename_authenticator(session, found.id, label)
        log_change(
            session,
            by,
            Change.FACTOR_RENAMED,
            person.login,
            old={"kind": found.kind, "label": found.label},
            new={"kind": found.kind, "label": label},
        )


def remove_factor(
    database: Database,
    person: StoredPerson,
    factor_id: int,
    *,
    is_required: bool,
    sign_in_id: int,
    by: By,
) -> None:
    """Take one of one's own second factors away; one's other sign-ins end.

    With the last one its recovery codes go.

    Raises:
        Faulty: when it isn't there, or it is the last one and one is required.

    """
    with changing(database) as session:
        found = _own(session, person.id, factor_id)
        is_last = len(store.authenticators_of(session, person.id)) == 1
        if is_last and is_required:
            text = Text("One second factor has to stay: add another one before you remove this.")
            raise Faulty([Problem("factor", text)])
        store.drop_authenticators(session, person.id, [found.id])
        if is_last:
            store.drop_recovery_codes(session, person.id)
        end_other_sign_ins(session, person.id, sign_in_id, by.now)
        log_change(
            session,
            by,
            Change.FACTOR_REMOVED,
            person.login,
            old={"kind": found.kind, "label": found.label},
        )


def reset_factors(database: Database, person_id: int, reason: str, *, by: By) -> None:
    """Take all of somebody's second factors and recovery codes away, as when a phone is lost.

    Their sign-ins end; where a second factor is required they enrol anew after their password.

    Raises:
        Faulty: when it is one's own account, or there is no reason.

    """
    with changing(database) as session:
        person = find_person(session, person_id)
        if person is None:
            raise Faulty([Problem("person", Text("There is no such person."))])
        if person.login == by.login:
            text = Text(
                "Nobody resets their own: remove them on your own page, or ask another administrator."
            )
            raise Faulty([Problem("person", text)])
        if not reason.strip():
            raise Faulty([Problem("reason", Text("This is needed."))])
        lock_person(session, person.id)
        known = store.authenticators_of(session, person.id)
        store.drop_authenticators(session, person.id, [each.id for each in known])
        store.drop_recovery_codes(session, person.id)
        end_all_sign_ins(session, person.id, by.now)
        log_change(
            session,
            by,
            Change.FACTORS_RESET,
            person.login,
            reason=reason.strip(),
            old={"factors": [{"kind": each.kind, "label": each.label} for each in known]},
        )
