"""Which made-up people does the demo have, at which agencies, and with which posts?

They are named by post and place, so that nobody takes them for somebody. All have one password,
which is known to everyone: that is why demo data is refused in production.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from fireinvest.messages import Label, Text
from fireinvest.regulation.rulesets import Law
from fireinvest.services.passwords import hash_password
from fireinvest.store import Database
from fireinvest.store import people as store
from fireinvest.store.conflicts import changing
from fireinvest.workflow.permissions import (
    AUDIT_ADMINISTRATOR,
    OFFICES,
    SECURITY_ADMINISTRATOR,
    SYSTEM_ADMINISTRATOR,
)

DEMO_PASSWORD = "demo-only-fireinvest"  # noqa: S105 - plainly no secret

CITY = "530300"
ADMINISTRATOR = "admin"

#: Everybody holds their post since before the first of the demo's fires.
_IN_POST_SINCE = date(2023, 1, 1)
_FIRE_RESCUE = "fire_rescue"
_GOVERNMENT_OFFICE = "government_office"


@dataclass(frozen=True, slots=True)
class Place:
    """A county, the zone or the city: how logins begin there, and what its people are called."""

    prefix: str
    division: str
    tier: str
    short: Label
    posts: tuple[str, ...]

    @property
    def mark(self) -> str:
        """The character with which its documents' numbers begin."""
        return "曲" if self.division.startswith(CITY) else self.short.zh[0]


#: What people are called by their post, and the posts that they hold at the place's government.
_POSTS: dict[str, tuple[Label, str | None, tuple[str, ...]]] = {
    "officer": (Label("承办人", "officer"), _FIRE_RESCUE, ("carrier",)),
    "head": (Label("消防机构负责人", "head of fire rescue"), _FIRE_RESCUE, ("agency_head",)),
    "archivist": (Label("档案管理员", "archivist"), _FIRE_RESCUE, ("archivist",)),
    "technical": (Label("技术组组长", "head of the technical group"), _FIRE_RESCUE, ()),
    "reviewer": (
        Label("政府办经办人", "handler at the government office"),
        _GOVERNMENT_OFFICE,
        ("government_registrar", "government_handler"),
    ),
    "signer": (
        Label("批复签发人", "signer of the reply"),
        _GOVERNMENT_OFFICE,
        ("government_signer",),
    ),
    "leader": (Label("调查组组长", "team leader"), None, ()),
    "deputy": (Label("调查组副组长", "deputy team leader"), None, ()),
    "police": (Label("公安成员", "member from the police"), None, ()),
    "industry": (Label("行业部门成员", "member from the industry's authority"), None, ()),
    "expert": (Label("专家", "expert"), None, ()),
    "discipline": (Label("纪检监察派员", "discipline inspection's delegate"), None, ()),
    "evaluator": (Label("评估组成员", "member of the evaluation group"), None, ()),
}

_WHOLE_COUNTY = ("officer", "leader", "reviewer", "signer")

PLACES: dict[str, Place] = {
    each.prefix: each
    for each in (
        Place(
            "city", CITY, "city", Label("市", "City"),
            (
                "officer", "head", "leader", "reviewer", "signer", "deputy", "technical", "police",
                "industry", "expert", "discipline", "archivist",
            ),
        ),
        Place("qilin", "530302", "county", Label("麒麟", "Qilin"), ("officer",)),
        Place("zhanyi", "530303", "county", Label("沾益", "Zhanyi"), ("officer",)),
        Place("malong", "530304", "county", Label("马龙", "Malong"), ("officer", "leader")),
        Place("luliang", "530322", "county", Label("陆良", "Luliang"), ("officer",)),
        Place("shizong", "530323", "county", Label("师宗", "Shizong"), _WHOLE_COUNTY),
        Place("luoping", "530324", "county", Label("罗平", "Luoping"), _WHOLE_COUNTY),
        Place("fuyuan", "530325", "county", Label("富源", "Fuyuan"), (*_WHOLE_COUNTY, "head")),
        Place(
            "huize", "530326", "county", Label("会泽", "Huize"),
            (*_WHOLE_COUNTY, "head", "evaluator"),
        ),
        Place("xuanwei", "530381", "county", Label("宣威", "Xuanwei"), ("officer",)),
        Place("zone", "530300-jkq", "county", Label("经开区", "Zone"), ("officer",)),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in: their login, their name, and what they hold at which agency."""

    login: str
    name: Label
    place: Place
    body: str | None
    roles: tuple[str, ...]


#: The three administrators.
_OFFICES = (
    (ADMINISTRATOR, Label("市系统管理员", "City system administrator"), SYSTEM_ADMINISTRATOR),
    ("security", Label("市安全管理员", "City security administrator"), SECURITY_ADMINISTRATOR),
    ("auditor", Label("市审计管理员", "City audit administrator"), AUDIT_ADMINISTRATOR),
)


def _accounts() -> Iterator[Account]:
    for place in PLACES.values():
        for post in place.posts:
            label, body, roles = _POSTS[post]
            name = Label(f"{place.short.zh}{label.zh}", f"{place.short.en} {label.en}")
            yield Account(f"{place.prefix}-{post}", name, place, body, roles)
    for login, name, office in _OFFICES:
        yield Account(login, name, PLACES["city"], None, (office,))


ACCOUNTS: dict[str, Account] = {each.login: each for each in _accounts()}


@dataclass(frozen=True, slots=True)
class SignIn:
    """An account to begin with, and what there is to try with it."""

    login: str
    name: Label
    try_this: Text


#: One for each of the three main roles.
SIGN_INS = tuple(
    SignIn(login, ACCOUNTS[login].name, text)
    for login, text in (
        ("city-officer", Text("open a case; see which of your cases are late; record a step")),
        (
            "city-leader",
            Text("see the clocks of your teams; decide on the recusal that was raised"),
        ),
        (
            "city-reviewer",
            Text("reply to the report received; deliver the reply that is still missing"),
        ),
    )
)
#: Everybody else, in the order of the places.
OTHER_LOGINS = tuple(login for login in ACCOUNTS if login not in {each.login for each in SIGN_INS})


def enter_accounts(database: Database, law: Law, *, now: datetime) -> None:
    """Enter the accounts that are missing, with their agencies and posts: all of them, or none.

    A login that somebody has already stays as it is. They share one hash of their one password,
    because making it takes a while on purpose.
    """
    with database.readers.begin() as session:
        if all(store.find_login(session, login) is not None for login in ACCOUNTS):
            return
    hashed = hash_password(DEMO_PASSWORD)
    agencies: dict[tuple[str, str], int] = {}
    with changing(database) as session:
        for each in ACCOUNTS.values():
            if store.find_login(session, each.login) is not None:
                continue
            person_id = store.add_person(
                session, login=each.login, name=each.name.zh, password_hash=hashed, created_at=now
            )
            place, agency_id = each.place, None
            if each.body is not None:
                key = (place.prefix, each.body)
                if key not in agencies:
                    label = _agency_label(law, place, each.body)
                    agencies[key] = store.add_agency(
                        session,
                        label_zh=label.zh,
                        label_en=label.en,
                        body=each.body,
                        division=place.division,
                        tier=place.tier,
                        valid_from=_IN_POST_SINCE,
                        valid_until=None,
                    )
                agency_id = agencies[key]
            for role in each.roles:
                is_office = role in OFFICES
                store.add_grant(
                    session,
                    person_id=person_id,
                    role=role,
                    case_id=None,
                    agency_id=agency_id,
                    division=None if is_office else place.division,
                    tier=None if is_office else place.tier,
                    valid_from=_IN_POST_SINCE,
                    valid_until=None,
                    granted_by=ADMINISTRATOR,
                    reason=None,
                )


def _agency_label(law: Law, place: Place, body: str) -> Label:
    name = law.divisions[place.division].label
    if body == _GOVERNMENT_OFFICE:
        return Label(f"{name.zh}人民政府办公室", f"Government Office of {name.en}")
    if place.tier == "city":
        return Label(f"{name.zh}消防救援支队", f"Fire and Rescue Detachment of {name.en}")
    return Label(f"{name.zh}消防救援大队", f"Fire and Rescue Brigade of {name.en}")
