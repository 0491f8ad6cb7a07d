"""People, posts, deputies and passwords."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from fireinvest.messages import Faulty
from fireinvest.services import people
from fireinvest.services.people import (
    Post,
    actor_of,
    create_agency,
    create_person,
    end_post,
    give_post,
    name_deputy,
    principals_of,
    set_active,
    set_password,
    verify_password,
)
from fireinvest.store import Database
from fireinvest.store import people as store
from fireinvest.workflow.actions import DocumentSent, Order, Recusal
from fireinvest.workflow.errors import NotAllowed
from fireinvest.workflow.permissions import Actor, Grant
from tests.services.office import CITY, FIRE_ON, FUYUAN, LAW, NOW, TODAY, actor, did, opened

DAY = timedelta(days=1)


def someone(database: Database, login: str = "sun", password: str | None = None) -> int:
    return create_person(database, login=login, name="孙某", password=password, now=NOW)


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
        (lambda d, p: create_person(d, login="li", name="某", password="7", now=NOW), "password"),
        (lambda d, p: set_password(d, p, "p" * 1001), "password"),
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
    assert deputy == Actor("sun", (Grant("carrier", ref.number),))
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
    with pytest.raises(NotAllowed):
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
    set_password(database, sun, "一个够长的密码啊")
    found = verify_password(database, "sun", "一个够长的密码啊")
    assert found is not None
    assert found.id == sun
    assert str(found.password_hash).startswith("$argon2id$")
    assert verify_password(database, "sun", "一个够长的密码") is None


def test_every_failed_sign_in_does_the_same_work(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone(database, "with", "long enough")
    someone(database, "without")
    people._nobodys_hash()
    checked: list[str] = []
    real = people._hasher().verify

    class Counting:
        def verify(self, known: str, password: str) -> bool:
            checked.append(known.rsplit("$", 2)[0])
            return real(known, password)

    monkeypatch.setattr(people, "_hasher", Counting)
    for login in ("with", "without", "nobody", "x" * 500):
        assert verify_password(database, login, "no password at all") is None
    assert len(checked) == 4
    assert len(set(checked)) == 1


def test_an_old_hash_is_renewed_at_sign_in(database: Database) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("long enough")
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
