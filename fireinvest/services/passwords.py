"""Passwords: which are taken, how they are kept, set, changed and compared.

A password need not have this or that kind of character, and it holds until somebody knows it:
length and being hard to guess are what counts (OWASP ASVS 5.0, 6.2). Offices that must ask for more
set it (``Policy``).

*Length.* Ten characters at least, since everybody has a second factor beside it; an installation
may ask for more, fifteen where it can. At most 1000, and every one of them counts.

*Guessing.* A password is compared with the 30,000 that leaked most often, and its guesses are
counted by zxcvbn, whose lists come with it: nothing is asked of the network. Its score of 3 means
more than 10^8 guesses. Attempts are limited to some 800 a day for a login (``attempts``), so that
this is centuries; and a stolen Argon2id hash costs months of a large machine. A score of 4 would
refuse what people can remember. What zxcvbn doesn't know, it is told: the words that people here
put into passwords, Chinese surnames and favourites in Latin letters among them.
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services.people import LONGEST_LOGIN, By, Change, log_change
from fireinvest.store import Database
from fireinvest.store import people as store
from fireinvest.store.conflicts import changing
from fireinvest.store.people import StoredPerson
from fireinvest.store.sign_ins import end_all_sign_ins, end_other_sign_ins

#: The shortest password where the installation says nothing. A shorter one is guessed anyway.
SHORTEST = 10
LONGEST = 1000
#: Lower case, upper case, digits, anything else.
ALL_KINDS = 4

_FEWEST_POINTS = 3
#: zxcvbn takes no more, and its work grows with the square.
_LONGEST_GUESSED = 72
#: A shorter name stands in too many words by chance; of Chinese characters two are a name.
_SHORTEST_NAME = 4
_SHORTEST_HAN_NAME = 2

#: Words of this application and its work, which whoever guesses tries first: in no password.
WORDS_HERE = ("fireinvest", "xiaofang", "huozai", "diaocha", "消防", "火灾", "调查")

#: What stands in Chinese passwords and not in zxcvbn's lists, the most frequent first: favourites,
#: and the most frequent names as they are typed.
_FAVOURITES = (
    "woaini 1314 520 5201314 1314520 aini woaiwojia woshi qq admin root mima zhongguo yunnan "
    "kunming qujing dadui zhidui yingji 119 laopo laogong baobei haha hehe nihao"
)
_SURNAMES = (
    "wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he gao lin luo zheng liang "
    "xie song tang deng feng han cao peng zeng xiao tian dong yuan pan cai jiang yu du ye cheng su "
    "wei lu ding ren shen yao jia xia fu fang zou bai meng qin qiu hou gu duan lei qian tan yin shi"
)
_GIVEN = (
    "wei fang na min jing li qiang lei jun yang yong yan jie juan tao ming chao xia ping gang hui "
    "bo bin hong jian xin ying peng fei hao kai yu lin long dan mei hua lan xiuying guiying "
    "xiulan jianguo jianjun zhiqiang haiyan xiaoming xiaohong"
)
_PIECES = (
    *_FAVOURITES.split(),
    *_SURNAMES.split(),
    *(f"{surname}{given}" for given in _GIVEN.split() for surname in _SURNAMES.split()),
    *_GIVEN.split(),
)

#: zxcvbn keeps the words that it is told in one place for all threads.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True, slots=True)
class Policy:
    """What does this installation ask of a password?

    ``kinds``: of how many of the four kinds it has characters at least. ``days``: how long it
    holds, 0 for ever.
    """

    shortest: int = SHORTEST
    kinds: int = 0
    days: int = 0


USUAL = Policy()


# ---------------------------------------------------------------------------- what is taken


def password_problems(
    password: str,
    *,
    login: str = "",
    name: str = "",
    policy: Policy = USUAL,
    field: str = "password",
) -> list[Problem]:
    """Return what is wrong with a password of somebody; whoever gets none back may have it."""
    if not policy.shortest <= len(password) <= LONGEST:
        text = Text(
            "A password has %(shortest)s to %(longest)s characters.",
            shortest=policy.shortest,
            longest=LONGEST,
        )
        return [Problem(field, text)]
    if any("\ud800" <= each <= "\udfff" for each in password):
        # Bytes that are no UTF-8, as a terminal with another encoding sends them.
        return [Problem(field, Text("There are characters in it that can't be read."))]
    problems = []
    if _kinds_in(password) < policy.kinds:
        text = Text(
            "It needs %(kinds)s of these four: lower-case letters, capitals, digits, other signs.",
            kinds=policy.kinds,
        )
        problems.append(Problem(field, text))
    found = _name_in(password, login, name)
    if found is not None:
        text = Text("“%(word)s” stands in it, which whoever guesses tries first.", word=found)
        problems.append(Problem(field, text))
    elif _is_guessed(password, login, name):
        text = Text(
            "This is easy to guess: it is used often, or made of words, names, dates or rows of "
            "keys. Several words that have nothing to do with each other are a good one."
        )
        problems.append(Problem(field, text))
    return problems


def _kinds_in(password: str) -> int:
    found = set()
    for each in password:
        if each.islower():
            found.add("lower")
        elif each.isupper():
            found.add("upper")
        else:
            found.add("digit" if each.isdecimal() else "other")
    return len(found)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _name_in(password: str, login: str, name: str) -> str | None:
    """Return whose name, or which word of the application, stands in a password."""
    plain = _plain(password)
    for given in (login, name, *WORDS_HERE):
        word = _plain(given)
        shortest = _SHORTEST_NAME if word.isascii() else _SHORTEST_HAN_NAME
        if len(word) >= shortest and word in plain:
            return given
    return None


@cache
def _leaked() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])


def _is_guessed(password: str, login: str, name: str) -> bool:
    """Is it found with less than some 10^8 guesses by whoever knows the person and the place?"""
    plain = _plain(password)
    if plain in _leaked():
        return True
    told = [login, *login.replace(".", " ").replace("-", " ").replace("_", " ").split(), name]
    words = [each for each in (*told, *WORDS_HERE, *_PIECES) if each]
    with _ONE_AT_A_TIME:
        found = zxcvbn(plain[:_LONGEST_GUESSED], user_inputs=words)
    return int(found["score"]) < _FEWEST_POINTS


def is_expired(person: StoredPerson, policy: Policy, now: datetime) -> bool:
    """Must somebody choose a new password, because theirs is older than the installation allows?

    One of which nobody knows how old it is counts as too old.
    """
    if not policy.days or person.password_hash is None:
        return False
    since = person.password_set_at
    return since is None or now - since >= timedelta(days=policy.days)


# ---------------------------------------------------------------------------- how it is kept


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """A hash to be compared with when there is none, so that both take the same time."""
    return _hasher().hash("no password at all")


def hash_password(password: str) -> str:
    """Return a salted Argon2id hash of a password."""
    return _hasher().hash(password)


def _is_it(known: str | None, password: str) -> bool:
    """Is this the password with a hash? It takes the same work where there is none."""
    try:
        # One that is too long is none, however it begins.
        _hasher().verify(known or _nobodys_hash(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return known is not None


def checked_hash(
    password: str, *, login: str, name: str, policy: Policy = USUAL, field: str = "password"
) -> str:
    """Return the hash of a password that somebody chose.

    Raises:
        Faulty: when it isn't taken.

    """
    problems = password_problems(password, login=login, name=name, policy=policy, field=field)
    if problems:
        raise Faulty(problems)
    return hash_password(password)


def set_password(
    database: Database,
    person_id: int,
    password: str,
    *,
    by: By,
    policy: Policy = USUAL,
    kept_sign_in: int | None = None,
    field: str = "password",
) -> None:
    """Set somebody's password; whoever is signed in as them is so no longer.

    ``kept_sign_in``: the sign-in in which they choose it themselves, which goes on.

    Raises:
        Faulty: when there is no such person, it isn't taken, or it is the one they have.

    """
    with database.readers.begin() as session:
        person = store.find_person(session, person_id)
    if person is None:
        raise Faulty([Problem("person", Text("There is no such person."))])
    hashed = checked_hash(
        password, login=person.login, name=person.name, policy=policy, field=field
    )
    if person.password_hash is not None and _is_it(person.password_hash, password):
        raise Faulty([Problem(field, Text("This is the old password."))])
    with changing(database) as session:
        store.change_person(session, person_id, password_hash=hashed, password_set_at=by.now)
        if kept_sign_in is None:
            end_all_sign_ins(session, person_id, by.now)
        else:
            end_other_sign_ins(session, person_id, kept_sign_in, by.now)
        log_change(session, by, Change.PASSWORD_SET, person.login)


def change_own_password(
    database: Database,
    person: StoredPerson,
    old: str,
    new: str,
    *,
    sign_in_id: int,
    by: By,
    policy: Policy = USUAL,
) -> None:
    """Change one's own password, knowing the old one; only the sign-in that does it goes on.

    Raises:
        Faulty: when the old one isn't right, or the new one isn't taken or is the old.

    """
    if verify_password(database, person.login, old) is None:
        with changing(database) as session:
            log_change(session, by, Change.OWN_PASSWORD_REFUSED, person.login)
        raise Faulty([Problem("old_password", Text("The password isn't right."))])
    if new == old:
        raise Faulty([Problem("new_password", Text("This is the old password."))])
    hashed = checked_hash(
        new, login=person.login, name=person.name, policy=policy, field="new_password"
    )
    with changing(database) as session:
        store.change_person(session, person.id, password_hash=hashed, password_set_at=by.now)
        end_other_sign_ins(session, person.id, sign_in_id, by.now)
        log_change(session, by, Change.OWN_PASSWORD_CHANGED, person.login)


def verify_password(database: Database, login: str, password: str) -> StoredPerson | None:
    """Return the person whose login and password these are, or None.

    An unknown login, one without a password and a wrong password all take the same work.
    """
    with database.readers.begin() as session:
        person = store.find_login(session, login[: LONGEST_LOGIN + 1])
    known = person.password_hash if person is not None and person.is_active else None
    if not _is_it(known, password) or person is None or known is None:
        return None
    if _hasher().check_needs_rehash(known):
        hashed = hash_password(password)
        with changing(database) as session:
            store.replace_password_hash(session, person.id, known, hashed)
        return replace(person, password_hash=hashed)
    return person
