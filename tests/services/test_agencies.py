"""Agencies that are renamed, merged and ended, and what becomes of the posts there."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from fireinvest.messages import Faulty
from fireinvest.services.agencies import (
    Into,
    NewName,
    Plan,
    Reshaping,
    create_agency,
    plan_reshaping,
    reshape,
)
from fireinvest.services.people import By, Post, give_post
from fireinvest.store import Database
from fireinvest.store import people as store
from fireinvest.store.access import AccessRow
from fireinvest.store.people import Agency, GrantRow, PostLine
from fireinvest.workflow.permissions import Grant
from tests.services.office import CITY, FIRE_ON, FUYUAN, NOW, TODAY, actor
from tests.services.test_people import someone

DAY = timedelta(days=1)
BY = By("root", NOW, TODAY)
LAST = TODAY + 10 * DAY
NEW = NewName("新大队", "New brigade")


def agency(
    database: Database, name: str = "大队", place: str = FUYUAN, tier: str = "county"
) -> int:
    return create_agency(
        database, label_zh=name, label_en=name, body="fire_rescue", division=place, tier=tier,
        valid_from=FIRE_ON,
    )  # fmt: skip


def post_at(
    database: Database,
    person: int,
    agency_id: int,
    first: date = FIRE_ON,
    last: date | None = None,
    role: str = "archivist",
) -> int:
    return give_post(
        database, person, Post(role, agency_id=agency_id), valid_from=first, valid_until=last,
        granted_by="guard",
    )  # fmt: skip


def plan(database: Database, wanted: Reshaping) -> Plan:
    with database.readers.begin() as session:
        return plan_reshaping(session, wanted, TODAY)


def saved(database: Database, wanted: Reshaping) -> int | None:
    seal = plan(database, wanted).seal
    return reshape(database, wanted, seen=seal, reason="机构改革文件1号", by=BY)


def posts(database: Database, person: int) -> list[PostLine]:
    with database.readers.begin() as session:
        return sorted(store.posts_at_places(session, person), key=lambda each: each.id)


def days(post: PostLine) -> tuple[date, date | None]:
    return post.valid_from, post.valid_until


def logged(database: Database) -> list[tuple[str, str | None, str | None]]:
    with database.readers.begin() as session:
        rows = session.scalars(select(AccessRow).order_by(AccessRow.id)).all()
    return [(row.what, row.about, row.reason) for row in rows]


def test_a_new_name_begins_when_the_old_one_ends(database: Database) -> None:
    old = agency(database)
    sun = someone(database)
    post_at(database, sun, old)
    before = actor(database, sun, LAST).grants
    new = saved(database, Reshaping(old, LAST, NEW, moves_posts=True))
    assert new is not None
    with database.readers.begin() as session:
        was, now = session.get(Agency, old), session.get(Agency, new)
    assert was is not None
    assert now is not None
    assert (was.label_zh, was.valid_until, was.succeeded_by) == ("大队", LAST, new)
    assert (now.label_zh, now.valid_from, now.valid_until) == ("新大队", LAST + DAY, None)
    assert (now.body, now.division, now.tier) == ("fire_rescue", FUYUAN, "county")
    ended, goes_on = posts(database, sun)
    assert [each.agency.zh for each in (ended, goes_on) if each.agency] == ["大队", "新大队"]
    assert (days(ended), days(goes_on)) == ((FIRE_ON, LAST), (LAST + DAY, None))
    # No day is lost, and no right changes.
    for on in (LAST, LAST + DAY):
        assert actor(database, sun, on).grants == before == (
            Grant("archivist", None, FUYUAN, "county"),
        )  # fmt: skip
    reason = "机构改革文件1号"
    assert logged(database) == [
        ("agency_added", f"agency:{new}", reason),
        ("agency_renamed", f"agency:{old}", reason),
        ("post_ended", "sun", reason),
        ("post_given", "sun", reason),
    ]
    with database.readers.begin() as session:
        row = session.scalars(select(AccessRow).where(AccessRow.what == "agency_renamed")).one()
    assert '"label_zh":"大队"' in str(row.old_values)
    assert '"label_zh":"新大队"' in str(row.new_values)


@pytest.mark.parametrize(
    ("first", "last", "moves", "expected"),
    [
        # A post's days; whether posts go on; then the days of all its posts.
        (FIRE_ON, None, True, [(FIRE_ON, LAST), (LAST + DAY, None)]),
        (FIRE_ON, None, False, [(FIRE_ON, LAST)]),
        (FIRE_ON, LAST, True, [(FIRE_ON, LAST)]),
        (FIRE_ON, LAST + DAY, True, [(FIRE_ON, LAST), (LAST + DAY, LAST + DAY)]),
        (FIRE_ON, TODAY - DAY, False, [(FIRE_ON, TODAY - DAY)]),
        (LAST, LAST + DAY, True, [(LAST, LAST), (LAST + DAY, LAST + DAY)]),
        # One to come is the successor's from its first day, or holds on that day alone.
        (LAST + DAY, None, True, [(LAST + DAY, None)]),
        (LAST + 3 * DAY, None, False, [(LAST + 3 * DAY, LAST + 3 * DAY)]),
    ],
)
def test_each_post_ends_or_goes_on_as_chosen(
    database: Database,
    first: date,
    last: date | None,
    moves: bool,
    expected: list[tuple[date, date | None]],
) -> None:
    old, sun = agency(database), someone(database)
    post_at(database, sun, old, first, last)
    wanted = Reshaping(old, LAST, NEW, moves)
    shown = plan(database, wanted).fates
    new = saved(database, wanted)
    found = posts(database, sun)
    assert [days(each) for each in found] == expected
    # What was shown before is what was done.
    for fate in shown:
        assert fate.ends_on in (None, found[0].valid_until)
        assert fate.goes_on_from in (None, found[-1].valid_from)
        if fate.goes_on_from is not None:
            assert found[-1].agency_id == new


def test_a_new_name_from_a_day_that_is_past(database: Database) -> None:
    old, sun, li = agency(database), someone(database), someone(database, "li")
    since = TODAY - 20 * DAY
    post_at(database, sun, old)
    post_at(database, li, old, FIRE_ON, TODAY - 5 * DAY)
    new = saved(database, Reshaping(old, since, NEW, moves_posts=True))
    assert [(each.agency_id, *days(each)) for each in posts(database, sun)] == [
        (old, FIRE_ON, since),
        (new, since + DAY, None),
    ]
    # What is over today stays as it was written.
    assert [(each.agency_id, *days(each)) for each in posts(database, li)] == [
        (old, FIRE_ON, TODAY - 5 * DAY)
    ]


def test_an_agency_is_merged_into_another(database: Database) -> None:
    one, other = agency(database), agency(database, "支队")
    sun, li = someone(database), someone(database, "li")
    post_at(database, sun, one)
    post_at(database, li, one)
    held = post_at(database, li, other)
    assert saved(database, Reshaping(one, LAST, Into(other), moves_posts=True)) == other
    assert [each.agency_id for each in posts(database, sun)] == [one, other]
    # Who held the same post at the successor has it once.
    assert [(each.id, each.valid_until) for each in posts(database, li) if each.id == held] == [
        (held, None)
    ]
    assert len(posts(database, li)) == 2
    assert ("agency_merged", f"agency:{one}", "机构改革文件1号") in logged(database)


def test_an_agency_ends_and_its_posts_with_it(database: Database) -> None:
    old, sun = agency(database), someone(database)
    post_at(database, sun, old)
    assert saved(database, Reshaping(old, LAST)) is None
    assert actor(database, sun, LAST).grants
    assert not actor(database, sun, LAST + DAY).grants
    assert [each.agency.zh for each in posts(database, sun) if each.agency] == ["大队"]
    with pytest.raises(Faulty):
        post_at(database, sun, old, LAST + DAY)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (lambda a, _b, _c: Reshaping(99, LAST), "agency"),
        (lambda a, _b, _c: Reshaping(a, FIRE_ON - DAY), "last_on"),
        (lambda a, _b, _c: Reshaping(a, FIRE_ON - DAY, NEW), "first_on"),
        (lambda a, _b, _c: Reshaping(a, LAST, NewName("大队", "大队")), "label_zh"),
        (lambda a, _b, _c: Reshaping(a, LAST, NewName("支队", "x")), "label_zh"),
        (lambda a, _b, _c: Reshaping(a, LAST, NewName("大\u202e队", "x")), "label_zh"),
        (lambda a, _b, _c: Reshaping(a, LAST, Into(99)), "into"),
        (lambda a, _b, _c: Reshaping(a, LAST, Into(a)), "into"),
        (lambda a, b, _c: Reshaping(a, FIRE_ON - 2 * DAY, Into(b)), "first_on"),
        # At another place or government the posts would show other cases.
        (lambda a, _b, c: Reshaping(a, LAST, Into(c), moves_posts=True), "posts"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    database: Database, wanted: Callable[[int, int, int], Reshaping], field: str
) -> None:
    made = agency(database), agency(database, "支队"), agency(database, "市支队", CITY, "city")
    with pytest.raises(Faulty) as refused:
        plan(database, wanted(*made))
    assert [each.field for each in refused.value.problems] == [field]
    assert logged(database) == []


def test_what_has_ended_is_not_changed_again_and_nothing_runs_in_a_circle(
    database: Database,
) -> None:
    one, other = agency(database), agency(database, "支队")
    saved(database, Reshaping(one, LAST, Into(other)))
    for wanted, field in [
        (Reshaping(one, LAST - DAY), "last_on"),
        (Reshaping(one, LAST - DAY, NEW), "first_on"),
        (Reshaping(other, LAST - 2 * DAY, Into(one)), "into"),
    ]:
        with pytest.raises(Faulty) as refused:
            plan(database, wanted)
        assert [each.field for each in refused.value.problems] == [field]


def test_moving_posts_gives_nobody_other_rights(database: Database) -> None:
    """Posts at another place end: only the security administrator gives such new ones."""
    county, city = agency(database), agency(database, "市支队", CITY, "city")
    sun = someone(database)
    post_at(database, sun, county)
    saved(database, Reshaping(county, LAST, Into(city)))
    assert actor(database, sun, LAST + DAY).grants == ()


def test_what_was_not_looked_at_is_not_saved(database: Database) -> None:
    old, sun = agency(database), someone(database)
    wanted = Reshaping(old, LAST, NEW, moves_posts=True)
    seal = plan(database, wanted).seal
    post_at(database, sun, old)
    others = (wanted, Reshaping(old, LAST + DAY, NEW, moves_posts=True), Reshaping(old, LAST, NEW))
    for each in others:
        with pytest.raises(Faulty) as refused:
            reshape(database, each, seen=seal, reason="文件", by=BY)
        assert [one.field for one in refused.value.problems] == ["seen"]
    with pytest.raises(Faulty):
        reshape(database, wanted, seen=plan(database, wanted).seal, reason=" ", by=BY)
    assert logged(database) == []
    assert [days(each) for each in posts(database, sun)] == [(FIRE_ON, None)]


def test_a_post_given_while_the_agency_ends_is_refused_or_ends_with_it(database: Database) -> None:
    for turn in range(4):
        old, sun = agency(database, f"大队{turn}"), someone(database, f"sun{turn}")
        wanted = Reshaping(old, TODAY)
        seal, start = plan(database, wanted).seal, Barrier(2)

        def run(change: Callable[[], object], start: Barrier = start) -> bool:
            start.wait()
            try:
                change()
            except Faulty:
                return False
            return True

        changes: list[Callable[[], object]] = [
            lambda wanted=wanted, seal=seal: reshape(  # type: ignore[misc]
                database, wanted, seen=seal, reason="文件", by=BY
            ),
            lambda sun=sun, old=old: post_at(database, sun, old, TODAY + DAY),  # type: ignore[misc]
        ]
        with ThreadPoolExecutor(2) as pool:
            ended, given = pool.map(run, changes)
        assert ended is not given
        with database.readers.begin() as session:
            left = session.scalars(select(GrantRow).where(GrantRow.agency_id == old)).all()
        assert len(left) == given
