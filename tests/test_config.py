"""Settings from the environment."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from config import ROOT, Environment, LawSettings, Settings, SettingsError

STRONG = "7f3b9c2e4a6d8051f7e2b4c6a8d0e1f3957b3d5f"


def read(instance: Path, **environ: str) -> Settings:
    return Settings.from_environment(environ, instance=instance)


def test_defaults(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path / 'fireinvest.db'}"
    assert settings.environment is Environment.DEVELOPMENT
    assert not settings.is_production
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.law.home_division == "530300"
    assert settings.max_content_length == 1024 * 1024
    assert settings.law.profiles is None
    assert settings.law.notices is None
    assert settings.blob_url == f"file://{tmp_path / 'files'}"
    assert settings.session_idle == timedelta(hours=8)
    assert settings.session_longest == timedelta(hours=24)
    assert not settings.demo


def test_everything_can_be_given(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        DATABASE_URL="postgresql://db/fireinvest",
        SECRET_KEY=STRONG,
        FIREINVEST_ENV="production",
        FIREINVEST_PROFILES=str(tmp_path),
        FIREINVEST_NOTICES=str(tmp_path),
        HOST="::1",
        PORT="9000",
        FIREINVEST_HOME_DIVISION="530300-jkq",
        MAX_CONTENT_LENGTH="2048",
        MAX_UPLOAD_LENGTH="4096",
        BLOB_URL="file:///srv/files",
        SESSION_IDLE_MINUTES="30",
        SESSION_LONGEST_HOURS="9",
        FIREINVEST_DEMO="0",
    )
    assert settings == Settings(
        database_url="postgresql://db/fireinvest",
        secret_key=STRONG,
        environment=Environment.PRODUCTION,
        law=LawSettings(profiles=tmp_path, notices=tmp_path, home_division="530300-jkq"),
        host="::1",
        port=9000,
        max_content_length=2048,
        blob_url="file:///srv/files",
        max_upload_length=4096,
        session_idle=timedelta(minutes=30),
        session_longest=timedelta(hours=9),
        demo=False,
    )
    assert settings.is_production


def test_an_empty_variable_counts_as_absent(tmp_path: Path) -> None:
    assert read(tmp_path, PORT=" ", FIREINVEST_PROFILES="").port == 8000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://u:topsecret@h/d"),
        ("FIREINVEST_ENV", "staging"),
        ("FIREINVEST_PROFILES", "no/such/folder"),
        ("FIREINVEST_NOTICES", "no/such/folder"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80a"),
        ("PORT", "-1"),
        ("PORT", "9" * 5000),
        ("PORT", "８０００"),
        ("FIREINVEST_HOME_DIVISION", "5303"),
        ("FIREINVEST_HOME_DIVISION", "曲靖"),
        ("MAX_CONTENT_LENGTH", "1023"),
        ("MAX_CONTENT_LENGTH", "1073741825"),
        ("MAX_CONTENT_LENGTH", "1 MiB"),
        ("MAX_UPLOAD_LENGTH", "0"),
        ("BLOB_URL", "s3://bucket"),
        ("BLOB_URL", "file://relative"),
        ("SESSION_IDLE_MINUTES", "4"),
        ("SESSION_LONGEST_HOURS", "0"),
        ("FIREINVEST_DEMO", "yes"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    name: str, value: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=f"^{name} ") as refused:
        read(tmp_path, **{name: value})
    assert len(str(refused.value)) < 250
    assert "topsecret" not in str(refused.value)


def test_demo_data_and_production_exclude_each_other(tmp_path: Path) -> None:
    assert read(tmp_path, FIREINVEST_DEMO="1").demo
    with pytest.raises(SettingsError, match="FIREINVEST_DEMO"):
        read(tmp_path, FIREINVEST_DEMO="1", FIREINVEST_ENV="production", SECRET_KEY=STRONG)


@pytest.mark.parametrize(("port", "taken"), [("1", 1), ("65535", 65535)])
def test_ports_at_their_bounds(port: str, taken: int, tmp_path: Path) -> None:
    assert read(tmp_path, PORT=port).port == taken


@pytest.mark.parametrize(
    "secret",
    [
        "",
        STRONG[:31],
        "a" * 64,
        "change-me-0123456789-abcdefghij-klmnop",
        "my-secret-0123456789-abcdefghij-klmnop",
    ],
)
def test_production_refuses_a_missing_or_weak_secret(secret: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        read(tmp_path, FIREINVEST_ENV="production", SECRET_KEY=secret)
    assert not (tmp_path / "secret_key").exists()


def test_production_takes_a_strong_secret(tmp_path: Path) -> None:
    assert read(tmp_path, FIREINVEST_ENV="production", SECRET_KEY=STRONG[:32]).secret_key


def test_elsewhere_a_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    first = read(instance).secret_key
    assert len(first) == 64
    assert read(instance).secret_key == first
    assert (instance / "secret_key").stat().st_mode & 0o777 == 0o600
    assert instance.stat().st_mode & 0o077 == 0
    assert [path.name for path in instance.iterdir()] == ["secret_key"]


def test_workers_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = {each.secret_key for each in pool.map(lambda _: read(tmp_path), range(40))}
    assert len(secrets) == 1


def test_a_broken_kept_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("")
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        read(tmp_path)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, SECRET_KEY=STRONG, DATABASE_URL="postgresql://u:topsecret@h/d"))
    assert STRONG not in shown
    assert "topsecret" not in shown


def test_a_wrong_setting_ends_the_program_with_one_plain_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=ROOT,
        env={"PORT": "zero"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == "fireinvest: PORT must be a whole number from 1 to 65535, not 'zero'.\n"


def test_exit_gives_settings_when_all_is_well(tmp_path: Path) -> None:
    settings = Settings.or_exit(
        {"DATABASE_URL": f"sqlite:///{tmp_path}/x.db", "SECRET_KEY": STRONG}
    )
    assert settings.secret_key == STRONG


def test_exit_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Settings.or_exit({"FIREINVEST_ENV": "test"})
    assert ended.value.code == 2
    assert "FIREINVEST_ENV" in capsys.readouterr().err
