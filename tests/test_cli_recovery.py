"""The commands by which an installation survives: backup, restore, upgrade."""

import os
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from config import ROOT, Settings, SettingsError
from fireinvest.cli import main
from fireinvest.store import open_database
from tests.conftest import migrate, settings_for
from tests.services.office import opened

KEY = pyrage.x25519.Identity.generate()


@pytest.fixture
def environ(tmp_path: Path, sqlite_url: str) -> dict[str, str]:
    """The settings of an installation with one case."""
    database = open_database(sqlite_url)
    opened(database)
    database.engine.dispose()
    return {
        "DATABASE_URL": sqlite_url,
        "SECRET_KEY": "only for tests",
        "BLOB_URL": f"file://{tmp_path / 'files'}",
        "BACKUP_FOLDER": str(tmp_path / "backups"),
    }


def run(*words: str, language: str = "en", **environ: str) -> Result:
    return CliRunner().invoke(main, [*words, "--lang", language], env=environ)


def elsewhere(tmp_path: Path, environ: dict[str, str]) -> dict[str, str]:
    return {
        **environ,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}",
        "BLOB_URL": f"file://{tmp_path / 'new-files'}",
    }


def test_there_and_back(tmp_path: Path, environ: dict[str, str]) -> None:
    file = str(tmp_path / "one.tar.gz")
    made = run("backup", file, **environ)
    assert made.exit_code == 0, made.output
    assert "Backup one.tar.gz: " in made.stdout
    assert "not encrypted" in made.stdout
    state = next(line for line in made.stdout.splitlines() if line.startswith("State"))

    # All data left: that is in the log.
    database = open_database(environ["DATABASE_URL"])
    with database.readers.begin() as session:
        logged = session.execute(text("SELECT what, item FROM access_log ORDER BY id")).all()
    database.engine.dispose()
    assert tuple(logged[-1]) == ("backup_made", "one.tar.gz")

    checked = run("restore", "--check", file, **environ)
    assert checked.exit_code == 0, checked.output
    assert state in checked.stdout

    refused = run("restore", file, **environ)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("DATABASE_URL: ")

    there = elsewhere(tmp_path, environ)
    restored = run("restore", file, **there)
    assert restored.exit_code == 0, restored.output
    assert state in restored.stdout
    for words in (("verify-log",), ("rebuild", "--check")):
        assert run(*words, **there).exit_code == 0
    assert run("upgrade", **there).exit_code == 0


def test_the_words_are_chinese_where_nothing_else_is_asked_for(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    made = run("backup", str(tmp_path / "one"), language="zh", **environ)
    assert made.exit_code == 0
    again = run("backup", str(tmp_path / "one"), language="zh", **environ)
    assert again.exit_code == 2
    assert again.stderr.startswith("FILE: ")


def test_a_damaged_backup_is_told_with_code_1(tmp_path: Path, environ: dict[str, str]) -> None:
    file = tmp_path / "one"
    run("backup", str(file), **environ)
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    checked = run("restore", "--check", str(file), **environ)
    assert (checked.exit_code, checked.stdout) == (1, "")
    assert checked.stderr.startswith("rows/")
    there = elsewhere(tmp_path, environ)
    assert run("restore", str(file), **there).exit_code == 2
    assert not (tmp_path / "new.db").exists()
    assert run("restore", "--check", str(tmp_path / "absent"), **environ).exit_code == 1


def test_encrypted_by_setting(tmp_path: Path, environ: dict[str, str]) -> None:
    file = str(tmp_path / "one.age")
    made = run("backup", file, **environ, BACKUP_RECIPIENT=str(KEY.to_public()))
    assert made.exit_code == 0, made.output
    assert ", encrypted" in made.stdout
    without = run("restore", "--check", file, **environ)
    assert without.exit_code == 1
    assert without.stderr.startswith("BACKUP_IDENTITY_FILE: ")
    (tmp_path / "key").write_text(f"# created today\n{KEY}\n")
    given = {**environ, "BACKUP_IDENTITY_FILE": str(tmp_path / "key")}
    assert run("restore", "--check", file, **given).exit_code == 0


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"BACKUP_RECIPIENT": "age1short"}, "BACKUP_RECIPIENT"),
        ({"BACKUP_RECIPIENT": str(KEY)}, "BACKUP_RECIPIENT"),
        ({"BACKUP_PASSPHRASE": "too short"}, "BACKUP_PASSPHRASE"),
        (
            {"BACKUP_PASSPHRASE": "long enough for all", "BACKUP_RECIPIENT": str(KEY.to_public())},
            "BACKUP_PASSPHRASE",
        ),
        ({"BACKUP_PASSPHRASE_FILE": "/nonexistent"}, "BACKUP_PASSPHRASE_FILE"),
        ({"BACKUP_IDENTITY_FILE": "/nonexistent"}, "BACKUP_IDENTITY_FILE"),
        ({"BACKUP_KEPT": "0"}, "BACKUP_KEPT"),
    ],
)
def test_wrong_settings_are_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named) as caught:
        settings_for("sqlite:///x.db", **given)
    assert "long enough" not in str(caught.value)
    assert "AGE-SECRET" not in str(caught.value)


def test_settings_of_backups_show_no_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(str(KEY))
    found: Settings = settings_for(
        "sqlite:///x.db",
        BACKUP_PASSPHRASE="long enough for all",
        BACKUP_IDENTITY_FILE=str(tmp_path / "key"),
    )
    assert found.backup.passphrase == "long enough for all"
    assert found.backup.kept == 7
    assert "long enough" not in repr(found)
    assert "AGE-SECRET" not in repr(found)


def test_an_upgrade_says_what_it_did(tmp_path: Path, environ: dict[str, str]) -> None:
    fresh = {**environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'old.db'}"}
    migrate(fresh["DATABASE_URL"], "0004")
    done = run("upgrade", **fresh)
    assert done.exit_code == 0, done.output
    (backup,) = (tmp_path / "backups").iterdir()
    assert backup.name.endswith("-0004.tar.gz")
    assert f"Backup {backup.name}: " in done.stdout
    assert "from migration 0004 to " in done.stdout
    again = run("upgrade", **fresh)
    assert again.exit_code == 0
    assert "up to date" in again.stdout
    assert list((tmp_path / "backups").iterdir()) == [backup]


def test_a_failed_upgrade_names_the_backup_and_leaves_the_database(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    fresh = {**environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'old.db'}"}
    migrate(fresh["DATABASE_URL"], "0004")
    database = open_database(fresh["DATABASE_URL"])
    with database.sessions.begin() as session:
        # In the way of a table that a later migration makes.
        session.execute(text("CREATE TABLE leases (name TEXT)"))
    failed = run("upgrade", **fresh)
    assert failed.exit_code == 1
    (backup,) = (tmp_path / "backups").iterdir()
    assert "leases" in failed.stderr
    assert "The database is as it was before." in failed.stderr
    assert str(backup) in failed.stderr
    with database.readers.begin() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "0004"
    database.engine.dispose()


@pytest.mark.parametrize("words", [("backup", "x"), ("restore", "x"), ("upgrade",)])
def test_an_absent_database_is_said_plainly(
    tmp_path: Path, environ: dict[str, str], words: tuple[str, ...]
) -> None:
    given = {**environ, "DATABASE_URL": "postgresql://u:topsecret@/d?host=/nonexistent"}
    result = run(words[0], *(str(tmp_path / each) for each in words[1:]), **given)
    assert result.exit_code == 2
    assert result.stderr.startswith("DATABASE_URL: ")
    assert "topsecret" not in result.output


def test_upgrade_sets_up_an_empty_database_as_a_process_of_its_own(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    url = f"sqlite:///{tmp_path / 'first.db'}"
    given = {**os.environ, **environ, "DATABASE_URL": url, "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "fireinvest", "upgrade", "--lang", "en"],
        cwd=ROOT, env=given, capture_output=True, check=True,
    )  # fmt: skip
    assert b"from migration - to " in done.stdout
    assert done.stderr == b""
    assert not (tmp_path / "backups").exists()
