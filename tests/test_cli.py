"""The commands as an operator types them."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from config import ROOT
from fireinvest.cli import main
from fireinvest.clock import today_in_china, utcnow
from fireinvest.gateways.blobs import LocalBlobs
from fireinvest.services.cases import act
from fireinvest.services.codes import redeem_code
from fireinvest.services.files import Staged, as_attachments, stage
from fireinvest.services.passwords import verify_password
from fireinvest.services.people import actor_of, create_person
from fireinvest.store import Database, open_database
from fireinvest.store.append_only import unprotect
from fireinvest.store.factors import add_authenticator, authenticators_of
from fireinvest.workflow.actions import DocumentSent
from fireinvest.workflow.engine import Action
from tests.services.office import CALENDAR, FIRE_ON, LAW, NOW, TIMERS, TODAY, key, opened
from tests.services.test_calendars import NOTICE_2027

FIRE = '{"occurred_at": "2025-05-12", "division": "530325", "deaths": 5}'


def run(*words: str, given: str | bytes | None = None, **environ: str) -> Result:
    return CliRunner().invoke(main, list(words), input=given, env=environ)


def refused(result: Result) -> str:
    """What was said on the error output; nothing may have been printed."""
    assert result.exit_code == 2
    assert result.stdout == ""
    return result.stderr


def test_the_commands_need_no_flask_and_no_database() -> None:
    code = (
        "import sys, fireinvest.cli; "
        "print([m for m in ('flask', 'sqlalchemy', 'wtforms', 'alembic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"


def test_assess_runs_as_a_module_and_reads_standard_input() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "fireinvest",
            "assess",
            "-",
            "--as-of",
            "2025-05-13",
            "--format",
            "json",
        ],
        cwd=ROOT,
        input=FIRE.encode(),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "1"},
    )
    document = json.loads(done.stdout)
    assert (document["level"], document["government"]) == ("larger", "city")
    assert {each["id"]: each["due"] for each in document["clocks"]} == {
        "team_request": "2025-05-15",
        "determination": "2025-06-11",
        "report": "2025-07-11",
    }


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ["至少较大", "市级人民政府", "2025-05-15", "本规定第五条", "缺"]),
        ("en", ["at least relatively serious", "city government", "2025-05-15", "Rule art 5"]),
    ],
)
def test_assess_prints_a_table_in_either_language(language: str, words: list[str]) -> None:
    result = run("assess", "-", "--as-of", "2025-05-13", "--lang", language, given=FIRE)
    assert result.exit_code == 0
    for word in words:
        assert word in result.stdout


def test_assess_reads_a_file(tmp_path: Path) -> None:
    (tmp_path / "fire.json").write_text("\ufeff" + FIRE, encoding="utf-8")
    result = run("assess", str(tmp_path / "fire.json"), "--as-of", "2025-05-13")
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ('{"occurred_at": "2025-05-12", "deaths": -1}', "deaths"),
        ('{"deaths": 1, "deaths": 2}', "deaths"),
        ("[]", ""),
        ("{", ""),
        ("", ""),
        ('{"occurred_at": "2025-05-12", "deaths": NaN}', "deaths"),
        ('{"occurred_at": "2025-05-12", "deaths": ' + "9" * 5000 + "}", ""),
        ('{"occurred_at": "2025-05-12", "direct_economic_loss_yuan": 1e400}', "direct_economic"),
        ("[" * 100_000, ""),
        ("x" * (10 * 1024 * 1024), ""),
        (b"\xff\xfe", ""),
        ('{"occurred_at": "2025-05-12", "division": "\\u0000"}', "division"),
    ],
)
def test_bad_input_is_named_in_both_languages_and_ends_with_code_2(
    given: str | bytes, named: str
) -> None:
    said = refused(run("assess", "-", "--as-of", "2025-06-01", given=given))
    assert named in said
    assert " / " in said
    assert len(said) < 2000


def test_a_bad_day_of_asking_is_refused() -> None:
    assert "--as-of" in refused(run("assess", "-", "--as-of", "yesterday", given=FIRE))
    assert "occurred_at" in refused(run("assess", "-", "--as-of", "2025-05-11", given=FIRE))


@pytest.mark.parametrize(
    ("start", "length", "due"),
    [
        ("2025-05-12", "3wd", "2025-05-15"),
        ("2025-01-24", "3wd", "2025-02-05"),
        ("2025-09-30", "3wd", "2025-10-11"),
        ("2024-02-08", "3wd", "2024-02-19"),
        ("2025-09-09", "15wd", "2025-09-29"),
        ("2024-09-20", "15wd", "2024-10-16"),
        ("2025-05-12", "60d", "2025-07-11"),
        ("2025-08-02", "60d", "2025-10-01"),
        ("2024-02-29", "1y", "2025-02-28"),
        ("2023-02-28", "1y", "2024-02-28"),
        ("2024-04-30", "10m", "2025-02-28"),
        ("2025-05-12T08:30", "24h", "2025-05-13T08:30"),
    ],
)
def test_count_prints_the_due_day_first(start: str, length: str, due: str) -> None:
    result = run("count", start, length)
    assert result.exit_code == 0
    assert result.stdout.split()[0] == due


def test_count_explains_every_day() -> None:
    lines = run("count", "2025-01-24", "3wd", "--explain", "--lang", "en").stdout.splitlines()
    assert len(lines) == 1 + 13
    counted = [line.split()[1] for line in lines[1:] if line.split()[0].isdigit()]
    assert counted == ["2025-01-26", "2025-01-27", "2025-02-05"]
    assert "made-up working day" in next(line for line in lines if "2025-01-26" in line)
    assert "swapped" in next(line for line in lines if "2025-02-03" in line)


def test_count_says_the_day_to_act_and_what_is_provisional(tmp_path: Path) -> None:
    assert "2025-09-30" in run("count", "2025-08-02", "60d").stdout
    assert "provisional" in run("count", "2026-12-25", "15wd", "--lang", "en").stdout
    (tmp_path / "2027.json").write_text(json.dumps(NOTICE_2027))
    known = run("count", "2026-12-25", "15wd", "--lang", "en", FIREINVEST_NOTICES=str(tmp_path))
    assert "provisional" not in known.stdout


def test_an_unannounced_day_is_explained_as_such() -> None:
    assert "no notice" in run("count", "2026-12-30", "3wd", "--explain", "--lang", "en").stdout


@pytest.mark.parametrize(
    ("start", "length", "named"),
    [
        ("2025-02-30", "3wd", "start"),
        ("x" * 10_000, "3wd", "start"),
        ("2025-05-12", "3", "length"),
        ("2025-05-12", "0d", "length"),
        ("2025-05-12", "99999999y", "length"),
        ("2025-05-12", "9999y", "length"),
        ("2025-05-12", "-3wd", ""),
        ("1900-01-01", "3wd", "length"),
        ("2099-12-30", "5wd", "length"),
    ],
)
def test_a_count_that_cannot_be_is_refused(start: str, length: str, named: str) -> None:
    result = run("count", "--", start, length)
    assert named in refused(result)


def test_a_very_long_count_is_not_explained() -> None:
    assert "--explain" in refused(run("count", "2025-05-12", "9y", "--explain"))


def test_calendar_shows_a_year_with_its_notices() -> None:
    shown = run("calendar", "2025", "--lang", "en").stdout
    assert "248 working days" in shown
    assert "2025-09-28  Sun  made-up working day" in shown
    assert "State Council notice on the holidays of 2025" in shown
    assert "No notice for 2031" in run("calendar", "2031", "--lang", "en").stdout


def test_calendar_shows_a_year_under_a_notice_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "2027.json"
    path.write_text(json.dumps(NOTICE_2027))
    assert "2027-01-09" in run("calendar", "2027", "--notice", str(path)).stdout
    path.write_text(json.dumps({**NOTICE_2027, "worked": ["2027-01-06"]}))
    said = refused(run("calendar", "2027", "--notice", str(path)))
    assert "2027.json worked" in said
    assert "2027-01-06" in said


@pytest.mark.parametrize("year", ["1999", "2100", "nineteen"])
def test_a_year_outside_the_calendar_is_refused(year: str) -> None:
    assert run("calendar", year).exit_code == 2


def test_profile_check_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    built_in = ROOT / "fireinvest" / "regulation" / "profiles" / "qujing-2023.toml"
    assert "qujing-2023" in run("profile", "check", str(built_in)).stdout
    path = tmp_path / "mine.toml"
    path.write_text(built_in.read_text().replace('need = "must"', 'need = "perhaps"', 1))
    assert "mine.toml steps." in refused(run("profile", "check", str(path)))
    path.write_text("= broken")
    assert "mine.toml" in refused(run("profile", "check", str(path)))
    assert "none.toml" in refused(run("profile", "check", str(tmp_path / "none.toml")))


@pytest.mark.parametrize(("language", "word"), [("zh", "整改评估"), ("en", "Evaluation")])
def test_profile_show_prints_the_law_in_force(language: str, word: str) -> None:
    result = run("profile", "show", "--on", "2025-05-12", "--lang", language)
    assert result.exit_code == 0
    assert word in result.stdout
    assert run("profile", "show", "--division", "530325").exit_code == 0


def test_profile_show_refuses_a_place_it_does_not_know() -> None:
    assert "--division" in refused(run("profile", "show", "--division", "110101"))


def test_a_faulty_profile_in_the_extra_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('schema = 1\nid = "bad"\n')
    said = refused(run("profile", "show", FIREINVEST_PROFILES=str(tmp_path)))
    assert "bad.toml rank" in said


def test_a_wrong_setting_is_named() -> None:
    assert "FIREINVEST_NOTICES" in refused(
        run("count", "2025-05-12", "3wd", FIREINVEST_NOTICES="/x")
    )


def test_notices_are_checked_and_entered_once(tmp_path: Path, database_url: str) -> None:
    path = tmp_path / "2027.json"
    path.write_text(json.dumps(NOTICE_2027))
    assert "2027" in run("notice", "check", str(path)).stdout
    environ = {"DATABASE_URL": database_url, "SECRET_KEY": "only for tests"}
    for _ in range(2):
        assert "revision 1" in run("notice", "add", str(path), **environ).stdout


def test_a_database_that_is_not_up_to_date_is_named(
    tmp_path: Path, empty_database_url: str
) -> None:
    path = tmp_path / "2027.json"
    path.write_text(json.dumps(NOTICE_2027))
    environ = {"DATABASE_URL": empty_database_url, "SECRET_KEY": "only for tests"}
    assert "make migrate" in refused(run("notice", "add", str(path), **environ))


def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "2027.json"
    path.write_text(json.dumps(NOTICE_2027))
    environ = {"DATABASE_URL": f"sqlite:///{tmp_path}/none/x.db", "SECRET_KEY": "only for tests"}
    assert "DATABASE_URL" in refused(run("notice", "add", str(path), **environ))


def test_an_empty_database_has_a_sound_journal_and_nothing_to_rebuild(database_url: str) -> None:
    environ = {"DATABASE_URL": database_url, "SECRET_KEY": "only for tests"}
    for words in (("verify-log",), ("rebuild", "--check"), ("rebuild",)):
        result = run(*words, "--lang", "en", **environ)
        assert (result.exit_code, result.stdout) == (0, "Faults found: 0\n")


def test_what_was_tampered_with_is_named_and_a_projection_put_right(
    database: Database, database_url: str
) -> None:
    environ = {"DATABASE_URL": database_url, "SECRET_KEY": "only for tests"}
    opened(database)
    with database.sessions.begin() as session:
        session.execute(text("UPDATE cases SET level = 'general'"))
    check = run("rebuild", "--check", **environ)
    assert check.exit_code == 1
    assert "5303-2025-0001 cases level: general -> larger" in check.stdout
    assert run("rebuild", **environ).exit_code == 0
    assert run("rebuild", "--check", **environ).exit_code == 0
    with database.engine.begin() as connection:
        unprotect(connection, "journal")
        connection.execute(text("UPDATE journal SET actor = 'nobody'"))
    verified = run("verify-log", **environ)
    assert verified.exit_code == 1
    assert "5303-2025-0001 #1: changed" in verified.stdout


def test_the_log_is_sealed_its_state_told_and_what_was_cut_off_named(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.jsonl"
    environ = {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "only for tests",
        "LOG_HEADS": f"file://{heads}",
    }
    opened(database)
    sealed = run("log", "seal", **environ)
    assert (sealed.exit_code, sealed.stdout.splitlines()[1:]) == (0, [heads.read_text().strip()])
    assert run("verify-log", "--workers", "2", **environ).exit_code == 0
    kept = tmp_path / "kept"
    heads.rename(kept)
    with database.engine.begin() as connection:
        for table in ("access_log", "access_batches"):
            unprotect(connection, table)
            connection.execute(text(f"DELETE FROM {table}"))
    assert run("verify-log", **environ).exit_code == 0  # Nothing tells what there was.
    cut = run("verify-log", "--heads", str(kept), **environ)
    assert cut.exit_code == 1
    assert "(line 1): the log was cut off before its row 1" in cut.stdout
    unwritten = run("log", "seal", **environ | {"LOG_HEADS": f"file://{tmp_path}/none/heads"})
    assert unwritten.exit_code == 2
    assert "LOG_HEADS" in unwritten.stderr
    assert run("log", "seal", **environ | {"LOG_HEADS": "http://a"}).exit_code == 2


def test_files_that_are_missing_are_named_and_those_that_wait_forgotten(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    environ = {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "only for tests",
        "BLOB_URL": f"file://{tmp_path}/files",
    }
    blobs = LocalBlobs(tmp_path / "files")
    sun = create_person(database, login="sun", name="孙某", now=NOW)

    def kept(content: bytes) -> Staged:
        return stage(database, blobs, sun, "a.pdf", BytesIO(content), at_most=99, now=NOW)

    used, waiting = kept(b"%PDF-1.4 used"), kept(b"%PDF-1.4 waits")
    ref = opened(database)
    asked = Action("request_team", DocumentSent("县政府", "1号"), FIRE_ON, reason="补录")
    act(
        database, LAW, CALENDAR, TIMERS, ref.id,
        replace(asked, attachments=as_attachments([used])),
        idempotency_key=key(), now=NOW, today=TODAY,
    )  # fmt: skip
    verified = run("files", "verify", "--lang", "en", **environ)
    assert (verified.exit_code, verified.stdout) == (0, "Faults found: 0\n")
    assert run("files", "clear", "--days", "1", **environ).exit_code == 2
    cleared = run("files", "clear", "--lang", "en", **environ)
    assert (cleared.exit_code, cleared.stdout) == (0, "Files forgotten: 2\n")
    assert (blobs.exists(used.sha256), blobs.exists(waiting.sha256)) == (True, False)
    blobs.remove(used.sha256)
    verified = run("files", "verify", "--lang", "en", **environ)
    assert (verified.exit_code, verified.stdout) == (
        1,
        f"{ref.number} #2 a.pdf: missing\nFaults found: 1\n",
    )


def test_the_first_administrator_is_added_by_a_command(
    database: Database, database_url: str
) -> None:
    environ = {"DATABASE_URL": database_url, "SECRET_KEY": "only for tests"}
    add = ("people", "add", "sun", "孙某", "--office", "system")
    result = run(*add, given="a long password\r\nanother line\n", **environ)
    assert result.exit_code == 0
    assert "sun" in result.stdout
    assert "a long password" not in result.output
    found = verify_password(database, "sun", "a long password")
    assert found is not None
    with database.readers.begin() as session:
        grants = actor_of(session, found.id, today_in_china()).grants
        rows = session.execute(text("SELECT person, what FROM access_log ORDER BY id")).all()
    assert [each.role for each in grants] == ["system_administrator"]
    assert [tuple(row) for row in rows] == [("system", "person_added"), ("system", "post_given")]
    again = refused(run(*add, given="a long password\n", **environ))
    assert "The name sun is taken." in again
    assert run("people", "add", "li", "李某", given="a long password\n", **environ).exit_code == 0
    li = verify_password(database, "li", "a long password")
    assert li is not None
    with database.readers.begin() as session:
        assert actor_of(session, li.id, today_in_china()).grants == ()


def test_a_one_time_code_is_printed_once(database: Database, database_url: str) -> None:
    environ = {"DATABASE_URL": database_url, "SECRET_KEY": "only for tests", "CODE_HOURS": "1"}
    create_person(database, login="sun", name="孙某", now=utcnow())
    printed = run("people", "code", "sun", **environ)
    assert printed.exit_code == 0
    assert "/sign-in/first" in printed.stderr
    for later, is_good in ((timedelta(hours=1), False), (timedelta(minutes=59), True)):
        with database.sessions.begin() as session:
            person = redeem_code(session, "sun", printed.stdout, now=utcnow() + later)
        assert (person is not None) is is_good
    assert "login" in refused(run("people", "code", "nobody", **environ))


def test_a_command_resets_second_factors_for_a_reason(
    database: Database, database_url: str
) -> None:
    environ = {"DATABASE_URL": database_url, "SECRET_KEY": "only for tests"}
    person_id = create_person(database, login="sun", name="孙某", now=NOW)
    with database.sessions.begin() as session:
        add_authenticator(session, person_id=person_id, kind="totp", label="", secret="x", now=NOW)
    assert run("people", "reset-factors", "sun", **environ).exit_code == 2
    nobody = run("people", "reset-factors", "nobody", "--reason", "手机丢失", **environ)
    assert "login" in refused(nobody)
    done = run("people", "reset-factors", "sun", "--reason", "手机丢失", **environ)
    assert done.exit_code == 0
    with database.readers.begin() as session:
        assert authenticators_of(session, person_id) == []
        row = session.execute(text("SELECT person, what, about, reason FROM access_log")).one()
    assert tuple(row) == ("system", "factors_reset", "sun", "手机丢失")


def test_a_command_appoints_the_other_administrators_and_lists_them(
    database: Database, database_url: str
) -> None:
    environ = {"DATABASE_URL": database_url, "SECRET_KEY": "only for tests"}
    for login, name in (("sun", "孙某"), ("li", "李某"), ("zhou", "周某")):
        create_person(database, login=login, name=name, now=NOW)
    appointed = run("people", "appoint", "sun", "system", "--reason", "任命文件1号", **environ)
    assert appointed.exit_code == 0
    assert "sun" in appointed.stdout
    assert run("people", "appoint", "li", "security", **environ).exit_code == 0
    # Nobody holds two of the three, or one twice; and somebody has to be there.
    for login, office, named in (
        ("sun", "security", "role: "),
        ("sun", "system", "role: "),
        ("nobody", "audit", "login: "),
    ):
        said = refused(run("people", "appoint", login, office, **environ))
        assert named in said
    offices = run("people", "list", "--offices", "--lang", "en", **environ).stdout.splitlines()
    assert [line.split()[:1] + line.split()[-2:] for line in offices[:2]] == [
        ["li", "Security", "administrator"],
        ["sun", "System", "administrator"],
    ]
    assert offices[2:] == ["Nobody holds this office today: Audit administrator"]
    everybody = run("people", "list", "--lang", "en", **environ).stdout.splitlines()
    assert [line.split()[0] for line in everybody[:3]] == ["li", "sun", "zhou"]
    with database.readers.begin() as session:
        rows = session.execute(
            text(
                "SELECT person, about, reason FROM access_log WHERE what = 'post_given' ORDER BY id"
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        ("system", "sun", "任命文件1号"),
        ("system", "li", None),
    ]


@pytest.mark.parametrize(
    ("login", "given", "named"),
    [
        ("SUN", b"a long password\n", "login"),
        ("sun", b"short\n", "password"),
        ("sun", b"", "password"),
        ("sun", b"\xff\xfe a long password\n", "password"),
    ],
)
def test_a_person_who_cannot_be_added_is_refused_plainly(
    sqlite_url: str, login: str, given: bytes, named: str
) -> None:
    environ = {**os.environ, "DATABASE_URL": sqlite_url, "SECRET_KEY": "only for tests"}
    done = subprocess.run(
        [sys.executable, "-m", "fireinvest", "people", "add", login, "孙某", "--office", "system"],
        cwd=ROOT,
        input=given,
        capture_output=True,
        check=False,
        env={**environ, "PYTHONUTF8": "1"},
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"{named}: ")
    assert b"Traceback" not in done.stderr


def test_a_password_is_asked_for_twice_without_echo(sqlite_url: str) -> None:
    screen, terminal = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "fireinvest", "people", "add", "sun", "孙某"],
        cwd=ROOT,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env={**os.environ, "DATABASE_URL": sqlite_url, "SECRET_KEY": "only for tests"},
    )
    os.close(terminal)
    shown = b""
    for question in (b"Password: ", b"Once more: "):
        while not shown.endswith(question):
            shown += os.read(screen, 1000)
        os.write(screen, b"a long password\n")
    # On Linux, reading fails once the other side is closed.
    with suppress(OSError):
        while more := os.read(screen, 1000):
            shown += more
    os.close(screen)
    assert child.wait() == 0
    assert b"long password" not in shown
    database = open_database(sqlite_url)
    assert verify_password(database, "sun", "a long password") is not None
    database.engine.dispose()
