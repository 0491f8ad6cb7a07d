"""Who may add a case while a notice or a decision is applied to all of them? Nobody."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

#: Under this number PostgreSQL keeps the lock; any number that nothing else uses.
_LOCK = 0x66697265


def hold_rules(session: Session, *, alone: bool = False) -> None:
    """Keep the notices and decisions in force as they are until the session ends.

    Many may hold them at once; ``alone``, to change them, waits for the others. On SQLite there is
    one writer at a time anyhow.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
        session.execute(select(lock(_LOCK)))
