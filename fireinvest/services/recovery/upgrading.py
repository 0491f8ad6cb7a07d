"""Bringing the database up to this program: a backup first, then all migrations, or none."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fireinvest.gateways.blobs import Blobs
from fireinvest.messages import Faulty, Problem, Text, excerpt
from fireinvest.services.cases import fill_ledger
from fireinvest.services.recovery.backups import (
    UNFINISHED,
    Backup,
    make_backup,
    unknown_migration,
)
from fireinvest.services.recovery.protection import Protection
from fireinvest.store import Database
from fireinvest.store.access import log_access
from fireinvest.store.conflicts import changing
from fireinvest.store.db import revision_now
from fireinvest.store.dump import reaching
from fireinvest.store.schema import (
    MIGRATIONS,
    MigrationFailed,
    Unknown,
    bring_up,
    need_known,
    newest_revision,
)
from fireinvest.workflow.permissions import SYSTEM

__all__ = ["UpgradeFailed", "Upgraded", "upgrade"]

_NAME = re.compile(r"fireinvest-[0-9]{8}T[0-9]{6}Z-\w{1,40}\.tar\.gz(\.age|\.locked)?")
#: Since this migration the rows of cases hold what the ledger shows; older ones are filled with it.
_LEDGER = "0013"
#: What a backup that was killed leaves behind is older than any that still runs.
_ABANDONED = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Upgraded:
    """From which migration to which? The backup is None where there was nothing to lose."""

    before: str | None
    after: str | None
    backup: Path | None
    made: Backup | None


class UpgradeFailed(Exception):
    """A migration failed; ``backup`` holds all as it was before, where there was anything."""

    def __init__(self, why: str, backup: Path | None, *, is_as_before: bool) -> None:
        """Keep why it failed, and what is left."""
        super().__init__(why)
        self.why = why
        self.backup = backup
        self.is_as_before = is_as_before


def upgrade(
    database: Database,
    blobs: Blobs,
    folder: Path,
    protection: Protection,
    *,
    kept: int,
    now: datetime,
    migrations: Path = MIGRATIONS,
) -> Upgraded:
    """Bring the database up to date, after a backup into a folder, of which the newest are kept.

    A database that is up to date is left alone, and one that is empty needs no backup.

    Raises:
        UpgradeFailed: when a migration fails; the database is as before, as far as it says so.
        Faulty: when the backup can't be made, or the database is of a newer program.
        store.db.Unreachable: when the database doesn't answer.

    """
    before, newest = revision_now(database.engine), newest_revision(migrations)
    if before == newest:
        return Upgraded(before, newest, None, None)
    target: Path | None = None
    made: Backup | None = None
    if before is not None:
        try:
            need_known(before, migrations)
        except Unknown as error:
            raise unknown_migration(error.revision) from error
        target = _target(folder, before, protection, now)
        made = make_backup(database, blobs, target, protection, now=now, migrations=migrations)
    try:
        bring_up(database.engine, migrations)
    except MigrationFailed as failed:
        raise UpgradeFailed(failed.why, target, is_as_before=failed.is_as_before) from failed
    if before is not None and before < _LEDGER and newest is not None and newest >= _LEDGER:
        with reaching():
            fill_ledger(database)
    if target is not None:
        _drop_old(folder, kept, now)
        with reaching(), changing(database) as session:
            log_access(
                session,
                happened_at=now,
                person=SYSTEM,
                what="upgraded",
                item=target.name,
                old={"revision": before},
                new={"revision": newest},
            )
    return Upgraded(before, newest, target, made)


def _target(folder: Path, revision: str, protection: Protection, now: datetime) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        text = Text("The folder %(folder)s can't be made.", folder=excerpt(folder.name))
        raise Faulty([Problem("BACKUP_FOLDER", text)]) from error
    made_at = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return folder / f"fireinvest-{made_at}-{revision}{protection.ending}"


def _drop_old(folder: Path, kept: int, now: datetime) -> None:
    """Remove all but the newest backups, and nothing that has another name."""
    ours = sorted(each.name for each in folder.iterdir() if _NAME.fullmatch(each.name))
    for name in ours[:-kept]:
        (folder / name).unlink(missing_ok=True)
    for left in folder.glob(f".*{UNFINISHED}"):
        if now - datetime.fromtimestamp(left.lstat().st_mtime, UTC) > _ABANDONED:
            left.unlink(missing_ok=True)
