"""The review of rights finds what is at its bounds, and is put on record."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from fireinvest.messages import Faulty
from fireinvest.services.agencies import create_agency
from fireinvest.services.people import By, Post, give_post, name_deputy, set_active
from fireinvest.services.reviewing import SOON, UNUSED, Review, record_review, review_rights
from fireinvest.store import Database
from fireinvest.store.access import AccessRow
from fireinvest.store.sign_ins import add_sign_in
from fireinvest.workflow.permissions import AUDIT_ADMINISTRATOR, SECURITY_ADMINISTRATOR
from tests.queries import counted
from tests.services.office import CITY, FIRE_ON, FUYUAN, NOW, TODAY, opened
from tests.services.test_people import someone

DAY = timedelta(days=1)
BY = By("guard", NOW, TODAY)
ARCHIVIST = Post("archivist", division=FUYUAN, tier="county")


def review(database: Database, days: int = 0, ended: tuple[str, ...] = ()) -> Review:
    """The review so many days from now."""
    later = timedelta(days=days)
    with database.readers.begin() as session:
        return review_rights(session, ended, on=TODAY + later, now=NOW + later)


def test_posts_that_end_soon(database: Database) -> None:
    for n, last in enumerate((TODAY - DAY, TODAY, TODAY + SOON, TODAY + SOON + DAY, None)):
        person = someone(database, f"p{n}")
        give_post(
            database, person, ARCHIVIST, valid_from=FIRE_ON, valid_until=last, granted_by="guard"
        )
    assert [each.login for each in review(database).ending] == ["p1", "p2"]


def test_posts_that_outlived_their_agency_their_division_or_their_holder(
    database: Database,
) -> None:
    agency = create_agency(
        database, label_zh="旧", label_en="old", body="fire_rescue", division=CITY, tier="city",
        valid_from=FIRE_ON, valid_until=TODAY,
    )  # fmt: skip
    sun, li, gone = someone(database), someone(database, "li"), someone(database, "gone")
    give_post(
        database, sun, Post("archivist", agency_id=agency), valid_from=FIRE_ON, granted_by="guard"
    )
    old = Post("archivist", division="530328", tier="county")
    give_post(database, li, old, valid_from=FIRE_ON, granted_by="guard")
    give_post(database, gone, ARCHIVIST, valid_from=FIRE_ON, granted_by="guard")
    set_active(database, gone, is_active=False)
    assert review(database).outlived == ()
    assert [each.login for each in review(database, 1).outlived] == ["sun"]
    assert [each.login for each in review(database, 0, ("530328",)).outlived] == ["li"]
    assert [each.login for each in review(database).forgotten] == ["gone"]


def test_accounts_without_a_post(database: Database) -> None:
    ref = opened(database)
    without, sun, li, deputy = (
        someone(database, login) for login in ("without", "sun", "li", "deputy")
    )
    give_post(database, sun, ARCHIVIST, valid_from=TODAY, valid_until=TODAY, granted_by="guard")
    give_post(database, li, Post("member", case_id=ref.id), valid_from=FIRE_ON, granted_by="guard")
    name_deputy(
        database, person_id=deputy, acts_for_id=sun, valid_from=TODAY, valid_until=TODAY + DAY,
        granted_by="guard",
    )  # fmt: skip
    gone = someone(database, "gone")
    set_active(database, gone, is_active=False)
    assert [each.id for each in review(database).without_post] == [without]
    assert [each.login for each in review(database, 1).without_post] == ["sun", "without"]


def test_accounts_that_nobody_uses(database: Database) -> None:
    never, seen = someone(database, "never"), someone(database, "seen")
    with database.sessions.begin() as session:
        add_sign_in(
            session, token_hash="x", person_id=seen, now=NOW + 2 * DAY, address=None, agent=None
        )
    days = UNUSED.days
    found = [[each.id for each in review(database, n).unused] for n in (days, days + 1, days + 3)]
    assert found == [[], [never], [never, seen]]
    (account, _) = review(database, days + 3).unused
    assert account.seen_at is None


def test_holders_of_offices_and_what_they_hold_beside(database: Database) -> None:
    guard, auditor = someone(database, "guard"), someone(database, "auditor")
    for person, office in ((guard, SECURITY_ADMINISTRATOR), (auditor, AUDIT_ADMINISTRATOR)):
        give_post(database, person, Post(office), valid_from=TODAY, granted_by="system")
    give_post(database, auditor, ARCHIVIST, valid_from=FIRE_ON, granted_by="guard")
    offices = review(database).offices
    assert [(each.held.login, each.holds_other_posts) for each in offices] == [
        ("auditor", True),
        ("guard", False),
    ]


def test_a_review_is_put_on_record_with_what_there_was(database: Database) -> None:
    someone(database)
    assert review(database).last is None
    with pytest.raises(Faulty):
        record_review(database, (), note=" ", by=BY)
    record_review(database, (), note="全部核对无误", by=BY)
    last = review(database).last
    assert last is not None
    assert (last.at, last.by, last.note) == (NOW, "guard", "全部核对无误")
    with database.readers.begin() as session:
        (row,) = session.scalars(select(AccessRow)).all()
    assert '"without_post":1' in str(row.new_values)


def test_the_review_asks_the_same_for_each_size(database: Database) -> None:
    def asked() -> int:
        with counted(database) as sent:
            review(database)
        return len(sent)

    someone(database)
    for_one = asked()
    for n in range(20):
        person = someone(database, f"p{n}")
        give_post(database, person, Post(AUDIT_ADMINISTRATOR), valid_from=TODAY, granted_by="x")
    assert asked() == for_one <= 9
