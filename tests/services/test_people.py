"""People, posts, deputies and passwords."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from threading import Barrier
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from fireinvest.messages import Faulty
from fireinvest.services import passwords
from fireinvest.services.agencies import create_agency
from fireinvest.services.cases import NoSuchCase
from fireinvest.services.passwords import (
    change_own_password,
    hash_password,
    set_password,
    verify_password,
)
from fireinvest.services.people import (
    By,
    Post,
    actor_of,
    appoint,
    create_person,
    end_deputy,
    end_post,
    give_post,
    name_deputy,
    principals_of,
    set_active,
)
from fireinvest.store import Database
from fireinvest.store import people as store
from fireinvest.store.access import AccessRow
from fireinvest.workflow.actions import DocumentSent, Order, Recusal
from fireinvest.workflow.errors import NotAllowed
from fireinvest.workflow.permissions import (
    AUDIT_ADMINISTRATOR,
    OFFICES,
    SECURITY_ADMINISTRATOR,
    SYSTEM_ADMINISTRATOR,
    Actor,
    Grant,
)
from tests.services.office import CITY, FIRE_ON, FUYUAN, LAW, NOW, TODAY, actor, did, opened

DAY = timedelta(days=1)


def someone(database: Database, login: str = "sun", password: str | None = None) -> int:
    hashed = None if password is None else hash_password(password)
    return create_person(database, login=login, name="孙某", password_hash=hashed, now=NOW)


def test_a_post_holds_from_its_first_day_to_its_last(database: Database) -> None:
    sun = someone(database)
    post = Post("archivist", division=FUYUAN, tier="county")
    give_post(
        database, sun, post, valid_from=TODAY, valid_until=TODAY + 2 * DAY, granted_by="admin"
    )
    held = [bool(actor(database, sun, TODAY + n * DAY).grants) for n in range(-1, 4)]
    assert held == [False, True, True, True, False]
    assert actor(database, sun) == Actor(
        "sun", (Grant("archivist", division=FUYUAN, tier="county"),)
    )


def test_a_post_can_be_ended_but_not_prolonged_by_it(database: Database) -> None:
    sun = someone(database)
    post = Post("archivist", division=FUYUAN, tier="county")
    grant = give_post(database, sun, post, valid_from=FIRE_ON, granted_by="admin")
    end_post(database, grant, TODAY)
    end_post(database, grant, TODAY + 5 * DAY)
    assert actor(database, sun).grants
    assert not actor(database, sun, TODAY + DAY).grants


def test_a_post_at_an_agency_holds_for_its_place(database: Database) -> None:
    sun = someone(database)
    agency = create_agency(
        database, label_zh="富源县消防救援大队", label_en="Fuyuan brigade", body="fire_rescue",
        division=FUYUAN, tier="county", valid_from=FIRE_ON,
    )  # fmt: skip
    give_post(
        database, sun, Post("agency_head", agency_id=agency), valid_from=FIRE_ON, granted_by="a"
    )
    assert actor(database, sun).grants == (Grant("agency_head", None, FUYUAN, "county"),)


def test_a_post_on_a_case_names_its_number(database: Database) -> None:
    ref, sun = opened(database), someone(database)
    give_post(database, sun, Post("member", case_id=ref.id), valid_from=FIRE_ON, granted_by="a")
    assert actor(database, sun).grants == (Grant("member", ref.number),)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda d, p: give_post(d, p, Post("member"), valid_from=TODAY, granted_by="a"), "division"),
        (
            lambda d, p: give_post(
                d, p, Post("member", agency_id=9), valid_from=TODAY, granted_by="a"
            ),
            "agency",
        ),
        (
            lambda d, p: give_post(
                d, p, Post("member", division="1"), valid_from=TODAY, valid_until=FIRE_ON,
                granted_by="a",
            ),
            "valid_until",
        ),
        (
            lambda d, p: name_deputy(
                d, person_id=p, acts_for_id=p, valid_from=TODAY, valid_until=TODAY, granted_by="a"
            ),
            "acts_for",
        ),
        (
            lambda d, p: name_deputy(
                d, person_id=p, acts_for_id=9, valid_from=TODAY, valid_until=FIRE_ON, granted_by="a"
            ),
            "valid_until",
        ),
        (lambda d, p: create_person(d, login="sun", name="某", now=NOW), "login"),
        (lambda d, p: create_person(d, login="SUN", name="某", now=NOW), "login"),
        (lambda d, p: create_person(d, login="system", name="某", now=NOW), "login"),
        (lambda d, p: create_person(d, login="", name="某", now=NOW), "login"),
        (lambda d, p: create_person(d, login="li", name=" ", now=NOW), "name"),
        (lambda d, p: create_person(d, login="li", name="某\n", now=NOW), "name"),
        (lambda d, p: create_person(d, login="li", name="\udcff", now=NOW), "name"),
        (lambda d, p: create_person(d, login="li", name="某" * 201, now=NOW), "name"),
        (lambda d, p: end_post(d, 99, TODAY), "post"),
        (lambda d, p: end_deputy(d, 99, TODAY), "person"),
        (lambda d, p: _ask(d, 99), "person"),
        (lambda d, p: _ask(d, p, "nobody"), "acting_for"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_its_field(
    database: Database, call: Callable[[Database, int], Any], field: str
) -> None:
    sun = someone(database)
    with pytest.raises(Faulty) as refused:
        call(database, sun)
    assert [each.field for each in refused.value.problems] == [field]


def _ask(database: Database, person_id: int, acting_for: str | None = None) -> Actor:
    with database.readers.begin() as session:
        return actor_of(session, person_id, TODAY, acting_for=acting_for)


def test_a_deputy_has_the_others_posts_under_the_own_name(database: Database) -> None:
    sun, zhou = someone(database), someone(database, "zhou")
    ref = opened(database)
    give_post(database, zhou, Post("carrier", case_id=ref.id), valid_from=FIRE_ON, granted_by="a")
    name_deputy(
        database, person_id=sun, acts_for_id=zhou, valid_from=TODAY, valid_until=TODAY,
        granted_by="admin",
    )  # fmt: skip
    with database.readers.begin() as session:
        assert [each.login for each in principals_of(session, sun, TODAY)] == ["zhou"]
        assert principals_of(session, sun, TODAY + DAY) == ()
    deputy = _ask(database, sun, "zhou")
    assert deputy == Actor("sun", (Grant("carrier", ref.number),), acting_for="zhou")
    assert _ask(database, sun).grants == ()
    sent = DocumentSent(to="市政府")
    done = did(database, ref, "request_team", sent, by=deputy, acting_for="zhou")
    assert (done.entry.actor, done.entry.acting_for) == ("sun", "zhou")
    with pytest.raises(NotAllowed):
        did(database, ref, "request_team", sent, by=replace(deputy, id="li"), acting_for="zhou")


def test_nobody_acts_for_somebody_recused(database: Database) -> None:
    sun, zhou = someone(database), someone(database, "zhou")
    ref = opened(database)
    give_post(database, zhou, Post("carrier", case_id=ref.id), valid_from=FIRE_ON, granted_by="a")
    name_deputy(
        database, person_id=sun, acts_for_id=zhou, valid_from=TODAY, valid_until=TODAY,
        granted_by="admin",
    )  # fmt: skip
    grounds = LAW.in_force(FUYUAN, FIRE_ON).lists["recusal_grounds"].items[0].id
    did(database, ref, "establish_team", Order(person="li"))
    did(database, ref, "declare_recusal", Recusal(person="zhou", item=grounds))
    did(database, ref, "decide_recusal", Recusal(person="zhou", outcome="granted"))
    deputy = _ask(database, sun, "zhou")
    # Whoever is recused doesn't even see that there is a case, through a deputy neither.
    with pytest.raises(NoSuchCase):
        did(database, ref, "request_team", DocumentSent(to="市"), by=deputy, acting_for="zhou")


def test_somebody_who_left_has_no_posts_and_no_sign_in(database: Database) -> None:
    sun = someone(database, password="long enough")
    post = Post("archivist", division=CITY, tier="city")
    give_post(database, sun, post, valid_from=FIRE_ON, granted_by="a")
    assert verify_password(database, "sun", "long enough") is not None
    set_active(database, sun, is_active=False)
    assert actor(database, sun) == Actor("sun")
    assert verify_password(database, "sun", "long enough") is None


def test_a_password_is_kept_as_argon2id_alone(database: Database) -> None:
    sun = someone(database)
    assert verify_password(database, "sun", "") is None
    set_password(database, sun, "月下的猫把钥匙借给了海", by=BY)
    found = verify_password(database, "sun", "月下的猫把钥匙借给了海")
    assert found is not None
    assert found.id == sun
    assert str(found.password_hash).startswith("$argon2id$")
    assert verify_password(database, "sun", "一个够长的密码") is None


def test_every_failed_sign_in_does_the_same_work(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone(database, "with", "long enough")
    someone(database, "without")
    passwords._nobodys_hash()
    checked: list[str] = []
    real = passwords._hasher().verify

    class Counting:
        def verify(self, known: str, password: str) -> bool:
            checked.append(known.rsplit("$", 2)[0])
            return real(known, password)

    monkeypatch.setattr(passwords, "_hasher", Counting)
    for login in ("with", "without", "nobody", "x" * 500):
        assert verify_password(database, login, "no password at all") is None
    assert len(checked) == 4
    assert len(set(checked)) == 1


def test_an_old_hash_is_renewed_at_sign_in(database: Database) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash("long enough")
    sun = someone(database)
    with database.sessions.begin() as session:
        store.change_person(session, sun, password_hash=weak)
    assert verify_password(database, "sun", "long enough") is not None
    with database.readers.begin() as session:
        person = store.find_person(session, sun)
    assert person is not None
    assert person.password_hash != weak
    assert verify_password(database, "sun", "long enough") is not None


def test_nothing_changed_is_nothing_written(database: Database) -> None:
    sun = someone(database)
    with database.sessions.begin() as session:
        store.change_person(session, sun)
    with database.readers.begin() as session:
        found = store.find_person(session, sun)
    assert found is not None
    assert found.is_active


# ---------------------------------------------------------------------------- administrators

BY = By("root", NOW, TODAY)
WHY = "任免文件1号"
OFFICE = Post(SYSTEM_ADMINISTRATOR)


def administrator(
    database: Database, login: str, first: date = FIRE_ON, last: date | None = None
) -> tuple[int, int]:
    """An administrator who can sign in: the person's id and the grant's."""
    person = create_person(database, login=login, name="某", now=NOW)
    with database.sessions.begin() as session:
        store.change_person(session, person, password_hash="made without the work")
    grant = give_post(
        database, person, OFFICE, valid_from=first, valid_until=last, granted_by="root"
    )
    return person, grant


def remaining(database: Database, on: date) -> int:
    """How many can sign in on a day as administrators."""
    with database.readers.begin() as session:
        return len(
            session.execute(
                select(store.GrantRow.id)
                .join(store.Person)
                .where(
                    store.GrantRow.role == SYSTEM_ADMINISTRATOR,
                    store.Person.is_active,
                    (store.GrantRow.valid_until.is_(None)) | (store.GrantRow.valid_until >= on),
                )
            ).all()
        )


@pytest.mark.parametrize(
    ("other", "allowed_on"),
    [
        # From when to when the other one is in office: on which day the first may end.
        ((FIRE_ON, None), TODAY),
        ((TODAY + DAY, None), TODAY),
        ((TODAY + 2 * DAY, None), None),
        ((FIRE_ON, TODAY + 30 * DAY), None),
        ((FIRE_ON, TODAY), None),
        (None, None),
    ],
)
def test_no_day_is_left_without_an_administrator(
    database: Database, other: tuple[date, date | None] | None, allowed_on: date | None
) -> None:
    first, grant = administrator(database, "first")
    if other is not None:
        administrator(database, "other", *other)
    if allowed_on is not None:
        end_post(database, grant, allowed_on, reason=WHY, by=BY)
        assert not actor(database, first, allowed_on + DAY).grants
        return
    with pytest.raises(Faulty) as refused:
        end_post(database, grant, TODAY, reason=WHY, by=BY)
    assert [each.field for each in refused.value.problems] == ["last_on"]
    assert actor(database, first, TODAY + 400 * DAY).grants


def test_two_terms_in_a_row_stand_in_for_one(database: Database) -> None:
    _, grant = administrator(database, "first", last=TODAY + 20 * DAY)
    administrator(database, "second", last=TODAY + 9 * DAY)
    administrator(database, "third", first=TODAY + 10 * DAY, last=TODAY + 20 * DAY)
    end_post(database, grant, TODAY, reason=WHY, by=BY)
    assert remaining(database, TODAY + DAY) == 2


def test_who_cannot_sign_in_is_no_administrator_to_rely_on(database: Database) -> None:
    first, grant = administrator(database, "first")
    left, _ = administrator(database, "left")
    set_active(database, left, is_active=False, by=BY)
    without = someone(database)
    give_post(database, without, OFFICE, valid_from=FIRE_ON, granted_by="root")
    changes: tuple[Callable[[], None], ...] = (
        lambda: end_post(database, grant, TODAY, reason=WHY, by=BY),
        lambda: set_active(database, first, is_active=False, by=BY),
        lambda: set_active(database, first, is_active=False),
    )
    for change in changes:
        with pytest.raises(Faulty):
            change()
    set_active(database, left, is_active=True, by=BY)
    set_active(database, first, is_active=False, by=BY)
    assert remaining(database, TODAY + DAY) == 2


def test_whoever_changes_an_account_at_once_finds_what_the_other_left(database: Database) -> None:
    """Each line of the log begins where the one before it ended, and what changed nothing has none."""
    administrator(database, "first")
    sun = someone(database)

    def change(is_active: bool) -> None:
        set_active(database, sun, is_active=is_active, by=BY)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, [False, True, True, False] * 5))
    with database.readers.begin() as session:
        values = session.execute(
            select(AccessRow.old_values, AccessRow.new_values)
            .where(
                AccessRow.about == "sun",
                AccessRow.what.in_(("person_deactivated", "person_reactivated")),
            )
            .order_by(AccessRow.id)
        ).all()
        now = store.find_login(session, "sun")
    lines = [
        (json.loads(old or "")["is_active"], json.loads(new or "")["is_active"])
        for old, new in values
    ]
    assert now is not None
    assert [old for old, _ in lines] == [True, *(new for _, new in lines[:-1])]
    assert lines[-1][1] is now.is_active
    assert all(old is not new for old, new in lines)


def test_two_administrators_who_remove_each_other_at_once_leave_one(database: Database) -> None:
    for turn in range(4):
        one, one_grant = administrator(database, f"one{turn}")
        other, _ = administrator(database, f"other{turn}")
        # Those of earlier turns are gone, so that these are the last two.
        with database.sessions.begin() as session:
            for row in session.scalars(select(store.Person)):
                row.is_active = row.id in (one, other)
        start = Barrier(2)

        def remove(change: Callable[[], None], start: Barrier = start) -> bool:
            start.wait()
            try:
                change()
            except Faulty:
                return False
            return True

        changes: list[Callable[[], None]] = [
            lambda grant=one_grant: end_post(  # type: ignore[misc]
                database, grant, TODAY, reason=WHY, by=BY
            ),
            lambda person=other: set_active(  # type: ignore[misc]
                database, person, is_active=False, by=BY
            ),
        ]
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(remove, changes))
        assert sorted(done) == [False, True]
        assert remaining(database, TODAY + DAY) == 1


def test_a_post_of_a_case_is_ended_there(database: Database) -> None:
    ref, sun = opened(database), someone(database)
    grant = give_post(
        database, sun, Post("member", case_id=ref.id), valid_from=FIRE_ON, granted_by="a"
    )
    with pytest.raises(Faulty):
        end_post(database, grant, TODAY, reason=WHY, by=BY)
    assert actor(database, sun, TODAY + DAY).grants


def test_what_stands_already_is_not_given_twice(database: Database) -> None:
    sun, li = someone(database), someone(database, "li")
    post = Post("archivist", division=FUYUAN, tier="county")
    span = {"valid_from": TODAY, "valid_until": TODAY + 2 * DAY}
    give_post(database, sun, post, granted_by="a", **span)  # type: ignore[arg-type]
    name_deputy(database, person_id=li, acts_for_id=sun, granted_by="a", **span)  # type: ignore[arg-type]
    for first, last, is_taken in [
        (TODAY - DAY, TODAY - DAY, False),
        (TODAY - DAY, TODAY, True),
        (TODAY + 2 * DAY, TODAY + 3 * DAY, True),
        (TODAY + 3 * DAY, TODAY + 3 * DAY, False),
    ]:
        days = {"valid_from": first, "valid_until": last}
        calls: list[Callable[[], object]] = [
            lambda days=days: give_post(database, sun, post, granted_by="a", **days),  # type: ignore[misc]
            lambda days=days: name_deputy(  # type: ignore[misc]
                database, person_id=li, acts_for_id=sun, granted_by="a", **days
            ),
        ]
        for call in calls:
            if is_taken:
                with pytest.raises(Faulty):
                    call()
            else:
                call()
    give_post(
        database, sun, Post("archivist", division=FUYUAN, tier="city"), granted_by="a",
        **span,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_refused_change_of_the_own_password_is_on_record(database: Database) -> None:
    sun = someone(database, password="long enough")
    with database.readers.begin() as session:
        person = store.find_person(session, sun)
    assert person is not None
    with pytest.raises(Faulty):
        change_own_password(database, person, "wrong", "something else", sign_in_id=1, by=BY)
    with database.readers.begin() as session:
        (row,) = session.scalars(select(AccessRow)).all()
    assert (row.what, row.about, row.person) == ("own_password_refused", "sun", "root")


def test_a_renewed_hash_does_not_undo_a_new_password(database: Database) -> None:
    sun = someone(database, password="the old password")
    with database.sessions.begin() as session:
        person = store.find_person(session, sun)
        assert person is not None
        known = str(person.password_hash)
        store.change_person(session, sun, password_hash="set meanwhile")
        assert store.replace_password_hash(session, sun, known, "renewed") is False
        found = store.find_person(session, sun)
    assert found is not None
    assert found.password_hash == "set meanwhile"


# ---------------------------------------------------------------------------- three administrators


def held(database: Database, person: int) -> list[str]:
    with database.readers.begin() as session:
        return [each.role for each in store.posts_at_places(session, person)]


def test_nobody_holds_two_of_the_three_offices(database: Database) -> None:
    for n, (first, second) in enumerate(product(sorted(OFFICES), repeat=2)):
        sun = someone(database, f"sun{n}")
        give_post(
            database, sun, Post(first), valid_from=TODAY, valid_until=TODAY + 2 * DAY,
            granted_by="a",
        )  # fmt: skip
        with pytest.raises(Faulty):
            give_post(database, sun, Post(second), valid_from=TODAY + 2 * DAY, granted_by="a")
        assert held(database, sun) == [first]
        # One after the other is allowed.
        give_post(database, sun, Post(second), valid_from=TODAY + 3 * DAY, granted_by="a")


def test_two_who_give_two_offices_at_once_leave_one(database: Database) -> None:
    for turn in range(4):
        sun, start = someone(database, f"sun{turn}"), Barrier(2)

        def give(office: str, sun: int = sun, start: Barrier = start) -> bool:
            start.wait()
            try:
                give_post(database, sun, Post(office), valid_from=TODAY, granted_by="a")
            except Faulty:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(give, (SYSTEM_ADMINISTRATOR, AUDIT_ADMINISTRATOR)))
        assert sorted(done) == [False, True]
        assert len(held(database, sun)) == 1


def test_an_office_has_no_place(database: Database) -> None:
    with pytest.raises(Faulty):
        give_post(
            database, someone(database), Post(SYSTEM_ADMINISTRATOR, division=CITY, tier="city"),
            valid_from=TODAY, granted_by="a",
        )  # fmt: skip


def test_a_command_appoints_and_refuses_two(database: Database) -> None:
    sun, by = someone(database), By("system", NOW, TODAY)
    appoint(database, "sun", SECURITY_ADMINISTRATOR, by=by)
    for login, office in (
        ("sun", SECURITY_ADMINISTRATOR),
        ("sun", AUDIT_ADMINISTRATOR),
        ("nobody", AUDIT_ADMINISTRATOR),
    ):
        with pytest.raises(Faulty):
            appoint(database, login, office, by=by)
    assert held(database, sun) == [SECURITY_ADMINISTRATOR]


def test_nobody_changes_their_own_account_by_office(database: Database) -> None:
    root, zhou = someone(database, "root"), someone(database, "zhou")
    post = Post("archivist", division=FUYUAN, tier="county")
    grant = give_post(database, root, post, valid_from=FIRE_ON, granted_by="a")
    span = {"valid_from": TODAY, "valid_until": TODAY + DAY}
    mine = name_deputy(database, person_id=zhou, acts_for_id=root, granted_by="a", **span)  # type: ignore[arg-type]
    theirs = name_deputy(database, person_id=root, acts_for_id=zhou, granted_by="a", **span)  # type: ignore[arg-type]
    later = {"valid_from": TODAY + 5 * DAY, "valid_until": TODAY + 6 * DAY}
    changes: list[Callable[[], object]] = [
        lambda: give_post(
            database, root, Post("carrier", division=CITY, tier="city"), valid_from=TODAY,
            granted_by="root", reason=WHY, by=BY,
        ),
        lambda: give_post(
            database, root, OFFICE, valid_from=TODAY, granted_by="root", reason=WHY, by=BY
        ),
        lambda: end_post(database, grant, TODAY, reason=WHY, by=BY),
        lambda: name_deputy(
            database, person_id=zhou, acts_for_id=root, granted_by="a", reason=WHY, by=BY,
            **later,
        ),
        lambda: name_deputy(
            database, person_id=root, acts_for_id=zhou, granted_by="a", reason=WHY, by=BY,
            **later,
        ),
        lambda: end_deputy(database, mine, TODAY, reason=WHY, by=BY),
        lambda: end_deputy(database, theirs, TODAY, reason=WHY, by=BY),
        lambda: set_active(database, root, is_active=False, by=BY),
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(Faulty):
            change()
    assert logged_changes(database) == []


def test_rights_are_given_and_taken_for_a_reason(database: Database) -> None:
    sun, zhou = someone(database), someone(database, "zhou")
    post = Post("archivist", division=FUYUAN, tier="county")
    grant = give_post(database, sun, post, valid_from=FIRE_ON, granted_by="a")
    span = {"valid_from": TODAY, "valid_until": TODAY + DAY}
    deputy = name_deputy(database, person_id=zhou, acts_for_id=sun, granted_by="a", **span)  # type: ignore[arg-type]
    for reason in (None, "", " \n"):
        changes: list[Callable[[], object]] = [
            lambda reason=reason: give_post(  # type: ignore[misc]
                database, zhou, post, valid_from=TODAY, granted_by="a", reason=reason, by=BY
            ),
            lambda reason=reason: end_post(database, grant, TODAY, reason=reason, by=BY),  # type: ignore[misc]
            lambda reason=reason: name_deputy(  # type: ignore[misc]
                database, person_id=sun, acts_for_id=zhou, granted_by="a", reason=reason, by=BY,
                **span,
            ),
            lambda reason=reason: end_deputy(database, deputy, TODAY, reason=reason, by=BY),  # type: ignore[misc]
        ]  # fmt: skip
        for change in changes:
            with pytest.raises(Faulty) as refused:
                change()
            assert [each.field for each in refused.value.problems] == ["reason"]
    assert logged_changes(database) == []
    end_post(database, grant, TODAY, reason=WHY, by=BY)
    end_deputy(database, deputy, TODAY, reason=WHY, by=BY)
    # What ends sooner stays as it is, and nothing more is written.
    end_post(database, grant, TODAY + DAY, reason=WHY, by=BY)
    end_deputy(database, deputy, TODAY + DAY, reason=WHY, by=BY)
    assert logged_changes(database) == [
        ("post_ended", "sun", WHY, None, f"{TODAY}"),
        ("deputy_ended", "zhou", WHY, f"{TODAY + DAY}", f"{TODAY}"),
        ("deputy_ended", "sun", WHY, f"{TODAY + DAY}", f"{TODAY}"),
    ]


def logged_changes(database: Database) -> list[tuple[object, ...]]:
    """What the log says: what, whose, why, and the last day before and after."""
    with database.readers.begin() as session:
        rows = session.scalars(select(AccessRow).order_by(AccessRow.id)).all()
    return [
        (
            row.what,
            row.about,
            row.reason,
            json.loads(row.old_values or "{}").get("valid_until"),
            json.loads(row.new_values or "{}").get("valid_until"),
        )
        for row in rows
    ]


def test_who_acts_for_whom_is_told_with_its_days(database: Database) -> None:
    sun, zhou = someone(database), someone(database, "zhou")
    name_deputy(
        database, person_id=sun, acts_for_id=zhou, valid_from=FIRE_ON, valid_until=TODAY,
        granted_by="a",
    )  # fmt: skip
    with database.readers.begin() as session:
        (found,) = principals_of(session, sun, TODAY)
    assert (found.login, found.valid_from, found.valid_until) == ("zhou", FIRE_ON, TODAY)
