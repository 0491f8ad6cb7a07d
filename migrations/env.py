"""How Alembic reaches the database: the same settings and engine as the application."""

import os

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from config import Settings
from fireinvest.store.db import make_engine
from fireinvest.store.models import metadata
from fireinvest.store.search import is_ours


def run(connection: Connection) -> None:
    """Bring the database to the wanted migration, each in its own transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_server_default=True,
        # The tables of the search have no model.
        include_name=lambda name, kind, _: not (kind == "table" and is_ours(name)),
        # SQLite cannot change a column; Alembic then copies the table.
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("fireinvest: migrations need the database; --sql is not supported.")

given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    # A test names its database here; everyone else by the environment.
    url = context.config.attributes.get("url") or Settings.or_exit(os.environ).database_url
    engine = make_engine(url)
    try:
        with engine.connect() as opened:
            run(opened)
    except OperationalError as problem:
        # The driver's own words name the fault (absent, refused, locked) and no data.
        raise SystemExit(f"fireinvest: the database does not answer: {problem.orig}") from None
    finally:
        engine.dispose()
