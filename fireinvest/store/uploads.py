"""Files that come in parts: whose they are, and how much of each has arrived for good."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from fireinvest.store.base import Base, Instant
from fireinvest.store.files import StagedFile


class UploadRow(Base):
    """A file of which not all has arrived, or that is just being made a staged file.

    ``mark``: by it whoever sends it knows the same file again. ``arrived``: so many bytes are
    kept. ``media_type`` and ``hash``: what it was found to be when all of it was there.
    """

    __tablename__ = "uploads"
    __table_args__ = (Index(None, "person_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(String(255))
    length: Mapped[int] = mapped_column(BigInteger)
    mark: Mapped[str] = mapped_column(String(200))
    arrived: Mapped[int] = mapped_column(BigInteger)
    touched_at: Mapped[datetime] = mapped_column(Instant)
    media_type: Mapped[str | None] = mapped_column(String(100))
    hash: Mapped[str | None] = mapped_column(String(64))


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that comes in parts; see :class:`UploadRow`. Lengths in bytes."""

    id: str
    person_id: int
    name: str
    length: int
    mark: str
    arrived: int
    touched_at: datetime
    media_type: str | None
    hash: str | None


_COLUMNS = tuple(getattr(UploadRow, name) for name in Upload.__dataclass_fields__)


def add_upload(session: Session, upload: Upload) -> None:
    """Begin a file of which nothing has arrived yet."""
    values = {name: getattr(upload, name) for name in Upload.__dataclass_fields__}
    session.execute(insert(UploadRow).values(values))


def find_upload(session: Session, person_id: int, upload_id: str) -> Upload | None:
    """Return a file that this person sends, None where there is no such."""
    row = session.execute(
        select(*_COLUMNS).where(UploadRow.id == upload_id, UploadRow.person_id == person_id)
    ).one_or_none()
    return None if row is None else Upload(*row)


def find_same(session: Session, person_id: int, name: str, length: int, mark: str) -> Upload | None:
    """Return the latest file of this person that is the same as far as they can tell."""
    row = session.execute(
        select(*_COLUMNS)
        .where(
            UploadRow.person_id == person_id,
            UploadRow.name == name,
            UploadRow.length == length,
            UploadRow.mark == mark,
        )
        .order_by(UploadRow.touched_at.desc(), UploadRow.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else Upload(*row)


def uploads_of(session: Session, person_id: int) -> list[Upload]:
    """Return all files that this person sends, the newest first."""
    query = (
        select(*_COLUMNS)
        .where(UploadRow.person_id == person_id)
        .order_by(UploadRow.touched_at.desc(), UploadRow.id)
    )
    return [Upload(*row) for row in session.execute(query)]


def waiting_of(session: Session, person_id: int) -> tuple[int, int]:
    """Return how many files of this person come in parts or wait for a form, and their bytes."""
    coming = session.execute(
        select(func.count(), func.coalesce(func.sum(UploadRow.length), 0)).where(
            UploadRow.person_id == person_id
        )
    ).one()
    staged = session.execute(
        select(func.count(), func.coalesce(func.sum(StagedFile.size), 0)).where(
            StagedFile.person_id == person_id
        )
    ).one()
    return coming[0] + staged[0], int(coming[1]) + int(staged[1])


def note_arrived(session: Session, upload_id: str, arrived: int, now: datetime) -> None:
    """Note how much of a file is kept."""
    session.execute(
        update(UploadRow)
        .where(UploadRow.id == upload_id)
        .values(arrived=arrived, touched_at=now, media_type=None, hash=None)
    )


def note_whole(session: Session, upload_id: str, media_type: str, its_hash: str) -> None:
    """Note what a file was found to be."""
    session.execute(
        update(UploadRow)
        .where(UploadRow.id == upload_id)
        .values(media_type=media_type, hash=its_hash)
    )


def drop_upload(session: Session, upload_id: str) -> bool:
    """Forget a file; say whether there was one."""
    gone = session.scalars(select(UploadRow.id).where(UploadRow.id == upload_id)).one_or_none()
    session.execute(delete(UploadRow).where(UploadRow.id == upload_id))
    return gone is not None


def untouched_since(session: Session, before: datetime) -> list[Upload]:
    """Return the files to which nothing was added since an instant."""
    query = select(*_COLUMNS).where(UploadRow.touched_at < before).order_by(UploadRow.id)
    return [Upload(*row) for row in session.execute(query)]


def known_uploads(session: Session, upload_ids: Collection[str]) -> frozenset[str]:
    """Return those of the ids that files which come in parts have."""
    if not upload_ids:
        return frozenset()
    return frozenset(session.scalars(select(UploadRow.id).where(UploadRow.id.in_(upload_ids))))
