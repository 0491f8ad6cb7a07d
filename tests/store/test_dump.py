"""Every column of every table can be written down and read back, exactly."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from sqlalchemy import Boolean, Date, DateTime, Integer, select, text

from fireinvest.store import Database, open_database
from fireinvest.store.dump import (
    Kind,
    Layout,
    NotTaken,
    Unreadable,
    filling,
    has_nothing,
    layouts_at,
    line_from,
    snapshot,
)
from fireinvest.store.journal import Line
from fireinvest.store.models import metadata
from fireinvest.store.schema import MIGRATIONS, Unknown, need_known, newest_revision
from tests.conftest import migrate

NEWEST = newest_revision() or ""
LAYOUT = Layout(
    "t",
    (
        ("id", Kind.INTEGER),
        ("is_so", Kind.BOOLEAN),
        ("name", Kind.TEXT),
        ("on", Kind.DATE),
        ("at", Kind.INSTANT),
    ),
    ("id",),
)
AT = datetime(2025, 9, 10, 4, 0, 0, 123456, tzinfo=UTC)


def test_the_newest_layouts_are_those_of_the_models() -> None:
    found = {each.name: each for each in layouts_at(NEWEST)}
    assert set(found) == set(metadata.tables)
    for name, table in metadata.tables.items():
        kinds = dict(found[name].columns)
        assert set(kinds) == set(table.columns.keys())
        assert set(found[name].key) == set(table.primary_key.columns.keys())
        for each in table.columns:
            of = each.type
            # An instant is a type of ours around a date with a time.
            inner = getattr(of, "impl_instance", of)
            match inner:
                case Boolean():
                    assert kinds[each.name] is Kind.BOOLEAN
                case Integer():
                    assert kinds[each.name] is Kind.INTEGER
                case DateTime():
                    assert kinds[each.name] is Kind.INSTANT
                case Date():
                    assert kinds[each.name] is Kind.DATE
                case _:
                    assert kinds[each.name] is Kind.TEXT


def test_what_is_referred_to_comes_first() -> None:
    order = [each.name for each in layouts_at(NEWEST)]
    for table in metadata.tables.values():
        for key in table.foreign_keys:
            assert order.index(key.column.table.name) < order.index(table.name)


def test_every_revision_can_be_written_down() -> None:
    revisions = sorted(each.name[:4] for each in (MIGRATIONS / "versions").glob("0*.py"))
    names = [{each.name for each in layouts_at(revision)} for revision in revisions]
    assert names[0] == {"holiday_notices"}
    assert all(one <= other for one, other in pairwise(names))


@pytest.mark.parametrize(
    "row",
    [
        (1, True, '某\u2028"\\\n\x00', date(2025, 5, 12), AT),
        (-(2**63), False, "", date.min, datetime.min.replace(tzinfo=UTC)),
        (2**63 - 1, None, None, None, None),
    ],
)
def test_a_row_is_read_as_it_was_written(row: tuple[object, ...]) -> None:
    line = LAYOUT.written(row)
    assert line.count(b"\n") == 1
    assert tuple(LAYOUT.read(line).values()) == row


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[1,true]",
        b'["1",true,"n",null,null]',
        b'[true,true,"n",null,null]',
        b'[1,1,"n",null,null]',
        b"[1,true,2,null,null]",
        b"[1.0,true,null,null,null]",
        b'[1,true,"n","2025-02-30",null]',
        b'[1,true,"n",null,"2025-05-12T99:00:00+00:00"]',
        b'[1,true,"n",null,"0001-01-01T00:00:00+23:00"]',
        b"[1,true,[],null,null]",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_row_is_refused(line: bytes) -> None:
    with pytest.raises(Unreadable):
        LAYOUT.read(line)


def test_a_line_of_before_a_migration_has_nothing_where_it_came_later() -> None:
    line = line_from({"case_id": 1, "seq": 2, "hash": "h"})
    assert (line.case_id, line.seq, line.hash, line.attachments) == (1, 2, "h", None)
    assert len(line) == len(Line._fields)


@pytest.mark.parametrize("revision", ["9999", "000", "head", "", "base", "-1", "0005+1"])
def test_only_whole_names_of_known_migrations_are_known(revision: str) -> None:
    with pytest.raises(Unknown):
        need_known(revision)
    need_known(NEWEST)


def test_a_place_is_empty_until_there_is_a_table(empty_database_url: str) -> None:
    assert has_nothing(empty_database_url)
    database = open_database(empty_database_url)
    with snapshot(database) as seen:
        assert seen is None
    migrate(empty_database_url, "0001")
    assert not has_nothing(empty_database_url)
    with snapshot(database) as seen:
        assert seen is not None
        assert [each.name for each in seen.layouts] == ["holiday_notices"]
    database.engine.dispose()


def test_what_fails_while_filling_leaves_nothing(empty_database_url: str) -> None:
    with pytest.raises(NotTaken), filling(empty_database_url) as target:
        target.create(NEWEST)
        people = next(each for each in layouts_at(NEWEST) if each.name == "people")
        row = dict.fromkeys(people.names)
        target.add(people, [{**row, "id": 1, "login": "sun"}])
    assert has_nothing(empty_database_url)


def test_ids_go_on_after_the_highest(empty_database_url: str) -> None:
    layouts = layouts_at(NEWEST)
    people = next(each for each in layouts if each.name == "people")
    row = {
        **dict.fromkeys(people.names), "id": 70, "login": "sun", "name": "孙某", "is_active": True,
        "created_at": AT,
    }  # fmt: skip
    with filling(empty_database_url) as target:
        target.create(NEWEST)
        target.add(people, [row])
        target.number_on(layouts)
        assert target.count(people) == 1
    database: Database = open_database(empty_database_url)
    with database.sessions.begin() as session:
        session.execute(
            text(
                "INSERT INTO people (login, name, is_active, created_at) "
                "SELECT 'li', name, is_active, created_at FROM people"
            )
        )
        query = select(people.table.c.id, people.table.c.created_at).order_by(people.table.c.id)
        assert list(map(tuple, session.execute(query))) == [(70, AT), (71, AT)]
    database.engine.dispose()
