"""The database: the only place where SQLAlchemy is spoken.

Others take from here what they need to open the unit of work:
``with sessions.begin() as session: ...`` for changes, ``with readers.begin() as session: ...``
for pages that only read.
"""

from sqlalchemy.orm import Session, sessionmaker

# The tables refer to each other: whoever uses one of them has to know all.
from fireinvest.store import models  # noqa: F401
from fireinvest.store.db import Database, open_database

# A factory whose ``begin()`` is the unit of work.
Sessions = sessionmaker[Session]

__all__ = ["Database", "Session", "Sessions", "open_database"]
