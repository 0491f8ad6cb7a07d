"""Files that were uploaded and wait to become part of an entry. Their bytes are kept elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant, LargeId


class StagedFile(Base):
    """A file that somebody uploaded: private to them until an entry names its hash."""

    __tablename__ = "staged_files"
    __table_args__ = (Index(None, "person_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(LargeId)
    staged_at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that waits: its name, the SHA-256 and the size in bytes of what it holds."""

    id: str
    person_id: int
    name: str
    media_type: str
    sha256: str
    size: int
    staged_at: datetime


_COLUMNS = tuple(getattr(StagedFile, name) for name in Staged.__dataclass_fields__)


def add_staged(
    session: Session,
    *,
    file_id: str,
    person_id: int,
    name: str,
    media_type: str,
    sha256: str,
    size: int,
    staged_at: datetime,
) -> None:
    """Keep a file that was uploaded; its bytes must be stored already."""
    session.execute(
        insert(StagedFile).values(
            id=file_id,
            person_id=person_id,
            name=name,
            media_type=media_type,
            sha256=sha256,
            size=size,
            staged_at=staged_at,
        )
    )


def find_staged(session: Session, person_id: int, file_ids: Sequence[str]) -> list[Staged]:
    """Return those of the files that this person uploaded, in the order asked for."""
    if not file_ids:
        return []
    rows = session.execute(
        select(*_COLUMNS).where(StagedFile.person_id == person_id, StagedFile.id.in_(file_ids))
    )
    found = {row.id: Staged(*row) for row in rows}
    return [found[each] for each in file_ids if each in found]
