"""A backup is of one moment, comes back as it was, and whatever was done to it is named."""

import gzip
import json
import os
import resource
import signal
import sqlite3
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from shutil import copytree
from stat import S_IMODE
from threading import Event, Thread

import pyrage
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config import ROOT
from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.messages import Faulty
from fireinvest.services.cases import act
from fireinvest.services.files import as_attachments, stage, verify_files
from fireinvest.services.journal import verify_all
from fireinvest.services.people import create_person
from fireinvest.services.records import file_records
from fireinvest.services.recovery import (
    Backup,
    Damaged,
    Protection,
    UpgradeFailed,
    check_backup,
    make_backup,
    restore,
    upgrade,
)
from fireinvest.store import Database, open_database
from fireinvest.store.append_only import APPEND_ONLY_TABLES, unprotect
from fireinvest.store.db import revision_now, schema_is_current
from fireinvest.store.dump import snapshot
from fireinvest.store.schema import MIGRATIONS, newest_revision
from fireinvest.workflow.actions import DocumentSent, Figures
from fireinvest.workflow.engine import Action
from fireinvest.workflow.items.people import Party
from fireinvest.workflow.registers import Filing
from tests.conftest import MakeDatabase, migrate
from tests.services.office import (
    CALENDAR,
    FIRE_ON,
    LAW,
    NOW,
    TIMERS,
    TODAY,
    did,
    key,
    opened,
    submitted,
)
from tests.services.test_crash import in_child

OPEN = Protection()
LATER = NOW + timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """A database and a folder of files, which need not be there yet."""

    url: str
    blobs: LocalBlobs

    @contextmanager
    def database(self) -> Iterator[Database]:
        opened_here = open_database(self.url)
        yield opened_here
        opened_here.engine.dispose()


@pytest.fixture
def quick_database(sqlite_url: str) -> Iterator[Database]:
    """A fresh, migrated database, on SQLite alone."""
    database = open_database(sqlite_url)
    yield database
    database.engine.dispose()


MakePlace = Callable[[str], Place]


@pytest.fixture
def empty_place(tmp_path: Path, request: pytest.FixtureRequest) -> MakePlace:
    """Makes a place where nothing is, of a kind."""
    made = 0

    def make(kind: str) -> Place:
        nonlocal made
        made += 1
        blobs = LocalBlobs(tmp_path / f"files-{made}")
        if kind == "sqlite":
            return Place(f"sqlite:///{tmp_path / f'place-{made}.db'}", blobs)
        create: MakeDatabase = request.getfixturevalue("make_postgresql")
        return Place(create(migrated=False), blobs)

    return make


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "files")


def worked(database: Database, blobs: LocalBlobs, cases: int = 2) -> None:
    """Some cases on their way, with attached files, one that only waits, and a sign-in."""
    person = create_person(database, login="sun", name="孙某", now=NOW)
    for number in range(cases):
        ref = opened(database)
        submitted(database, ref)
        staged = stage(
            database, blobs, person, "记录.txt", BytesIO(f"第{number}份".encode()),
            at_most=1000, now=NOW,
        )  # fmt: skip
        action = Action(
            "update_figures", Figures(deaths=6), FIRE_ON, attachments=as_attachments([staged])
        )
        act(
            database, LAW, CALENDAR, TIMERS, ref.id, action,
            idempotency_key=key(), now=NOW, today=TODAY,
        )  # fmt: skip
        # A register's item, with a file of its own, that was changed since.
        photo = stage(
            database, blobs, person, "照片.txt", BytesIO(f"第{number}张".encode()),
            at_most=1000, now=NOW,
        )  # fmt: skip
        values = Party(f"证人{number}", "person", "witness", phone="13800001234")
        filing = Filing("parties", values, attachments=as_attachments([photo]))
        for each in (filing, replace(filing, item=1, expected_version=1)):
            file_records(
                database, LAW, CALENDAR, TIMERS, ref.id, [each],
                idempotency_key=key(), now=NOW, today=TODAY,
            )  # fmt: skip
    stage(database, blobs, person, "草稿.txt", BytesIO(b"waits"), at_most=1000, now=NOW)
    with database.sessions.begin() as session:
        session.execute(
            text(
                "INSERT INTO sign_ins (token_hash, person_id, began_at, seen_at) "
                "VALUES ('t', :person, :now, :now)"
            ),
            {"person": person, "now": NOW.replace(tzinfo=None) if _is_sqlite(database) else NOW},
        )


def _is_sqlite(database: Database) -> bool:
    return database.engine.dialect.name == "sqlite"


def content(database: Database) -> dict[str, list[bytes]]:
    """All rows as they are written down, but what a restore adds itself."""
    with snapshot(database) as seen:
        assert seen is not None
        found = {each.name: [each.written(row) for row in seen.rows(each)] for each in seen.layouts}
    found["access_log"] = [row for row in found["access_log"] if b'"restored"' not in row]
    del found["sign_ins"]
    return found


def backed_up(
    database: Database, blobs: LocalBlobs, file: Path, protection: Protection = OPEN
) -> Backup:
    return make_backup(database, blobs, file, protection, now=NOW)


def put_back(place: Place, file: Path, protection: Protection = OPEN) -> tuple[str, ...]:
    return restore(place.url, place.blobs, file, protection, now=LATER).faults


def said(caught: pytest.ExceptionInfo[Faulty]) -> tuple[str, str]:
    (problem,) = caught.value.problems
    return problem.field, str(problem.text)


# ---------------------------------------------------------------------------- there and back


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_backed_up_comes_back_on_either_kind(
    database: Database, blobs: LocalBlobs, empty_place: MakePlace, tmp_path: Path, kind: str
) -> None:
    worked(database, blobs)
    made = backed_up(database, blobs, tmp_path / "backup")
    assert (made.files, made.missing, made.changed, made.is_encrypted) == (5, 0, 0, False)
    proof = check_backup(tmp_path / "backup", OPEN)
    assert (proof.state, sum(proof.rows.values()), proof.faults) == (made.state, made.rows, ())

    place = empty_place(kind)
    assert put_back(place, tmp_path / "backup") == ()
    with place.database() as restored:
        assert content(restored) == content(database)
        assert list(verify_all(restored, workers=1)) == []
        with restored.readers.begin() as session:
            assert list(verify_files(session, place.blobs)) == []
            assert session.scalar(text("SELECT count(*) FROM case_words")) == 2
            assert session.scalar(text("SELECT ended_at IS NOT NULL FROM sign_ins"))
            logged = session.execute(
                text("SELECT item, new_values FROM access_log WHERE what = 'restored'")
            ).one()
        assert logged.item == made.state
        assert sorted(place.blobs.names()) == sorted(blobs.names())
        # Ids go on, and the tables that only grow still do.
        ref = opened(restored)
        did(restored, ref, "request_team", DocumentSent(to="市政府"))
        assert create_person(restored, login="li", name="李某", now=NOW) > 1
        for table in {"journal", "access_log", "rulesets"} & set(APPEND_ONLY_TABLES):
            with (
                pytest.raises(DBAPIError, match="only grows"),
                restored.sessions.begin() as session,
            ):
                session.execute(text(f"DELETE FROM {table}"))


def test_a_backup_from_before_an_upgrade_comes_back_upgraded(
    empty_database_url: str, blobs: LocalBlobs, empty_place: MakePlace, tmp_path: Path
) -> None:
    migrate(empty_database_url, "0004")
    database = open_database(empty_database_url)
    now = NOW.isoformat(sep=" ").removesuffix("+00:00")
    with database.sessions.begin() as session:
        session.execute(
            text(
                "INSERT INTO people (login, name, is_active, created_at) "
                "VALUES ('sun', '孙某', true, :now)"
            ),
            {"now": now},
        )
        session.execute(
            text(
                "INSERT INTO grants (person_id, role, valid_from, granted_by) "
                "VALUES (1, 'administrator', '2025-01-01', 'system')"
            )
        )
    assert backed_up(database, blobs, tmp_path / "backup").revision == "0004"
    place = empty_place(database.engine.dialect.name)
    assert put_back(place, tmp_path / "backup") == ()
    with place.database() as restored:
        assert schema_is_current(restored.engine)
        with restored.readers.begin() as session:
            assert session.scalar(text("SELECT role FROM grants")) == "system_administrator"
    database.engine.dispose()


def test_a_backup_under_load_restores_to_the_same_hashes(
    database: Database, blobs: LocalBlobs, empty_place: MakePlace, tmp_path: Path
) -> None:
    worked(database, blobs)
    refs = [opened(database) for _ in range(2)]
    stopped = Event()
    failed: list[BaseException] = []
    numbers = [0, 0]

    def work(at: int) -> None:
        mine = open_database(database.engine.url.render_as_string(hide_password=False))
        try:
            while not stopped.is_set():
                numbers[at] += 1
                did(mine, refs[at], "update_figures", Figures(missing=numbers[at] % 90))
        except BaseException as error:
            failed.append(error)
        finally:
            mine.engine.dispose()

    workers = [Thread(target=work, args=(at,)) for at in range(2)]
    for each in workers:
        each.start()
    made = []
    for number in range(3):
        before = sum(numbers)
        while sum(numbers) < before + 4 and not failed:
            time.sleep(0.01)
        made.append(backed_up(database, blobs, tmp_path / f"backup-{number}"))
    stopped.set()
    for each in workers:
        each.join()
    assert failed == []
    assert len({each.state for each in made}) == 3
    for number, backup in enumerate(made):
        assert check_backup(tmp_path / f"backup-{number}", OPEN).state == backup.state
    # One of the middle: its journals are those of now, up to where they had come.
    place = empty_place(database.engine.dialect.name)
    assert put_back(place, tmp_path / "backup-1") == ()
    query = text("SELECT case_id, seq, hash FROM journal ORDER BY case_id, seq")
    with place.database() as restored:
        with restored.readers.begin() as session:
            then = session.execute(query).all()
        with database.readers.begin() as session:
            now = session.execute(query).all()
        assert len(then) < len(now)
        assert set(map(tuple, then)) < set(map(tuple, now))
        assert backed_up(restored, place.blobs, tmp_path / "again").state == made[1].state


def test_a_lost_or_damaged_file_is_told_and_stays_lost(
    quick_database: Database, blobs: LocalBlobs, empty_place: MakePlace, tmp_path: Path
) -> None:
    worked(quick_database, blobs, cases=3)
    with quick_database.readers.begin() as session:
        hashes = session.scalars(text("SELECT sha256 FROM staged_files ORDER BY id")).all()
    blobs.remove(hashes[0])
    path = blobs.folder / hashes[1][:2] / hashes[1][2:4] / hashes[1]
    path.write_bytes(b"something else")
    made = backed_up(quick_database, blobs, tmp_path / "backup")
    assert (made.files, made.missing, made.changed) == (5, 1, 1)
    proof = check_backup(tmp_path / "backup", OPEN)
    assert (proof.files, proof.missing, proof.changed) == (5, 1, 1)
    place = empty_place("sqlite")
    put_back(place, tmp_path / "backup")
    assert set(place.blobs.names()) == set(hashes[2:])


def test_chains_tampered_with_come_back_and_are_named(
    quick_database: Database, blobs: LocalBlobs, empty_place: MakePlace, tmp_path: Path
) -> None:
    worked(quick_database, blobs)
    with quick_database.engine.begin() as connection:
        for table in ("journal", "records"):
            unprotect(connection, table)
            where = "WHERE case_id = 1 AND seq = 2"
            connection.execute(text(f"UPDATE {table} SET actor = 'nobody' {where}"))
    backed_up(quick_database, blobs, tmp_path / "backup")
    faults = tuple(map(str, check_backup(tmp_path / "backup", OPEN).faults))
    assert faults == (
        "5303-2025-0001 #2: changed",
        "5303-2025-0001 #2 in the registers (parties P1): changed",
    )
    place = empty_place("sqlite")
    assert put_back(place, tmp_path / "backup") == faults


# ---------------------------------------------------------------------------- the file


def quick(sqlite_url: str, blobs: LocalBlobs) -> Database:
    database = open_database(sqlite_url)
    worked(database, blobs)
    return database


@pytest.fixture(scope="module")
def sound(migrated_sqlite: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound backup, not encrypted."""
    folder = tmp_path_factory.mktemp("sound")
    (folder / "sound.db").write_bytes(migrated_sqlite)
    blobs = LocalBlobs(folder / "files")
    database = quick(f"sqlite:///{folder / 'sound.db'}", blobs)
    backed_up(database, blobs, folder / "sound")
    database.engine.dispose()
    return folder / "sound"


def test_a_backup_is_private_whole_and_never_written_over(
    sqlite_url: str, blobs: LocalBlobs, tmp_path: Path
) -> None:
    database = quick(sqlite_url, blobs)
    folder = tmp_path / "backups"
    folder.mkdir()
    file = folder / "one"
    made = backed_up(database, blobs, file)
    assert S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_size == made.size
    assert list(folder.iterdir()) == [file]
    before = file.read_bytes()
    with pytest.raises(Faulty, match="exists already"):
        backed_up(database, blobs, file)
    for wrong in (folder / "no" / "such", folder):
        with pytest.raises(Faulty):
            backed_up(database, blobs, wrong)
    assert file.read_bytes() == before
    # Anybody's tar reads it, without this program.
    with tarfile.open(file) as archive:
        assert archive.getnames()[0] == "about.json"
        assert archive.getnames()[-1] == "manifest.json"
    database.engine.dispose()


KEY = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()


def test_a_backup_for_a_key_is_read_with_its_secret_part_alone(
    sqlite_url: str, blobs: LocalBlobs, empty_place: MakePlace, tmp_path: Path
) -> None:
    database = quick(sqlite_url, blobs)
    file = tmp_path / "backup"
    made = backed_up(database, blobs, file, Protection(recipients=(str(KEY.to_public()),)))
    assert made.is_encrypted
    raw = file.read_bytes()
    # Anybody's age and gzip read it with the key.
    assert "孙某".encode() in gzip.decompress(pyrage.decrypt(raw, [KEY]))
    for given, named in (
        (OPEN, "BACKUP_IDENTITY_FILE"),
        (Protection(identity=str(OTHER)), "BACKUP_IDENTITY_FILE"),
        (Protection(identity="# nothing\n"), "BACKUP_IDENTITY_FILE"),
        (Protection(passphrase="a long passphrase"), "BACKUP_IDENTITY_FILE"),
    ):
        with pytest.raises(Faulty) as caught:
            check_backup(file, given)
        assert said(caught)[0] == named
    mine = Protection(identity=f"# mine\n{OTHER}\n{KEY}\n")
    assert check_backup(file, mine).state == made.state
    for damaged in (raw[:-1], raw[: len(raw) // 2], flipped(raw, len(raw) // 2)):
        file.write_bytes(damaged)
        with pytest.raises(Damaged):
            check_backup(file, mine)
    with pytest.raises(Faulty) as caught:
        backed_up(database, blobs, tmp_path / "x", Protection(recipients=("age1" + "q" * 58,)))
    assert said(caught)[0] == "BACKUP_RECIPIENT"
    assert not (tmp_path / "x").exists()
    file.write_bytes(raw)
    assert put_back(empty_place("sqlite"), file, mine) == ()
    database.engine.dispose()


def test_a_backup_with_a_passphrase(sqlite_url: str, blobs: LocalBlobs, tmp_path: Path) -> None:
    database = quick(sqlite_url, blobs)
    file = tmp_path / "backup"
    mine = Protection(passphrase="correct horse battery")
    made = backed_up(database, blobs, file, mine)
    assert check_backup(file, mine).state == made.state
    raw = file.read_bytes()
    for at in (len(raw) - 100, len(raw) // 2):
        file.write_bytes(flipped(raw, at))
        with pytest.raises(Damaged):
            check_backup(file, mine)
    for damaged in (raw[:40], flipped(raw, 40), flipped(raw, 80)):
        file.write_bytes(damaged)
        with pytest.raises(Faulty) as caught:
            check_backup(file, mine)
        assert said(caught)[0] == "BACKUP_PASSPHRASE"
    file.write_bytes(raw)
    with pytest.raises(Faulty) as caught:
        check_backup(file, OPEN)
    assert said(caught)[0] == "BACKUP_PASSPHRASE"
    with pytest.raises(Faulty) as caught:
        check_backup(file, Protection(passphrase="incorrect horse battery"))
    assert said(caught)[0] == "BACKUP_PASSPHRASE"
    database.engine.dispose()


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


# ---------------------------------------------------------------------------- damage


def test_every_cut_and_every_flipped_bit_is_found(sound: Path, tmp_path: Path) -> None:
    raw = sound.read_bytes()
    file = tmp_path / "damaged"
    step = len(raw) // 25
    for at in [0, 1, 9, *range(20, len(raw), step), len(raw) - 4]:
        for damaged in (raw[:at], flipped(raw, at)):
            if _unpacks_alike(damaged, raw):
                continue  # A header of gzip has bytes without a meaning.
            file.write_bytes(damaged)
            with pytest.raises(Faulty):
                check_backup(file, OPEN)
    file.write_bytes(raw + b"more")
    with pytest.raises(Faulty):
        check_backup(file, OPEN)


def _unpacks_alike(one: bytes, other: bytes) -> bool:
    try:
        return gzip.decompress(one) == gzip.decompress(other)
    except (OSError, EOFError, zlib.error):
        return False


Members = list[tuple[tarfile.TarInfo, bytes]]


def members_in(file: Path) -> Members:
    with tarfile.open(file) as archive:
        return [(each, archive.extractfile(each).read()) for each in archive]  # type: ignore[union-attr] # files alone


def packed(members: Members, file: Path) -> Path:
    with tarfile.open(file, "w:gz", format=tarfile.USTAR_FORMAT) as archive:
        for info, inside in members:
            if info.isreg():
                info.size = len(inside)
            archive.addfile(info, BytesIO(inside))
    return file


def index_of(members: Members, begin: str) -> int:
    return next(at for at, (info, _) in enumerate(members) if info.name.startswith(begin))


def _replaced(begin: str, old: bytes, new: bytes) -> Callable[[Members], str]:
    def change(members: Members) -> str:
        at = index_of(members, begin)
        info, inside = members[at]
        assert old in inside
        members[at] = (info, inside.replace(old, new, 1))
        return info.name

    return change


def _dropped(begin: str) -> Callable[[Members], str]:
    def change(members: Members) -> str:
        info, _ = members.pop(index_of(members, begin))
        return info.name if begin.startswith(("rows/people", "files")) else ""

    return change


def _twice(begin: str) -> Callable[[Members], str]:
    def change(members: Members) -> str:
        at = index_of(members, begin)
        members.insert(at, members[at])
        return ""

    return change


def _listed_longer(members: Members) -> str:
    _replaced("list/", b'"kept",', b'"kept",1')(members)
    return members[index_of(members, "files/")][0].name


def _swapped(members: Members) -> str:
    at, other = index_of(members, "rows/cases"), index_of(members, "rows/journal")
    members[at], members[other] = members[other], members[at]
    return ""


def _forged(members: Members) -> str:
    """Rows and manifest made to fit each other: the journal's own chain is what is left."""
    at = index_of(members, "rows/journal")
    info, inside = members[at]
    changed = inside.replace("市政府".encode(), "县政府".encode(), 1)
    members[at] = (info, changed)
    last, manifest = members[-1]
    document = json.loads(manifest)
    for each in document["members"]:
        if each[0] == info.name:
            each[2] = sha256(changed).hexdigest()
    members[-1] = (last, json.dumps(document).encode())
    return "forged"


DAMAGE: dict[str, Callable[[Members], str]] = {
    "a changed row": _replaced("rows/people", "孙某".encode(), "李某".encode()),
    "a row that is no JSON": _replaced("rows/people", b"[", b"{"),
    "a row of another kind": _replaced("rows/people", b"[1,", b'["1",'),
    "a row with a value less": _replaced("rows/people", b"[1,", b"["),
    "a changed file": _replaced("files/", "第".encode(), "弟".encode()),
    "a changed list": _listed_longer,
    "a part less": _dropped("rows/people"),
    "a file less": _dropped("files/"),
    "no list": _dropped("list/"),
    "no manifest": _dropped("manifest"),
    "no beginning": _dropped("about"),
    "a file twice": _twice("files/"),
    "a part twice": _twice("rows/people"),
    "another order": _swapped,
    "another state": _replaced("manifest", b'"state":"', b'"state":"0'),
    "other tables": _replaced("about", b'"login"', b'"logins"'),
    "a newer program": _replaced("about", b'"revision":"', b'"revision":"9'),
    "a newer form": _replaced("about", b'"format":1', b'"format":2'),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_was_done_to_a_backup_is_named(
    sound: Path, tmp_path: Path, empty_place: MakePlace, name: str
) -> None:
    members = members_in(sound)
    named = DAMAGE[name](members)
    file = packed(members, tmp_path / "damaged")
    with pytest.raises(Faulty) as caught:
        check_backup(file, OPEN)
    if named:
        assert said(caught)[0] == named
    place = empty_place("sqlite")
    with pytest.raises(Faulty):
        put_back(place, file)
    assert not Path(place.url.removeprefix("sqlite:///")).exists()
    assert list(place.blobs.names()) == []


def test_a_forged_backup_shows_in_the_journals_own_chain(sound: Path, tmp_path: Path) -> None:
    members = members_in(sound)
    _forged(members)
    (fault,) = check_backup(packed(members, tmp_path / "forged"), OPEN).faults
    assert str(fault).endswith(": changed")


def _info(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


TRICKS = {
    "a path upwards": _info("../../etc/cron.d/x"),
    "an absolute path": _info("/etc/cron.d/x"),
    "a path within": _info("files/../../x"),
    "a link": _info("files/" + "a" * 64, tarfile.SYMTYPE, "/etc/passwd"),
    "a hard link": _info("files/" + "a" * 64, tarfile.LNKTYPE, "about.json"),
    "a device": _info("files/" + "a" * 64, tarfile.CHRTYPE),
    "a pipe": _info("files/" + "a" * 64, tarfile.FIFOTYPE),
    "a folder": _info("files/" + "a" * 64, tarfile.DIRTYPE),
    "a name behind a null": _info("manifest.json\0x"),
    "another table": _info("rows/nobodys/000001.jsonl"),
}


@pytest.mark.parametrize("name", TRICKS)
def test_tricks_with_names_and_links_are_refused(sound: Path, tmp_path: Path, name: str) -> None:
    members = members_in(sound)
    members.insert(index_of(members, "files/"), (TRICKS[name], b""))
    with pytest.raises(Faulty):
        check_backup(packed(members, tmp_path / "trick"), OPEN)


def test_what_unpacks_without_end_is_refused_soon(sound: Path, tmp_path: Path) -> None:
    members = members_in(sound)
    info = _info("files/" + "a" * 64)
    info.size = 8**11 - 1
    at = index_of(members, "files/")
    file = packed(members[:at], tmp_path / "bomb")
    unpacked = gzip.decompress(file.read_bytes())[: _end_of(members[:at])]
    with gzip.open(file, "wb") as out:
        out.write(unpacked + info.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(60):
            out.write(bytes(1024**2))
    began = time.monotonic()
    with pytest.raises(Damaged, match="far more"):
        check_backup(file, OPEN)
    assert time.monotonic() - began < 10


def _end_of(members: Members) -> int:
    return sum(512 + len(inside) + -len(inside) % 512 for _, inside in members)


@pytest.mark.parametrize("inside", [b"", b"hello", b"\x1f\x8b", b"age-encryption.org/v1\n", b"PK"])
def test_what_is_no_backup_is_refused(tmp_path: Path, inside: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(inside)
    with pytest.raises(Faulty):
        check_backup(file, Protection(identity=str(KEY)))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "absent", tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(Faulty, match="no file"):
            check_backup(path, OPEN)


# ---------------------------------------------------------------------------- the place


def test_only_an_empty_place_is_filled(
    database: Database, sound: Path, empty_place: MakePlace
) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    before = content(database)
    with pytest.raises(Faulty) as caught:
        put_back(Place(url, empty_place("sqlite").blobs), sound)
    assert said(caught)[0] == "DATABASE_URL"
    assert content(database) == before
    place = empty_place("sqlite")
    place.blobs.put(BytesIO(b"of somebody else"), at_most=100)
    with pytest.raises(Faulty) as caught:
        put_back(place, sound)
    assert said(caught)[0] == "BLOB_URL"
    assert len(list(place.blobs.names())) == 1


def test_what_postgresql_cannot_keep_leaves_the_place_empty(
    sqlite_url: str, blobs: LocalBlobs, empty_place: MakePlace, tmp_path: Path
) -> None:
    database = quick(sqlite_url, blobs)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as raw, raw:
        raw.execute("UPDATE people SET name = 'a' || char(0) || 'b'")
    backed_up(database, blobs, tmp_path / "backup")
    place = empty_place("postgresql")
    with pytest.raises(Faulty, match="can't keep a row of people"):
        put_back(place, tmp_path / "backup")
    assert list(place.blobs.names()) == []
    with place.database() as left:
        assert revision_now(left.engine) is None
    assert put_back(empty_place("sqlite"), tmp_path / "backup") == ()
    database.engine.dispose()


# ---------------------------------------------------------------------------- killed


class Killing(LocalBlobs):
    """Files of a process that kills itself when it comes to its n-th of them."""

    left = 2

    def _count(self) -> None:
        Killing.left -= 1
        if Killing.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def open(self, sha256: str):  # type: ignore[no-untyped-def] # as above it
        self._count()
        return super().open(sha256)

    def put(self, stream, **given):  # type: ignore[no-untyped-def] # as above it
        blob = super().put(stream, **given)
        self._count()
        return blob


def test_a_backup_that_is_killed_leaves_no_file(
    quick_database: Database, blobs: LocalBlobs, tmp_path: Path
) -> None:
    worked(quick_database, blobs)
    url = quick_database.engine.url.render_as_string(hide_password=False)
    file = tmp_path / "backup"

    def work() -> None:
        backed_up(open_database(url), Killing(blobs.folder), file)

    assert in_child(work) == signal.SIGKILL
    assert not file.exists()
    assert backed_up(quick_database, blobs, file).files == 5


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_restore_that_is_killed_is_completed_by_the_next(
    sound: Path, empty_place: MakePlace, kind: str
) -> None:
    place = empty_place(kind)

    def work() -> None:
        put_back(Place(place.url, Killing(place.blobs.folder)), sound)

    assert in_child(work) == signal.SIGKILL
    assert len(list(place.blobs.names())) == 2
    with place.database() as left:
        assert revision_now(left.engine) is None
    assert put_back(place, sound) == ()
    with place.database() as restored:
        assert list(verify_all(restored, workers=1)) == []


# ---------------------------------------------------------------------------- size


def test_memory_stays_flat(sqlite_url: str, blobs: LocalBlobs, tmp_path: Path) -> None:
    database = quick(sqlite_url, blobs)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as raw, raw:
        raw.executemany(
            "INSERT INTO outbox (key, kind, payload, created_at, attempts) "
            "VALUES (?, 'k', ?, '2025-01-01 00:00:00.000000', 0)",
            ((f"k{number}", os.urandom(1000).hex()) for number in range(6_000)),
        )
    with database.sessions.begin() as session:
        person = session.scalar(text("SELECT id FROM people"))
    large = tmp_path / "large"
    with large.open("wb") as out:
        out.write(b"text ")
        for _ in range(60):
            out.write(os.urandom(512 * 1024).hex().encode())
    with large.open("rb") as stream:
        stage(database, blobs, person or 0, "大.txt", stream, at_most=10**9, now=NOW)
    protection = Protection(recipients=(str(KEY.to_public()),), identity=str(KEY))

    def grown() -> None:
        check_backup(sound_small, protection)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        made = backed_up(database, blobs, tmp_path / "big", protection)
        assert made.size > 60 * 1024**2
        check_backup(tmp_path / "big", protection)
        restore(
            f"sqlite:///{tmp_path / 'b.db'}", LocalBlobs(tmp_path / "b"), tmp_path / "big",
            protection, now=NOW,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert (after - before) / 1024 < 50, f"{(after - before) / 1024} MB"

    sound_small = tmp_path / "small"
    with open_empty(tmp_path) as empty:
        backed_up(empty, blobs, sound_small, protection)
    database.engine.dispose()
    assert in_child(grown) is None


@contextmanager
def open_empty(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'fresh.db'}"
    migrate(url)
    database = open_database(url)
    yield database
    database.engine.dispose()


# ---------------------------------------------------------------------------- upgrade


GOOD = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = {revision!r}, {before!r}
branch_labels = depends_on = None
def upgrade():
    op.add_column("people", sa.Column({column!r}, sa.Text(), nullable=True))
    op.execute("UPDATE people SET {column} = name, name = 'x'")
    {then}
def downgrade():
    pass
"""


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """The migrations, and one more that works."""
    folder = tmp_path / "migrations"
    copytree(MIGRATIONS, folder)
    add_migration(folder, "9001", newest_revision(), "nickname", "pass")
    return folder


def add_migration(folder: Path, revision: str, before: str | None, column: str, then: str) -> None:
    (folder / "versions" / f"{revision}_more.py").write_text(
        GOOD.format(revision=revision, before=before, column=column, then=then)
    )


def test_an_upgrade_makes_a_backup_first_and_keeps_the_newest(
    database: Database, blobs: LocalBlobs, migrations: Path, tmp_path: Path
) -> None:
    worked(database, blobs)
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in ("fireinvest-20200101T000000Z-0001.tar.gz", "mine.tar.gz", "fireinvest-x"):
        (folder / name).write_bytes(b"old")
    newest = newest_revision()
    done = upgrade(database, blobs, folder, OPEN, kept=1, now=NOW, migrations=migrations)
    assert (done.before, done.after) == (newest, "9001")
    assert done.backup is not None
    name = f"fireinvest-20250910T040000Z-{newest}.tar.gz"
    assert {each.name for each in folder.iterdir()} == {name, "mine.tar.gz", "fireinvest-x"}
    assert check_backup(done.backup, OPEN).about.revision == newest
    with database.readers.begin() as session:
        assert session.scalar(text("SELECT nickname FROM people")) == "孙某"
        logged = session.scalar(text("SELECT item FROM access_log WHERE what = 'upgraded'"))
    assert logged == name
    again = upgrade(database, blobs, folder, OPEN, kept=1, now=LATER, migrations=migrations)
    assert (again.before, again.after, again.backup) == ("9001", "9001", None)


@pytest.mark.parametrize("then", ['op.execute("SELECT no_such_thing")', "raise ValueError(1)"])
def test_an_upgrade_that_fails_half_way_leaves_all_as_it_was(
    database: Database, blobs: LocalBlobs, migrations: Path, tmp_path: Path, then: str
) -> None:
    worked(database, blobs)
    # The first of the two works.
    add_migration(migrations, "9002", "9001", "other", then)
    before, revision = content(database), revision_now(database.engine)
    with pytest.raises(UpgradeFailed) as caught:
        upgrade(database, blobs, tmp_path / "backups", OPEN, kept=1, now=NOW, migrations=migrations)
    assert caught.value.is_as_before
    assert caught.value.backup is not None
    assert caught.value.why
    assert revision_now(database.engine) == revision
    assert content(database) == before
    with pytest.raises(DBAPIError), database.readers.begin() as session:
        session.execute(text("SELECT nickname FROM people"))
    assert sum(check_backup(caught.value.backup, OPEN).rows.values()) > 0


def test_an_upgrade_that_gives_up_its_transaction_is_told_with_the_way_back(
    database: Database, blobs: LocalBlobs, migrations: Path, tmp_path: Path
) -> None:
    add_migration(
        migrations, "9002", "9001", "other",
        'op.get_bind().exec_driver_sql("COMMIT"); raise ValueError(1)',
    )  # fmt: skip
    with pytest.raises(UpgradeFailed) as caught:
        upgrade(database, blobs, tmp_path / "backups", OPEN, kept=1, now=NOW, migrations=migrations)
    assert not caught.value.is_as_before
    assert caught.value.backup is not None


def test_an_empty_database_is_set_up_without_a_backup(
    empty_database_url: str, blobs: LocalBlobs, tmp_path: Path
) -> None:
    database = open_database(empty_database_url)
    done = upgrade(database, blobs, tmp_path / "backups", OPEN, kept=1, now=NOW)
    assert (done.before, done.after, done.backup) == (None, newest_revision(), None)
    assert not (tmp_path / "backups").exists()
    assert schema_is_current(database.engine)
    database.engine.dispose()


def test_a_newer_database_is_neither_upgraded_nor_backed_up(
    sqlite_url: str, blobs: LocalBlobs, tmp_path: Path
) -> None:
    database = open_database(sqlite_url)
    with database.sessions.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Faulty, match="9999"):
        upgrade(database, blobs, tmp_path / "backups", OPEN, kept=1, now=NOW)
    with pytest.raises(Faulty, match="9999"):
        backed_up(database, blobs, tmp_path / "backup")
    assert not (tmp_path / "backups").exists()
    database.engine.dispose()


def test_the_programs_folder_is_not_needed(sqlite_url: str, blobs: LocalBlobs) -> None:
    before = Path.cwd()
    os.chdir("/")
    try:
        database = open_database(sqlite_url)
        done = upgrade(database, blobs, ROOT / "no", OPEN, kept=1, now=NOW)
        assert done.backup is None
        database.engine.dispose()
    finally:
        os.chdir(before)
