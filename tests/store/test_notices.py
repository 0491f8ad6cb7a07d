"""Holiday notices that users entered."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from fireinvest.store import Database
from fireinvest.store.notices import HolidayNotice, StoredNotice, add_notice, notices_in_force

RECORDED = datetime(2026, 11, 24, 3, 4, 5, tzinfo=UTC)


def _add(
    database: Database, year: int, document: str, number: str = "国办发明电〔2025〕7号"
) -> int:
    with database.sessions.begin() as session:
        return add_notice(
            session,
            year=year,
            number=number,
            published_on=date(2025, 11, 4),
            document=document,
            recorded_at=RECORDED,
        )


def test_nothing_is_in_force_at_first(database: Database) -> None:
    with database.readers.begin() as session:
        assert notices_in_force(session) == []


def test_a_notice_is_stored_whole(database: Database) -> None:
    assert _add(database, 2026, '{"off":["2026-01-01"]}') == 1
    with database.readers.begin() as session:
        assert notices_in_force(session) == [
            StoredNotice(
                year=2026,
                revision=1,
                number="国办发明电〔2025〕7号",
                published_on=date(2025, 11, 4),
                document='{"off":["2026-01-01"]}',
                sha256="004d5f86ea05485d6260f11005d4c82bab4086bf863f6ab36e3dd570b44f127b",
                recorded_at=RECORDED,
            )
        ]


def test_the_same_document_again_adds_nothing(database: Database) -> None:
    assert [_add(database, 2026, "{}") for _ in range(3)] == [1, 1, 1]


def test_a_changed_document_is_a_new_revision_and_so_is_a_return(database: Database) -> None:
    assert [_add(database, 2026, document) for document in ("a", "b", "a")] == [1, 2, 3]


def test_the_newest_revision_of_each_year_is_in_force_by_one_query(database: Database) -> None:
    for year, document in [(2027, "x"), (2026, "a"), (2026, "b"), (2027, "y"), (2025, "z")]:
        _add(database, year, document)
    statements: list[str] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, *_: statements.append(statement),
    )
    with database.readers.begin() as session:
        found = [(each.year, each.revision, each.document) for each in notices_in_force(session)]
    assert found == [(2025, 1, "z"), (2026, 2, "b"), (2027, 2, "y")]
    assert len([each for each in statements if each.startswith("SELECT holiday")]) == 1


@pytest.mark.parametrize("revision", [0, 1])
def test_a_revision_counts_from_one_and_is_taken_once(database: Database, revision: int) -> None:
    _add(database, 2026, "a")
    with pytest.raises(IntegrityError), database.sessions.begin() as session:
        session.add(
            HolidayNotice(
                year=2026,
                revision=revision,
                number="",
                published_on=None,
                document="b",
                sha256="",
                recorded_at=RECORDED,
            )
        )
