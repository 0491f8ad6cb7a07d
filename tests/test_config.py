"""Settings from the environment."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from config import (
    ROOT,
    UPLOAD_TYPES,
    Environment,
    LawSettings,
    OidcSettings,
    Settings,
    SettingsError,
)

STRONG = "7f3b9c2e4a6d8051f7e2b4c6a8d0e1f3957b3d5f"

#: What production needs beside the rest of what is tested.
PRODUCTION = {
    "FIREINVEST_ENV": "production",
    "SECRET_KEY": STRONG,
    "PUBLIC_URL": "https://fire.city.cn",
    "PROXY_HOPS": "1",
}


def read(instance: Path, **environ: str) -> Settings:
    return Settings.from_environment(environ, instance=instance)


def private(path: Path, content: str = "x") -> Path:
    """A file for the user of the server alone."""
    path.write_text(content)
    path.chmod(0o600)
    return path


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
    assert settings.pictures_folder == tmp_path / "pictures"
    assert settings.session_idle == timedelta(hours=8)
    assert settings.session_longest == timedelta(hours=24)
    assert not settings.demo
    assert settings.public_url == "http://127.0.0.1:8000"
    assert not settings.is_https
    assert settings.proxy_hops == 0
    assert settings.tls_certificate is None
    assert settings.tls_key is None
    assert settings.upload_types == UPLOAD_TYPES
    assert settings.outgoing_allowed == ()
    assert settings.outgoing_authorities is None


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
        UPLOAD_LARGEST="8192",
        UPLOAD_QUOTA="16384",
        UPLOAD_DAYS="30",
        BLOB_URL="file:///srv/files",
        PICTURES_FOLDER="/srv/pictures",
        SESSION_IDLE_MINUTES="30",
        SESSION_LONGEST_HOURS="9",
        PASSWORD_SHORTEST="15",
        PASSWORD_KINDS="3",
        PASSWORD_DAYS="90",
        CODE_HOURS="24",
        SECOND_FACTOR="optional",
        CONFIRM_MINUTES="5",
        ATTEMPTS_FREE="3",
        ATTEMPTS_LONGEST_WAIT_MINUTES="60",
        ATTEMPTS_PER_LOGIN="20",
        ATTEMPTS_PER_ADDRESS="0",
        LOG_HEADS="syslog://log.city.cn:6514",
        FIREINVEST_DEMO="0",
        PUBLIC_URL="https://Fire.City.cn:443/",
        PROXY_HOPS="2",
        TLS_CERTIFICATE=str(private(tmp_path / "certificate")),
        TLS_KEY=str(private(tmp_path / "key")),
        UPLOAD_TYPES="JPG, .pdf",
        OUTGOING_ALLOWED="10.1.0.0/16, IdP.city.cn,http://idp.city.cn:8080",
        OUTGOING_CA_FILE=str(private(tmp_path / "authority")),
    )
    expected: dict[str, object] = {
        "database_url": "postgresql://db/fireinvest",
        "secret_key": STRONG,
        "environment": Environment.PRODUCTION,
        "law": LawSettings(profiles=tmp_path, notices=tmp_path, home_division="530300-jkq"),
        "host": "::1",
        "port": 9000,
        "max_content_length": 2048,
        "blob_url": "file:///srv/files",
        "pictures_folder": Path("/srv/pictures"),
        "max_upload_length": 4096,
        "upload_largest": 8192,
        "upload_quota": 16384,
        "upload_days": 30,
        "session_idle": timedelta(minutes=30),
        "session_longest": timedelta(hours=9),
        "password_shortest": 15,
        "password_kinds": 3,
        "password_days": 90,
        "code_time": timedelta(days=1),
        "log_heads": "syslog://log.city.cn:6514",
        "needs_second_factor": False,
        "confirm_every": timedelta(minutes=5),
        "attempts_free": 3,
        "attempts_longest_wait": timedelta(hours=1),
        "attempts_per_login": 20,
        "attempts_per_address": 0,
        "demo": False,
        "public_url": "https://fire.city.cn",
        "proxy_hops": 2,
        "tls_certificate": tmp_path / "certificate",
        "tls_key": tmp_path / "key",
        "upload_types": ("pdf", "jpg"),
        "outgoing_allowed": ("10.1.0.0/16", "idp.city.cn", "http://idp.city.cn:8080"),
        "outgoing_authorities": tmp_path / "authority",
    }
    assert {name: getattr(settings, name) for name in expected} == expected
    assert settings.is_production
    assert settings.is_https
    assert settings.public_host == "fire.city.cn"


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
        ("UPLOAD_LARGEST", "0"),
        ("UPLOAD_QUOTA", "x"),
        ("UPLOAD_DAYS", "1"),
        ("BLOB_URL", "s4://bucket"),
        ("BLOB_URL", "file://relative"),
        ("LOG_HEADS", "http://log.city.cn"),
        ("LOG_HEADS", "file://relative"),
        ("LOG_HEADS", "syslog://"),
        ("SESSION_IDLE_MINUTES", "4"),
        ("PASSWORD_SHORTEST", "9"),
        ("PASSWORD_SHORTEST", "65"),
        ("PASSWORD_KINDS", "5"),
        ("PASSWORD_DAYS", "3651"),
        ("CODE_HOURS", "0"),
        ("SECOND_FACTOR", "no"),
        ("CONFIRM_MINUTES", "0"),
        ("CONFIRM_MINUTES", "1441"),
        ("ATTEMPTS_FREE", "2"),
        ("ATTEMPTS_LONGEST_WAIT_MINUTES", "0"),
        ("ATTEMPTS_PER_LOGIN", "9"),
        ("ATTEMPTS_PER_ADDRESS", "-1"),
        ("SESSION_LONGEST_HOURS", "0"),
        ("FIREINVEST_DEMO", "yes"),
        ("PROXY_HOPS", "6"),
        ("PROXY_HOPS", "-1"),
        ("PROXY_HOPS", "all"),
        ("PUBLIC_URL", "fire.city.cn"),
        ("PUBLIC_URL", "ftp://fire.city.cn"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://fire.city.cn/app"),
        ("PUBLIC_URL", "https://fire.city.cn?x"),
        ("PUBLIC_URL", "https://u:topsecret@fire.city.cn"),
        ("PUBLIC_URL", "https://fire.city.cn:0"),
        ("PUBLIC_URL", "https://fire.city.cn:99999"),
        ("PUBLIC_URL", "https://fire city.cn"),
        ("PUBLIC_URL", "https://消防.cn"),
        ("PUBLIC_URL", "https://[::1"),
        ("UPLOAD_TYPES", "pdf,exe"),
        ("UPLOAD_TYPES", ","),
        ("OUTGOING_ALLOWED", "10.0.0.1/8"),
        ("OUTGOING_ALLOWED", "10.0.0"),
        ("OUTGOING_ALLOWED", "https://a.cn/path"),
        ("OUTGOING_ALLOWED", "a b"),
        ("OUTGOING_ALLOWED", "*"),
        ("OUTGOING_CA_FILE", "no/such/file"),
        ("DATABASE_URL_FILE", "no/such/file"),
        ("SECRET_KEY_FILE", "/"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    name: str, value: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=f"^{name} ") as refused:
        read(tmp_path, **{name: value})
    assert len(str(refused.value)) < 400
    assert "topsecret" not in str(refused.value)


def test_demo_data_and_production_exclude_each_other(tmp_path: Path) -> None:
    assert read(tmp_path, FIREINVEST_DEMO="1").demo
    with pytest.raises(SettingsError, match="FIREINVEST_DEMO"):
        read(tmp_path, **{**PRODUCTION, "FIREINVEST_DEMO": "1"})


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
        read(tmp_path, **{**PRODUCTION, "SECRET_KEY": secret})
    assert not (tmp_path / "secret_key").exists()


def test_production_takes_a_strong_secret(tmp_path: Path) -> None:
    assert read(tmp_path, **{**PRODUCTION, "SECRET_KEY": STRONG[:32]}).secret_key


# ---------------------------------------------------------------------------- production


def test_production_starts_with_what_it_needs(tmp_path: Path) -> None:
    assert read(tmp_path, **PRODUCTION).is_production


def test_in_production_nobody_is_in_by_a_password_alone(tmp_path: Path) -> None:
    assert read(tmp_path, **PRODUCTION).needs_second_factor
    assert not read(tmp_path).needs_second_factor
    assert read(tmp_path, SECOND_FACTOR="required").needs_second_factor


@pytest.mark.parametrize("missing", ["SECRET_KEY", "PUBLIC_URL", "PROXY_HOPS"])
def test_production_names_what_is_missing(missing: str, tmp_path: Path) -> None:
    given = {name: value for name, value in PRODUCTION.items() if name != missing}
    with pytest.raises(SettingsError, match=f"^{missing} must"):
        read(tmp_path, **given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "http://fire.city.cn"),
        ("PROXY_HOPS", "0"),
        ("FLASK_DEBUG", "1"),
        ("FLASK_DEBUG", "true"),
        ("PYTHONDEVMODE", "1"),
        ("PYTHONDEVMODE", "0"),  # Python takes any text as "on".
    ],
)
def test_production_refuses_plain_http_and_debugging(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"^{name} must"):
        read(tmp_path, **{**PRODUCTION, name: value})
    if name != "PROXY_HOPS":
        assert not read(
            tmp_path, **{name: value}
        ).is_production  # Elsewhere, whoever tries things out may.


def test_production_refuses_the_interpreters_own_debugging() -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-c", "import wsgi"],
        cwd=ROOT,
        env=PRODUCTION,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (
        2,
        "fireinvest: PYTHONDEVMODE (python -X dev) must not be on in production.\n",
    )


@pytest.mark.parametrize("value", ["0", "false", "No"])
def test_debugging_that_is_off_is_no_fault(value: str, tmp_path: Path) -> None:
    assert read(tmp_path, **PRODUCTION, FLASK_DEBUG=value).is_production


def test_a_certificate_stands_for_a_proxy_and_goes_with_its_key(tmp_path: Path) -> None:
    given = {name: value for name, value in PRODUCTION.items() if name != "PROXY_HOPS"}
    certificate = str(private(tmp_path / "certificate"))
    key = private(tmp_path / "key")
    settings = read(tmp_path, **given, TLS_CERTIFICATE=certificate, TLS_KEY=str(key))
    assert (settings.proxy_hops, settings.tls_key) == (0, key)
    with pytest.raises(SettingsError, match=r"^TLS_KEY must be given too"):
        read(tmp_path, **given, TLS_CERTIFICATE=certificate)
    with pytest.raises(SettingsError, match=r"^TLS_CERTIFICATE must be given too"):
        read(tmp_path, **given, TLS_KEY=str(key))
    with pytest.raises(SettingsError, match=r"^TLS_CERTIFICATE must name a file"):
        read(tmp_path, **given, TLS_CERTIFICATE="no/such/file", TLS_KEY=str(key))
    key.chmod(0o604)
    with pytest.raises(SettingsError, match=r"^TLS_KEY names a file that everybody"):
        read(tmp_path, **given, TLS_CERTIFICATE=certificate, TLS_KEY=str(key))


@pytest.mark.parametrize(
    ("given", "kept", "host"),
    [
        ("https://fire.city.cn", "https://fire.city.cn", "fire.city.cn"),
        ("HTTPS://FIRE.city.cn/", "https://fire.city.cn", "fire.city.cn"),
        ("https://fire.city.cn:8443", "https://fire.city.cn:8443", "fire.city.cn:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1", "127.0.0.1"),
        ("https://[::1]:443", "https://[::1]", "[::1]"),
    ],
)
def test_the_public_address_has_one_spelling(
    given: str, kept: str, host: str, tmp_path: Path
) -> None:
    settings = read(tmp_path, PUBLIC_URL=given)
    assert (settings.public_url, settings.public_host) == (kept, host)


def test_without_it_the_server_is_at_its_own_address(tmp_path: Path) -> None:
    assert read(tmp_path, HOST="::1", PORT="9000").public_url == "http://[::1]:9000"


# ---------------------------------------------------------------------------- secrets in files


@pytest.mark.parametrize("written", [STRONG, f"{STRONG}\n", f"{STRONG}\r\n"])
def test_a_secret_may_stand_in_a_file(written: str, tmp_path: Path) -> None:
    given = {**PRODUCTION, "SECRET_KEY": ""}
    file = private(tmp_path / "secret", written)
    url = private(tmp_path / "url", "postgresql://u:topsecret@db/fireinvest\n")
    settings = read(tmp_path, **given, SECRET_KEY_FILE=str(file), DATABASE_URL_FILE=str(url))
    assert settings.secret_key == STRONG
    assert settings.database_url == "postgresql://u:topsecret@db/fireinvest"
    assert "topsecret" not in repr(settings)


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL"])
def test_a_secret_stands_in_one_place(name: str, tmp_path: Path) -> None:
    file = private(tmp_path / "secret", STRONG)
    given = {name: "sqlite:///topsecret.db", f"{name}_FILE": str(file)}
    with pytest.raises(SettingsError, match=f"^{name} and {name}_FILE must not both") as refused:
        read(tmp_path, **given)
    assert "topsecret" not in str(refused.value)


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666])
def test_in_production_a_secret_is_not_for_everybody(mode: int, tmp_path: Path) -> None:
    file = private(tmp_path / "secret", STRONG)
    file.chmod(mode)
    given = {**PRODUCTION, "SECRET_KEY": "", "SECRET_KEY_FILE": str(file)}
    with pytest.raises(SettingsError, match=r"^SECRET_KEY_FILE names a file that everybody"):
        read(tmp_path, **given)
    assert read(tmp_path, SECRET_KEY_FILE=str(file)).secret_key == STRONG
    file.chmod(0o640)
    assert read(tmp_path, **given).secret_key == STRONG


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", b"a\0b", b"\xff", b"x" * 20_000])
def test_a_file_without_one_secret_is_refused_and_not_repeated(
    content: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"^SECRET_KEY_FILE must name") as refused:
        read(tmp_path, SECRET_KEY_FILE=str(file))
    assert "lines" not in str(refused.value).replace("one line", "")


def test_a_weak_secret_in_a_file_is_weak(tmp_path: Path) -> None:
    file = private(tmp_path / "secret", "a" * 64)
    given = {**PRODUCTION, "SECRET_KEY": "", "SECRET_KEY_FILE": str(file)}
    with pytest.raises(SettingsError, match=r"^SECRET_KEY is too weak"):
        read(tmp_path, **given)


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


OIDC = {
    "OIDC_ISSUER": "https://idp.city.gov.cn/realms/staff",
    "OIDC_CLIENT_ID": "fireinvest",
    "OIDC_CLIENT_SECRET": "topsecret of the client",
}


def test_a_provider_of_sign_ins(tmp_path: Path) -> None:
    assert read(tmp_path).oidc is None
    settings = read(tmp_path, **OIDC)
    assert settings.oidc == OidcSettings(
        issuer=OIDC["OIDC_ISSUER"],
        client_id="fireinvest",
        client_secret=OIDC["OIDC_CLIENT_SECRET"],
        claim="preferred_username",
        label_zh="统一身份认证",
        label_en="single sign-on",
        trusts_factor=False,
        is_only=False,
    )
    assert settings.oidc.origin == "https://idp.city.gov.cn"
    assert "topsecret" not in repr(settings)
    file = private(tmp_path / "client", "from a file\n")
    more = {
        "OIDC_CLIENT_SECRET": "", "OIDC_CLIENT_SECRET_FILE": str(file), "OIDC_CLAIM": "number",
        "OIDC_LABEL_ZH": "曲靖统一认证", "OIDC_LABEL_EN": "Qujing sign-on",
        "OIDC_SECOND_FACTOR": "provider", "OIDC_ONLY": "1",
    }  # fmt: skip
    found = read(tmp_path, **{**OIDC, **more}).oidc
    assert found is not None
    assert (found.client_secret, found.claim) == ("from a file", "number")
    assert (found.label_zh, found.label_en) == ("曲靖统一认证", "Qujing sign-on")
    assert (found.trusts_factor, found.is_only) == (True, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", ""),
        ("OIDC_CLIENT_ID", ""),
        ("OIDC_CLIENT_SECRET", ""),
        ("OIDC_ISSUER", "idp.city.gov.cn"),
        ("OIDC_ISSUER", "https://u:topsecret@idp.city.gov.cn"),
        ("OIDC_ISSUER", "https://idp.city.gov.cn/?tenant=1"),
        ("OIDC_ISSUER", "https://idp.city.gov.cn/#x"),
        ("OIDC_ISSUER", "https://idp.city.gov.cn/a b"),
        ("OIDC_ISSUER", "https://[::1"),
        ("OIDC_CLIENT_ID", "two words"),
        ("OIDC_CLIENT_ID", "x" * 256),
        ("OIDC_CLAIM", "a b"),
        ("OIDC_LABEL_ZH", "证" * 41),
        ("OIDC_LABEL_EN", "a\x07b"),
        ("OIDC_SECOND_FACTOR", "theirs"),
        ("OIDC_ONLY", "yes"),
    ],
)
def test_a_wrong_provider_is_refused_by_the_name_of_its_variable(
    name: str, value: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=f"^{name} ") as refused:
        read(tmp_path, **{**OIDC, name: value})
    assert "topsecret" not in str(refused.value)


@pytest.mark.parametrize("name", ["OIDC_LABEL_ZH", "OIDC_ONLY", "OIDC_CLIENT_SECRET"])
def test_a_provider_is_given_as_a_whole(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^OIDC_ISSUER must be given too"):
        read(tmp_path, **{name: "1"})


def test_production_asks_a_provider_by_https(tmp_path: Path) -> None:
    plain = {**OIDC, "OIDC_ISSUER": "http://idp.city.gov.cn"}
    assert read(tmp_path, **plain).oidc is not None
    with pytest.raises(SettingsError, match=r"^OIDC_ISSUER must begin with https://"):
        read(tmp_path, **{**PRODUCTION, **plain})
