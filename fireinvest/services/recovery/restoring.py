"""Putting a backup back in an empty place: all of it, or nothing."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from fireinvest.gateways.blobs import Blobs
from fireinvest.messages import Faulty, Problem, Text
from fireinvest.services.cases import rebuild
from fireinvest.services.files import verify_files
from fireinvest.services.journal import verify_all
from fireinvest.services.notices import calendar_in_force
from fireinvest.services.recovery.checking import About, Proof, prove, rows_of
from fireinvest.services.recovery.ledger import Ledger, open_ledger, state_of
from fireinvest.services.recovery.packing import FILES, Damaged, Member, members
from fireinvest.services.recovery.protection import Protection
from fireinvest.store import journal, records
from fireinvest.store.access import log_access
from fireinvest.store.dump import Filling, NotTaken, filling, has_nothing
from fireinvest.store.sign_ins import end_every_sign_in
from fireinvest.workflow.permissions import SYSTEM

__all__ = ["Restored", "restore"]

#: How many faults are named.
_MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back?

    ``faults``: what had been tampered with, or lost by the file store, before the backup was made;
    in words. ``rebuilt``: how many cases and deadlines were counted anew, as under a newer notice.
    """

    proof: Proof
    rebuilt: int
    faults: tuple[str, ...]


def restore(
    url: str,
    blobs: Blobs,
    path: Path,
    protection: Protection,
    *,
    now: datetime,
) -> Restored:
    """Put a backup back, as of this program's migrations; every sign-in in it is ended.

    It is proved first, and again afterwards, before anybody can see it. A process that is killed
    leaves at most files, with which the next restore goes on.

    Raises:
        Faulty: when the place isn't empty, or the backup isn't sound; nothing is changed then.
        store.db.Unreachable: when the database doesn't answer.

    """
    if not has_nothing(url):
        text = Text(
            "The database isn't empty. A backup is put back in an empty place alone: make a new "
            "database, and name it here."
        )
        raise Faulty([Problem("DATABASE_URL", text)])
    with open_ledger() as ledger:
        proof = prove(path, protection, ledger)
        try:
            for name in blobs.names():
                if not ledger.is_kept(name):
                    text = Text(
                        "There are files already that aren't of this backup. A backup is put back in "
                        "an empty place alone: name a new folder here."
                    )
                    raise Faulty([Problem("BLOB_URL", text)])
                ledger.keep_as_it_was(name)
            with filling(url) as target:
                _fill(target, blobs, path, protection, proof, ledger)
                return _proved(target, blobs, proof, now)
        except BaseException as error:
            for name in ledger.added():
                blobs.remove(name)
            if isinstance(error, OSError):
                text = Text("Files can't be kept: %(why)s.", why=error.strerror or "?")
                raise Faulty([Problem("BLOB_URL", text)]) from error
            raise


def _fill(
    target: Filling,
    blobs: Blobs,
    path: Path,
    protection: Protection,
    proof: Proof,
    ledger: Ledger,
) -> None:
    """Put rows and files back; whatever isn't what was proved just now is refused."""
    target.create(proof.about.revision)
    with members(path, protection) as found:
        for member in found:
            if member.name.startswith(FILES):
                _put_file(blobs, member, ledger)
                continue
            _put_rows(target, proof.about, member)
            if proof.members.get(member.name) != (member.size, member.finish()):
                raise _changed(member)
    for layout in proof.about.layouts:
        if target.count(layout) != proof.rows[layout.name]:
            raise Damaged(layout.name, Text("Not all of its rows came back."))
    target.number_on(proof.about.layouts)
    target.create("head")


def _put_rows(target: Filling, about: About, member: Member) -> None:
    for layout in about.layouts:
        if member.name.startswith(f"rows/{layout.name}/"):
            try:
                target.add(layout, rows_of(layout, member))
            except NotTaken as error:
                text = Text(
                    "This kind of database can't keep a row of %(table)s.", table=error.table
                )
                raise Faulty([Problem(member.name, text)]) from error


def _put_file(blobs: Blobs, member: Member, ledger: Ledger) -> None:
    sha256 = member.name.removeprefix(FILES)
    if not ledger.is_kept(sha256):
        # It was damaged before the backup was made: nothing may stand under its name.
        member.finish()
        return
    ledger.add(sha256)
    if blobs.put(member.buffered(), at_most=member.size).sha256 != sha256:
        raise _changed(member)


def _changed(member: Member) -> Damaged:
    return Damaged(member.name, Text("The backup was changed while it was read."))


def _proved(target: Filling, blobs: Blobs, proof: Proof, now: datetime) -> Restored:
    database = target.database
    with database.sessions.begin() as session:
        if state_of(journal.heads(session), records.heads(session)) != proof.state:
            raise Damaged("", Text("The journals aren't in the state of the backup."))
        faults = [str(each) for each in islice(verify_files(session, blobs), _MOST_FAULTS)]
        end_every_sign_in(session, now)
    faults += [str(each) for each in islice(verify_all(database, workers=1), _MOST_FAULTS)]
    # The words of the search come with it.
    rebuilt = sum(1 for _ in rebuild(database, calendar_in_force(database), check=False))
    with database.sessions.begin() as session:
        log_access(
            session,
            happened_at=now,
            person=SYSTEM,
            what="restored",
            item=proof.state,
            new={
                "made_at": proof.about.made_at.isoformat(timespec="seconds"),
                "revision": proof.about.revision,
            },
        )
    return Restored(proof, rebuilt, tuple(faults))
