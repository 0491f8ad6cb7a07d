"""Settings of the application: what the environment says, and the defaults without it."""

import os
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import Enum
from ipaddress import ip_network
from pathlib import Path
from typing import Never
from urllib.parse import SplitResult, urlsplit

ROOT = Path(__file__).resolve().parent
INSTANCE = ROOT / "instance"

# A secret that a person made up in a hurry is guessed; 32 characters of a random one are not.
SHORTEST_SECRET = 32
SHORTEST_PASSPHRASE = 16
FEWEST_DIFFERENT_CHARACTERS = 12
PLACEHOLDERS = ("change", "secret", "example", "password", "default", "placeholder")

# A file with a secret holds a key or an address, and nothing longer.
LONGEST_SECRET_FILE = 16 * 1024
# Rights by which everybody on the machine may read or change a file.
_FOR_EVERYBODY = 0o007

# What a button says, and no more.
LONGEST_LABEL = 40

# More proxies in a row than these nobody has; a larger number would let visitors name their own
# address.
MOST_PROXIES = 5

_HOST_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")
_AGE_KEY = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_DEFAULT_PORTS = {"http": 80, "https": 443}

# What turns on the debuggers and checks that show inner details to visitors.
_DEBUG_SWITCHES = ("FLASK_DEBUG", "PYTHONDEVMODE")
_OFF = ("0", "false", "no")

# What may be uploaded; UPLOAD_TYPES narrows it. By what a file is known, the services say.
UPLOAD_TYPES = (
    "pdf", "ofd", "docx", "xlsx", "pptx", "doc", "xls", "ppt", "wps", "et", "dps", "rtf", "txt",
    "csv", "jpg", "jpeg", "png", "heic", "heif", "webp", "tif", "tiff", "bmp", "gif", "mp4", "m4v",
    "mov", "avi", "mkv", "mp3", "wav", "m4a", "zip", "7z", "rar",
)  # fmt: skip


class Environment(Enum):
    """Is this a real installation, or one for trying and developing?"""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names the variable."""


@dataclass(frozen=True, slots=True)
class LawSettings:
    """Where is the law found? What commands need that use no server and no database."""

    profiles: Path | None
    notices: Path | None
    home_division: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "LawSettings":
        """Which settings do these environment variables give? Raises SettingsError."""
        given = _given(environ)
        return cls(
            profiles=_folder(given, "FIREINVEST_PROFILES"),
            notices=_folder(given, "FIREINVEST_NOTICES"),
            home_division=_division(given.get("FIREINVEST_HOME_DIVISION", "530300")),
        )


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """With what are backups encrypted, and where are those made before an upgrade?"""

    recipients: tuple[str, ...]  # public keys of age
    passphrase: str | None = field(repr=False)
    identity: str | None = field(repr=False)  # what a file with secret keys of age holds
    folder: Path
    kept: int

    @classmethod
    def of(cls, given: Mapping[str, str], instance: Path) -> "BackupSettings":
        """Which settings do these variables give? Raises SettingsError."""
        recipients = tuple(each.strip() for each in given.get("BACKUP_RECIPIENT", "").split(","))
        recipients = tuple(filter(None, recipients))
        if not all(map(_AGE_KEY.fullmatch, recipients)):
            raise SettingsError(
                "BACKUP_RECIPIENT must be a public key of age (age1…), or several with commas "
                "between."
            )
        passphrase = _secret(given, "BACKUP_PASSPHRASE")
        if recipients and passphrase is not None:
            raise SettingsError("BACKUP_RECIPIENT and BACKUP_PASSPHRASE must not both be given.")
        if passphrase is not None and len(passphrase) < SHORTEST_PASSPHRASE:
            raise SettingsError(
                f"BACKUP_PASSPHRASE is too short: give {SHORTEST_PASSPHRASE} characters or more."
            )
        return cls(
            recipients=recipients,
            passphrase=passphrase,
            identity=_identity(given),
            folder=Path(given.get("BACKUP_FOLDER", instance / "backups")),
            kept=_whole_number(given, "BACKUP_KEPT", default=7, lowest=1, highest=10_000),
        )


def _identity(given: Mapping[str, str]) -> str | None:
    if "BACKUP_IDENTITY_FILE" not in given:
        return None
    try:
        return _private(given, "BACKUP_IDENTITY_FILE", LONGEST_SECRET_FILE).decode()
    except UnicodeDecodeError:
        raise SettingsError("BACKUP_IDENTITY_FILE must name a text file in UTF-8.") from None


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """By which OpenID provider can people sign in, and what is it trusted with?

    ``claim``: what of its token is the login here. ``trusts_factor``: whoever comes from it isn't
    asked for our own second factor. ``is_only``: passwords are for administrators alone.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    claim: str
    label_zh: str
    label_en: str
    trusts_factor: bool
    is_only: bool

    @property
    def origin(self) -> str:
        """Scheme, host and port of the provider."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @classmethod
    def of(cls, given: Mapping[str, str], environment: Environment) -> "OidcSettings | None":
        """Which settings do these variables give? None where there is no provider.

        Raises SettingsError.
        """
        secret = _secret(given, "OIDC_CLIENT_SECRET")
        needed = {
            "OIDC_ISSUER": given.get("OIDC_ISSUER"),
            "OIDC_CLIENT_ID": given.get("OIDC_CLIENT_ID"),
            "OIDC_CLIENT_SECRET": secret,
        }
        issuer, client_id, secret = needed.values()
        if issuer is None or client_id is None or secret is None:
            if any(each.startswith("OIDC_") for each in given):
                missing = next(name for name, value in needed.items() if value is None)
                raise SettingsError(
                    f"{missing} must be given too: OIDC_ISSUER, OIDC_CLIENT_ID and "
                    "OIDC_CLIENT_SECRET (or OIDC_CLIENT_SECRET_FILE) go together."
                )
            return None
        if not re.fullmatch(r"[!-~]{1,255}", client_id):
            raise SettingsError("OIDC_CLIENT_ID must be at most 255 plain characters, no blanks.")
        claim = given.get("OIDC_CLAIM", "preferred_username")
        if not re.fullmatch(r"[A-Za-z0-9_.:/-]{1,100}", claim):
            raise SettingsError("OIDC_CLAIM must be the name of a claim, such as employee_number.")
        return cls(
            issuer=_issuer(issuer, environment),
            client_id=client_id,
            client_secret=secret,
            claim=claim,
            label_zh=_label(given, "OIDC_LABEL_ZH", "统一身份认证"),
            label_en=_label(given, "OIDC_LABEL_EN", "single sign-on"),
            trusts_factor=_one_of(given, "OIDC_SECOND_FACTOR", "ours", "provider") == "provider",
            is_only=_one_of(given, "OIDC_ONLY", "0", "1") == "1",
        )


def _issuer(value: str, environment: Environment) -> str:
    """Return the issuer just as it is written: the provider must call itself the same."""
    wrong = SettingsError(
        "OIDC_ISSUER must be the provider's address as it names itself, such as "
        "https://idp.city.gov.cn/realms/staff: no query, no fragment, no name or password."
    )
    try:
        parts = urlsplit(value)
        plain = _plain_address(parts._replace(path="", query="", fragment=""))
    except ValueError:
        raise wrong from None
    is_path = re.fullmatch(r"[A-Za-z0-9/._~%-]{0,200}", parts.path) is not None
    if plain is None or not is_path or "?" in value or "#" in value:
        raise wrong
    if environment is Environment.PRODUCTION and parts.scheme != "https":
        raise SettingsError("OIDC_ISSUER must begin with https:// in production.")
    return value


def _label(given: Mapping[str, str], name: str, default: str) -> str:
    value = given.get(name, default)
    if len(value) > LONGEST_LABEL or not value.isprintable():
        raise SettingsError(f"{name} must be a short name, of at most {LONGEST_LABEL} characters.")
    return value


def _one_of(given: Mapping[str, str], name: str, default: str, other: str) -> str:
    value = given.get(name, default)
    if value not in (default, other):
        raise SettingsError(f"{name} must be {default} or {other}, not {value[:40]!r}.")
    return value


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """How do notices leave the house, who does the work behind it, and when is the sweep?

    ``mail_url``: None where no mail is sent. ``is_mail_full``: units and all that a notice says
    stand in what is sent, else only number, clock, day and link. ``queue_url``: what wakes the
    workers. ``sweep_at``: the time of day in China from which on the nightly sweep is due.
    """

    mail_url: str | None = field(default=None, repr=False)  # It may carry a password.
    is_mail_full: bool = False
    allows_webhooks: bool = True
    queue_url: str = field(default="inprocess:", repr=False)  # It may carry a password.
    sweep_at: time = time(1, 0)

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "NoticeSettings":
        """Which settings do these variables give? Raises SettingsError."""
        details = given.get("MAIL_DETAILS", "minimal")
        if details not in ("minimal", "full"):
            raise SettingsError(f"MAIL_DETAILS must be minimal or full, not {details[:40]!r}.")
        webhooks = given.get("WEBHOOKS", "1")
        if webhooks not in ("0", "1"):
            raise SettingsError(f"WEBHOOKS must be 0 or 1, not {webhooks[:40]!r}.")
        return cls(
            mail_url=_mail_url(_secret(given, "MAIL_URL")),
            is_mail_full=details == "full",
            allows_webhooks=webhooks == "1",
            queue_url=_queue_url(_secret(given, "QUEUE_URL")),
            sweep_at=_time_of_day(given.get("SWEEP_AT", "01:00"), "SWEEP_AT"),
        )


def _mail_url(value: str | None) -> str | None:
    if value is None:
        return None
    from fireinvest.gateways.mail import WrongMailUrl, from_url

    try:
        from_url(value)
    except WrongMailUrl as problem:
        # The value is not repeated: it may carry a password.
        raise SettingsError(f"MAIL_URL must be smtp://host:port?from=address: {problem}.") from None
    return value


def _queue_url(value: str | None) -> str:
    if value is None:
        return "inprocess:"
    if value != "inprocess:" and not value.startswith(("sqlite:///", "postgresql://")):
        raise SettingsError(
            "QUEUE_URL must be inprocess:, or begin with sqlite:/// or postgresql://."
        )
    return value


def _time_of_day(value: str, name: str) -> time:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise SettingsError(f"{name} must be a time of the day such as 01:00, not {value[:40]!r}.")
    return time.fromisoformat(value)


@dataclass(frozen=True, slots=True)
class Settings:
    """How is this installation set up?"""

    database_url: str = field(repr=False)  # It may carry a password.
    secret_key: str = field(repr=False)
    environment: Environment
    law: LawSettings
    notices: NoticeSettings
    host: str
    port: int
    max_content_length: int  # bytes of a request without files
    blob_url: str
    pictures_folder: Path  # small pictures made of photographs; may be emptied at any time
    max_upload_length: int  # bytes of a request with files
    upload_largest: int  # bytes of a file that comes in parts
    upload_quota: int  # bytes of one person's files that wait for a form
    upload_days: int  # after so many days files that nothing names are forgotten
    job_days: int  # so long files that long work made can be taken
    archive_volume_pages: int  # pages of a volume of the archive at most
    archive_volume_bytes: int  # bytes that one has at most, about
    archive_part: int  # bytes of a part of a package, as far as single files allow
    session_idle: timedelta
    session_longest: timedelta
    password_shortest: int
    password_kinds: int  # of how many of four kinds it has characters at least
    password_days: int  # how long it holds, 0 for ever
    code_time: timedelta  # how long a one-time code holds
    attempts_free: int  # failures of one login from one address before the next waits
    attempts_longest_wait: timedelta
    attempts_per_login: int  # in an hour, from browsers that don't know the person
    attempts_per_address: int  # in ten minutes, 0: not counted
    log_heads: str  # where the state of the log is told every day, out of the database's reach
    needs_second_factor: bool  # nobody is in by a password alone
    confirm_every: timedelta  # how long a proof of who somebody is holds for what is grave
    demo: bool
    public_url: str  # the address that people type, without a final slash
    proxy_hops: int  # how many reverse proxies stand in front and are believed
    tls_certificate: Path | None
    tls_key: Path | None
    upload_types: tuple[str, ...]  # endings of names, without the dot
    outgoing_allowed: tuple[str, ...]  # private hosts and networks that may be asked
    outgoing_authorities: Path | None  # certificates by which those who are asked are known
    backup: BackupSettings
    oidc: OidcSettings | None

    @property
    def is_https(self) -> bool:
        """Do people come here by HTTPS?"""
        return self.public_url.startswith("https://")

    @property
    def public_host(self) -> str:
        """The host (and port, where it isn't the usual one) that people's browsers name."""
        return urlsplit(self.public_url).netloc

    @property
    def is_production(self) -> bool:
        """Is this a real installation?"""
        return self.environment is Environment.PRODUCTION

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], *, instance: Path = INSTANCE
    ) -> "Settings":
        """Which settings do these environment variables give?

        An empty variable counts as absent. Raises SettingsError, naming the variable. Outside
        production, a missing SECRET_KEY is made once and kept in ``instance/secret_key``.
        Secrets may stand in a file instead, which NAME_FILE names.
        """
        given = _given(environ)
        law = LawSettings.from_environment(environ)
        environment = _environment(given.get("FIREINVEST_ENV", "development"))
        is_production = environment is Environment.PRODUCTION
        if is_production:
            _refuse_debugging(given)
        host = given.get("HOST", "127.0.0.1")
        port = _whole_number(given, "PORT", default=8000, lowest=1, highest=65535)
        secret_key = _secret_key(_secret(given, "SECRET_KEY"), environment, instance)
        proxy_hops = _whole_number(given, "PROXY_HOPS", default=0, lowest=0, highest=MOST_PROXIES)
        certificate, key = _tls(given)
        if is_production and not proxy_hops and certificate is None:
            raise SettingsError(
                "PROXY_HOPS must say how many reverse proxies with HTTPS stand in front (1 as a "
                "rule), or TLS_CERTIFICATE and TLS_KEY must be given: production speaks no plain "
                "HTTP with people."
            )
        return cls(
            database_url=_database_url(_secret(given, "DATABASE_URL"), instance),
            secret_key=secret_key,
            environment=environment,
            law=law,
            notices=NoticeSettings.of(given),
            host=host,
            port=port,
            max_content_length=_whole_number(
                given, "MAX_CONTENT_LENGTH", default=1024**2, lowest=1024, highest=1024**3
            ),
            blob_url=_blob_url(given.get("BLOB_URL"), instance),
            pictures_folder=Path(given.get("PICTURES_FOLDER", instance / "pictures")),
            max_upload_length=_whole_number(
                given, "MAX_UPLOAD_LENGTH", default=64 * 1024**2, lowest=1024, highest=1024**3
            ),
            upload_largest=_whole_number(
                given, "UPLOAD_LARGEST", default=2 * 1024**3, lowest=1024, highest=64 * 1024**3
            ),
            upload_quota=_whole_number(
                given, "UPLOAD_QUOTA", default=20 * 1024**3, lowest=1024, highest=1024**4
            ),
            upload_days=_whole_number(given, "UPLOAD_DAYS", default=7, lowest=2, highest=3650),
            job_days=_whole_number(given, "JOB_DAYS", default=7, lowest=1, highest=3650),
            archive_volume_pages=_whole_number(
                given, "ARCHIVE_VOLUME_PAGES", default=200, lowest=1, highest=10_000
            ),
            archive_volume_bytes=_whole_number(
                given, "ARCHIVE_VOLUME_MB", default=300, lowest=1, highest=1024**2
            )
            * 1024**2,
            archive_part=_whole_number(
                given, "ARCHIVE_PART_MB", default=1900, lowest=1, highest=1024**2
            )
            * 1024**2,
            session_idle=timedelta(
                minutes=_whole_number(
                    given, "SESSION_IDLE_MINUTES", default=8 * 60, lowest=5, highest=7 * 24 * 60
                )
            ),
            session_longest=timedelta(
                hours=_whole_number(
                    given, "SESSION_LONGEST_HOURS", default=24, lowest=1, highest=31 * 24
                )
            ),
            log_heads=_log_heads(given.get("LOG_HEADS"), instance),
            needs_second_factor=_second_factor(given.get("SECOND_FACTOR"), environment),
            confirm_every=timedelta(
                minutes=_whole_number(
                    given, "CONFIRM_MINUTES", default=10, lowest=1, highest=24 * 60
                )
            ),
            password_shortest=_whole_number(
                given, "PASSWORD_SHORTEST", default=10, lowest=10, highest=64
            ),
            password_kinds=_whole_number(given, "PASSWORD_KINDS", default=0, lowest=0, highest=4),
            password_days=_whole_number(given, "PASSWORD_DAYS", default=0, lowest=0, highest=3650),
            code_time=timedelta(
                hours=_whole_number(given, "CODE_HOURS", default=72, lowest=1, highest=31 * 24)
            ),
            attempts_free=_whole_number(given, "ATTEMPTS_FREE", default=5, lowest=3, highest=20),
            attempts_longest_wait=timedelta(
                minutes=_whole_number(
                    given, "ATTEMPTS_LONGEST_WAIT_MINUTES", default=15, lowest=1, highest=24 * 60
                )
            ),
            attempts_per_login=_whole_number(
                given, "ATTEMPTS_PER_LOGIN", default=30, lowest=10, highest=1000
            ),
            attempts_per_address=_whole_number(
                given, "ATTEMPTS_PER_ADDRESS", default=50, lowest=0, highest=100_000
            ),
            demo=_demo(given.get("FIREINVEST_DEMO", "0"), environment),
            public_url=_public_url(given.get("PUBLIC_URL"), environment, host, port, certificate),
            proxy_hops=proxy_hops,
            tls_certificate=certificate,
            tls_key=key,
            upload_types=_upload_types(given.get("UPLOAD_TYPES")),
            outgoing_allowed=_outgoing_allowed(given.get("OUTGOING_ALLOWED", "")),
            outgoing_authorities=_readable(given, "OUTGOING_CA_FILE"),
            backup=BackupSettings.of(given, instance),
            oidc=OidcSettings.of(given, environment),
        )

    @classmethod
    def or_exit(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Which settings hold? Where one is wrong, say it plainly and end the program (code 2)."""
        try:
            return cls.from_environment(environ)
        except SettingsError as problem:
            _exit(str(problem))


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """An empty variable counts as absent."""
    return {name: value.strip() for name, value in environ.items() if value.strip()}


def _secret(given: Mapping[str, str], name: str) -> str | None:
    """Return a secret: what NAME holds, or the file that NAME_FILE names; None for neither.

    Nothing of what it holds is ever part of a message.
    """
    name_of_file = f"{name}_FILE"
    if name_of_file not in given:
        return given.get(name)
    if name in given:
        raise SettingsError(f"{name} and {name_of_file} must not both be given.")
    content = _private(given, name_of_file, LONGEST_SECRET_FILE)
    try:
        # Editors end a file with a line break, which is no part of the secret.
        secret = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SettingsError(f"{name_of_file} must name a text file in UTF-8.") from None
    if not secret or not secret.isprintable():
        raise SettingsError(f"{name_of_file} must name a file that holds one line: the secret.")
    return secret


def _private(given: Mapping[str, str], name: str, at_most: int) -> bytes:
    """Return what the file of a setting holds; in production it must not be for everybody."""
    path = Path(given[name])
    try:
        # Looked at and read through one handle: the file can't be exchanged in between.
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(at_most + 1)
    except (OSError, ValueError):
        raise SettingsError(f"{name} must name a file that can be read.") from None
    is_production = given.get("FIREINVEST_ENV") == Environment.PRODUCTION.value
    if is_production and mode & _FOR_EVERYBODY:
        raise SettingsError(
            f"{name} names a file that everybody on this machine may read or change. "
            "Take that away: chmod o= FILE"
        )
    if len(content) > at_most:
        raise SettingsError(f"{name} must name a file of at most {at_most} bytes.")
    return content


def _refuse_debugging(given: Mapping[str, str]) -> None:
    for name in _DEBUG_SWITCHES:
        # Python takes any text as "on", Flask some as "off".
        if name in given and not (name == "FLASK_DEBUG" and given[name].lower() in _OFF):
            raise SettingsError(
                f"{name} must not be set in production: faults would show inner details."
            )
    if sys.flags.dev_mode:
        raise SettingsError("PYTHONDEVMODE (python -X dev) must not be on in production.")


def _tls(given: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    """Return the files of the certificate and its key; both or neither."""
    if "TLS_CERTIFICATE" not in given and "TLS_KEY" not in given:
        return None, None
    for name in ("TLS_CERTIFICATE", "TLS_KEY"):
        if name not in given:
            raise SettingsError(f"{name} must be given too: a certificate goes with its key.")
    _private(given, "TLS_KEY", 1024**2)
    return _readable(given, "TLS_CERTIFICATE"), Path(given["TLS_KEY"])


def _readable(given: Mapping[str, str], name: str) -> Path | None:
    """Return the file that a setting names, which can be read; None where it names none."""
    if name not in given:
        return None
    try:
        with Path(given[name]).open("rb"):
            return Path(given[name])
    except (OSError, ValueError):
        raise SettingsError(f"{name} must name a file that can be read.") from None


def _public_url(
    value: str | None, environment: Environment, host: str, port: int, certificate: Path | None
) -> str:
    """Return the address that people use, in one spelling: lower case, no usual port, no slash."""
    is_production = environment is Environment.PRODUCTION
    if value is None and is_production:
        raise SettingsError(
            "PUBLIC_URL must be set in production: the address that people use, such as "
            "https://fire.city.gov.cn"
        )
    if value is None:
        name = f"[{host}]" if ":" in host else host
        return f"{'http' if certificate is None else 'https'}://{name.lower()}:{port}"
    wrong = SettingsError(
        "PUBLIC_URL must be an address such as https://fire.city.gov.cn: scheme, host, and a port "
        "where it isn't the usual one; nothing behind them."
    )
    try:
        parts = urlsplit(value)
        found = _plain_address(parts)
    except ValueError:
        raise wrong from None
    if found is None:
        raise wrong
    if is_production and parts.scheme != "https":
        raise SettingsError("PUBLIC_URL must begin with https:// in production.")
    return found


def _plain_address(parts: SplitResult) -> str | None:
    """Return scheme, host and port in one spelling; None where there is anything else."""
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    port = parts.port  # Raises ValueError for what is none.
    # What is put together again must be what was given: no name, password, or odd character.
    spelled = name if port is None else f"{name}:{port}"
    is_plain = (
        parts.scheme in _DEFAULT_PORTS
        and parts.netloc.lower() == spelled
        and _HOST_NAME.fullmatch(name) is not None
        and port != 0
        and (parts.path, parts.query, parts.fragment) in (("", "", ""), ("/", "", ""))
    )
    if not is_plain:
        return None
    return f"{parts.scheme}://{name if port == _DEFAULT_PORTS[parts.scheme] else spelled}"


def _upload_types(value: str | None) -> tuple[str, ...]:
    if value is None:
        return UPLOAD_TYPES
    wanted = [each.strip().lower().removeprefix(".") for each in value.split(",") if each.strip()]
    unknown = [each for each in wanted if each not in UPLOAD_TYPES]
    if unknown or not wanted:
        raise SettingsError(
            f"UPLOAD_TYPES must name some of these, with commas between: {', '.join(UPLOAD_TYPES)}."
        )
    return tuple(each for each in UPLOAD_TYPES if each in wanted)


def _outgoing_allowed(value: str) -> tuple[str, ...]:
    """Return hosts (``idp.city.gov.cn`` or ``http://idp:8080``) and networks (``10.1.0.0/16``)."""
    entries = tuple(each.strip().lower() for each in value.split(",") if each.strip())
    for each in entries:
        if not _is_destination(each):
            raise SettingsError(
                "OUTGOING_ALLOWED must name hosts (idp.city.gov.cn, or http://idp.city.gov.cn:8080 "
                "where plain HTTP is meant) and networks (10.1.0.0/16), with commas between."
            )
    return entries


def _is_destination(entry: str) -> bool:
    if "://" in entry:
        try:
            parts = urlsplit(entry)
            return _plain_address(parts) is not None and not parts.path
        except ValueError:
            return False
    try:
        ip_network(entry)
    except ValueError:
        # A name of digits and dots alone is a mistyped number, not a host.
        return _HOST_NAME.fullmatch(entry) is not None and any(each.isalpha() for each in entry)
    return True


def _exit(message: str) -> Never:
    sys.stderr.write(f"fireinvest: {message}\n")
    raise SystemExit(2)


def _environment(value: str) -> Environment:
    try:
        return Environment(value)
    except ValueError:
        known = " or ".join(each.value for each in Environment)
        raise SettingsError(f"FIREINVEST_ENV must be {known}, not {value!r}.") from None


def _database_url(value: str | None, instance: Path) -> str:
    if value is None:
        _make(instance)
        return f"sqlite:///{instance / 'fireinvest.db'}"
    if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        # The value is not repeated: it may carry a password.
        raise SettingsError("DATABASE_URL must begin with sqlite:/// or postgresql://.")
    return value


def _blob_url(value: str | None, instance: Path) -> str:
    if value is None:
        _make(instance)
        return f"file://{instance / 'files'}"
    if not value.startswith(("file:///", "s3://")):
        raise SettingsError(
            "BLOB_URL must name a folder or a bucket: file:///path/to/it, s3://bucket/prefix."
        )
    return value


def _second_factor(value: str | None, environment: Environment) -> bool:
    if value is None:
        return environment is Environment.PRODUCTION
    if value not in ("required", "optional"):
        raise SettingsError(f"SECOND_FACTOR must be required or optional, not {value[:40]!r}.")
    return value == "required"


def _log_heads(value: str | None, instance: Path) -> str:
    if value is None:
        _make(instance)
        return f"file://{instance / 'log-heads.jsonl'}"
    if not re.fullmatch(r"file:///.+|syslog:///.+|syslog://[^/?#@]+/?", value):
        raise SettingsError(
            "LOG_HEADS must name a file (file:///path/to/it) or a syslog (syslog:///dev/log, or "
            "syslog://host:port)."
        )
    return value


def _demo(value: str, environment: Environment) -> bool:
    if value not in ("0", "1"):
        raise SettingsError(f"FIREINVEST_DEMO must be 0 or 1, not {value[:40]!r}.")
    if value == "1" and environment is Environment.PRODUCTION:
        raise SettingsError("FIREINVEST_DEMO must not be 1 in production: its passwords are known.")
    return value == "1"


def _make(instance: Path) -> None:
    # The database and the secret in it are for the user who runs the server alone.
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)


def _secret_key(value: str | None, environment: Environment, instance: Path) -> str:
    if environment is Environment.PRODUCTION:
        if value is None:
            raise SettingsError(
                "SECRET_KEY must be set in production. Make one: "
                "python3 -c 'import secrets; print(secrets.token_hex(32))'"
            )
        if _is_weak(value):
            raise SettingsError(
                f"SECRET_KEY is too weak: give {SHORTEST_SECRET} random characters or more."
            )
        return value
    return value if value is not None else _kept_secret(instance)


def _is_weak(secret: str) -> bool:
    lowered = secret.lower()
    return (
        len(secret) < SHORTEST_SECRET
        or len(set(secret)) < FEWEST_DIFFERENT_CHARACTERS
        or any(word in lowered for word in PLACEHOLDERS)
    )


def _kept_secret(instance: Path) -> str:
    kept = instance / "secret_key"
    _make(instance)
    # Written aside and then linked into place, so that two workers that start together agree on
    # one secret and neither reads half of it.
    fresh = instance / f"secret_key.{os.getpid()}.{secrets.token_hex(4)}"
    if not kept.exists():
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(fresh, kept)
        except FileExistsError:
            pass  # Another worker was quicker; its secret holds.
        finally:
            fresh.unlink()
    secret = kept.read_text().strip()
    if len(secret) < SHORTEST_SECRET:
        raise SettingsError(
            f"SECRET_KEY: {kept} does not hold a whole secret. Remove it and a new one is made."
        )
    return secret


def _folder(given: Mapping[str, str], name: str) -> Path | None:
    if name not in given:
        return None
    folder = Path(given[name])
    if not folder.is_dir():
        raise SettingsError(f"{name} must name a folder; {str(folder)!r} is not one.")
    return folder


def _whole_number(
    given: Mapping[str, str], name: str, *, default: int, lowest: int, highest: int
) -> int:
    value = given.get(name)
    if value is None:
        return default
    # Long runs of digits are refused before int() sees them.
    if not re.fullmatch(r"[0-9]{1,12}", value) or not lowest <= int(value) <= highest:
        raise SettingsError(
            f"{name} must be a whole number from {lowest} to {highest}, not {value[:40]!r}."
        )
    return int(value)


def _division(value: str) -> str:
    # A zone without a code of its own is named by its city's code and a short word.
    if not re.fullmatch(r"[0-9]{6}(-[a-z0-9]{1,20})?", value):
        raise SettingsError(
            "FIREINVEST_HOME_DIVISION must be a division code of six digits "
            f"(or a zone's id, such as 530300-jkq), not {value[:40]!r}."
        )
    return value
