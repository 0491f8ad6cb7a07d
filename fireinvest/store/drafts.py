"""Drafts: what somebody began to write and has not sent. Private, and in no journal."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant

#: Characters of the address under which a draft stands.
LONGEST_FORM = 200


class Draft(Base):
    """One person's draft of one form; ``form`` names the case as well, where there is one."""

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("person_id", "form"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    form: Mapped[str] = mapped_column(String(LONGEST_FORM))
    content: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(Instant)


def save_draft(
    session: Session, person_id: int, form: str, content: str, saved_at: datetime
) -> None:
    """Keep a person's draft of a form, in place of an earlier one."""
    row = _find(session, person_id, form)
    if row is None:
        row = Draft(person_id=person_id, form=form, content=content, saved_at=saved_at)
        session.add(row)
    row.content, row.saved_at = content, saved_at
    session.flush()


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """What is kept of a form."""

    form: str
    content: str
    saved_at: datetime


#: More than anybody has open at a time.
_MOST = 50


def find_draft(session: Session, person_id: int, form: str) -> StoredDraft | None:
    """Return a person's draft of a form, or None."""
    row = _find(session, person_id, form)
    return None if row is None else StoredDraft(row.form, row.content, row.saved_at)


def drafts_of(session: Session, person_id: int) -> list[StoredDraft]:
    """Return a person's drafts, the newest first."""
    rows = session.scalars(
        select(Draft)
        .where(Draft.person_id == person_id)
        .order_by(Draft.saved_at.desc(), Draft.id)
        .limit(_MOST)
    )
    return [StoredDraft(row.form, row.content, row.saved_at) for row in rows]


def forms_with_drafts(session: Session, person_id: int, forms: Collection[str]) -> set[str]:
    """Return those of some forms of which a person has a draft."""
    query = select(Draft.form).where(Draft.person_id == person_id, Draft.form.in_(forms))
    return set(session.scalars(query)) if forms else set()


def drop_draft(session: Session, person_id: int, form: str) -> None:
    """Forget a person's draft of a form."""
    session.execute(delete(Draft).where(Draft.person_id == person_id, Draft.form == form))


def _find(session: Session, person_id: int, form: str) -> Draft | None:
    return session.scalars(
        select(Draft).where(Draft.person_id == person_id, Draft.form == form)
    ).one_or_none()
