"""Tables that only grow: the database itself refuses to change or delete their rows."""

from sqlalchemy import Connection, text

# Every table that must be protected. A test writes to, changes and deletes from each of them after
# every path of migrations, because rebuilding a table on SQLite silently drops its triggers.
APPEND_ONLY_TABLES = (
    "holiday_notices",
    "rulesets",
    "journal",
    "access_log",
    "access_batches",
    "reading_decisions",
    "records",
    "paper_templates",
    "disposal_lists",
    "disposal_entries",
    "disposal_acts",
    "disposed_cases",
    "disposed_files",
)

_ACTIONS = ("UPDATE", "DELETE")

_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP;
END
$$
"""


def protect(connection: Connection, table: str) -> None:
    """Make the database refuse UPDATE and DELETE (and TRUNCATE) on this table.

    Safe to repeat. For migrations, after creating or rebuilding the table.
    """
    unprotect(connection, table)
    if connection.dialect.name == "sqlite":
        for action in _ACTIONS:
            connection.execute(
                text(
                    f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} only grows: {action} is refused'); END"
                )
            )
        return
    connection.execute(text(_POSTGRESQL_FUNCTION))
    for action in (*_ACTIONS, "TRUNCATE"):
        connection.execute(
            text(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
        )


def unprotect(connection: Connection, table: str) -> None:
    """Take the refusal off this table. Only for migrations that rebuild or drop it."""
    for action in (*_ACTIONS, "TRUNCATE"):
        name = f"{table}_no_{action.lower()}"
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        else:
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON {table}"))
