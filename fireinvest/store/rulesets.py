"""The law that cases use, kept whole: a vanished or changed profile file breaks nothing."""

from datetime import datetime

from sqlalchemy import String, Text, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant


class RulesetRow(Base):
    """The files of a ruleset's layers, highest first, as a JSON list. Rows are only added."""

    __tablename__ = "rulesets"

    pin: Mapped[str] = mapped_column(String(64), primary_key=True)
    contents: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[datetime] = mapped_column(Instant)


def is_stored(session: Session, pin: str) -> bool:
    """Is the ruleset with this pin kept already?"""
    return session.scalar(select(RulesetRow.pin).where(RulesetRow.pin == pin)) is not None


def contents_of(session: Session, pin: str) -> str | None:
    """Return the stored contents under a pin, or None."""
    return session.scalar(select(RulesetRow.contents).where(RulesetRow.pin == pin))


def add_ruleset(session: Session, *, pin: str, contents: str, stored_at: datetime) -> None:
    """Keep the contents under their pin; where another was quicker, they are kept already."""
    values = {"pin": pin, "contents": contents, "stored_at": stored_at}
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sqlite.insert(RulesetRow).values(**values).on_conflict_do_nothing())
    else:
        session.execute(postgresql.insert(RulesetRow).values(**values).on_conflict_do_nothing())
