"""Migrations: they lead to the models, back again, and lose no protection on the way."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError

from fireinvest.store import Database, open_database
from fireinvest.store.append_only import APPEND_ONLY_TABLES
from fireinvest.store.db import schema_is_current
from fireinvest.store.models import TABLES, metadata
from fireinvest.store.schema import MIGRATIONS
from fireinvest.store.search import is_ours
from tests.conftest import migrate

AN_INSTANT = "2026-01-01 00:00:00"

# A row for each append-only table, to be changed and deleted in vain; in the order of references.
ROWS: dict[str, dict[str, object]] = {
    "holiday_notices": {
        "year": 2026, "revision": 1, "number": "n", "document": "{}", "sha256": "s",
        "recorded_at": AN_INSTANT,
    },
    "rulesets": {"pin": "p", "contents": "[]", "stored_at": AN_INSTANT},
    "journal": {
        "case_id": 1, "seq": 1, "step": "open", "kind": "open", "schema_version": 1,
        "payload": "{}", "old_values": "{}", "new_values": "{}", "occurred_on": "2026-01-01",
        "recorded_at": AN_INSTANT, "actor": "a", "idempotency_key": "k", "prev_hash": "h",
        "hash": "h",
    },
    "access_log": {"happened_at": AN_INSTANT, "person": "a", "what": "sign_in"},
    "access_batches": {
        "last_id": 1, "first_id": 1, "count": 1, "sealed_at": AN_INSTANT, "prev_hash": "h",
        "hash": "h",
    },
    "reading_decisions": {
        "profile": "p", "reading": "r", "revision": 1, "chosen": "c", "applies_from": "2026-01-01",
        "decided_by": "d", "document": "n", "reason": "w", "recorded_by": "a",
        "recorded_at": AN_INSTANT,
    },
    "records": {
        "case_id": 1, "seq": 1, "register": "parties", "item": 1, "version": 1,
        "schema_version": 1, "payload": "{}", "is_withdrawn": False, "recorded_at": AN_INSTANT,
        "actor": "a", "idempotency_key": "k", "prev_hash": "p", "hash": "h",
    },
    "paper_templates": {
        "division": "530300", "tier": "city", "kind": "reply", "version": 1, "size": 0,
        "name": "", "uploaded_at": AN_INSTANT, "uploaded_by": "a",
    },
    "disposal_lists": {
        "id": 1, "division": "530300", "tier": "city", "title": "t", "appraisers": "a",
        "drawn_by": "a", "drawn_at": AN_INSTANT, "idempotency_key": "k",
    },
    "disposal_entries": {
        "list_id": 1, "case_id": 1, "number": "n", "title": "t", "occurred_on": "2026-01-01",
        "filed_on": "2026-01-01", "period": "p", "kept_until": "2026-01-01", "is_kept": False,
        "opinion": "o", "journal_hash": "h", "records_hash": "h",
    },
    "disposal_acts": {
        "list_id": 1, "seq": 1, "what": "approved", "person": "b", "done_at": AN_INSTANT,
    },
    "disposed_cases": {"case_id": 1, "list_id": 1, "disposed_on": "2026-01-01"},
    "disposed_files": {"blob": "b", "case_id": 1, "list_id": 1},
}  # fmt: skip

# What the row of another table needs to exist.
BEFORE: dict[str, tuple[str, dict[str, object]]] = {
    "journal": (
        "cases",
        {
            "id": 1, "number": "5303-2026-0001", "version": 1, "head_hash": "h",
            "occurred_on": "2026-01-01", "unit_name": "u", "address": "a", "ruleset_pin": "p",
            "level": "general", "level_is_floor": False, "mode": "investigate", "is_demo": False,
            "opened_at": AN_INSTANT, "counted_on": "2026-01-01",
        },
    )
}  # fmt: skip


def _insert_rows(database: Database) -> None:
    for name, values in ROWS.items():
        needed = [BEFORE[name]] if name in BEFORE else []
        for table, row in (*needed, (name, values)):
            places = ", ".join(f":{key}" for key in row)
            with database.sessions.begin() as session:
                session.execute(
                    text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"), row
                )


def _assert_protected(database: Database) -> None:
    for name, values in ROWS.items():
        column = next(iter(values))
        statements = [f"UPDATE {name} SET {column} = {column}", f"DELETE FROM {name}"]
        if database.engine.dialect.name == "postgresql":
            statements.append(f"TRUNCATE {name} CASCADE")
        for statement in statements:
            with (
                pytest.raises(DBAPIError, match="only grows"),
                database.sessions.begin() as session,
            ):
                session.execute(text(statement))
        with database.readers.begin() as session:
            assert session.scalar(text(f"SELECT count(*) FROM {name}")) == 1


def _revisions() -> list[str]:
    scripts = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return [script.revision for script in reversed(list(scripts))]


def test_every_append_only_table_is_tried() -> None:
    assert set(ROWS) == set(APPEND_ONLY_TABLES)
    assert set(ROWS) <= {table.__tablename__ for table in TABLES}


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory(str(MIGRATIONS)).get_heads()) == 1


def test_the_newest_migration_gives_exactly_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, kind, _: not (kind == "table" and is_ours(name)),
            },
        )
        assert compare_metadata(context, metadata) == []


def test_all_the_way_down_leaves_nothing(database: Database, database_url: str) -> None:
    migrate(database_url, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    if database.engine.dialect.name == "postgresql":
        with database.readers.begin() as session:
            assert not session.scalar(
                select(text("count(*) FROM pg_proc WHERE proname = 'refuse_change'"))
            )


def test_rows_are_protected(database: Database) -> None:
    _insert_rows(database)
    _assert_protected(database)


def test_protection_survives_one_migration_at_a_time(empty_database_url: str) -> None:
    for revision in _revisions():
        migrate(empty_database_url, revision)
    database = open_database(empty_database_url)
    _insert_rows(database)
    _assert_protected(database)
    database.engine.dispose()


def test_protection_survives_every_way_down_and_up_again(database_url: str) -> None:
    for back in range(1, len(_revisions()) + 1):
        migrate(database_url, f"-{back}")
        migrate(database_url)
    database = open_database(database_url)
    assert schema_is_current(database.engine)
    _insert_rows(database)
    _assert_protected(database)
    database.engine.dispose()


@pytest.mark.parametrize(
    "url", ["sqlite:////nonexistent/x.db", "postgresql://u:topsecret@/d?host=/nonexistent"]
)
def test_an_absent_database_is_said_plainly(url: str) -> None:
    with pytest.raises(SystemExit, match="the database does not answer") as ended:
        migrate(url)
    assert "topsecret" not in str(ended.value)


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    database = open_database(database_url)
    _insert_rows(database)
    migrate(database_url)
    _assert_protected(database)
    database.engine.dispose()
