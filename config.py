"""Settings of the application: what the environment says, and the defaults without it."""

import os
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Never

ROOT = Path(__file__).resolve().parent
INSTANCE = ROOT / "instance"

# A secret that a person made up in a hurry is guessed; 32 characters of a random one are not.
SHORTEST_SECRET = 32
FEWEST_DIFFERENT_CHARACTERS = 12
PLACEHOLDERS = ("change", "secret", "example", "password", "default", "placeholder")


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
class Settings:
    """How is this installation set up?"""

    database_url: str = field(repr=False)  # It may carry a password.
    secret_key: str = field(repr=False)
    environment: Environment
    law: LawSettings
    host: str
    port: int
    max_content_length: int  # bytes of a request without files
    blob_url: str
    max_upload_length: int  # bytes of a request with files
    session_idle: timedelta
    session_longest: timedelta
    demo: bool

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
        """
        given = _given(environ)
        law = LawSettings.from_environment(environ)
        environment = _environment(given.get("FIREINVEST_ENV", "development"))
        return cls(
            database_url=_database_url(given.get("DATABASE_URL"), instance),
            secret_key=_secret_key(given.get("SECRET_KEY"), environment, instance),
            environment=environment,
            law=law,
            host=given.get("HOST", "127.0.0.1"),
            port=_whole_number(given, "PORT", default=8000, lowest=1, highest=65535),
            max_content_length=_whole_number(
                given, "MAX_CONTENT_LENGTH", default=1024**2, lowest=1024, highest=1024**3
            ),
            blob_url=_blob_url(given.get("BLOB_URL"), instance),
            max_upload_length=_whole_number(
                given, "MAX_UPLOAD_LENGTH", default=64 * 1024**2, lowest=1024, highest=1024**3
            ),
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
            demo=_demo(given.get("FIREINVEST_DEMO", "0"), environment),
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
    if not value.startswith("file:///"):
        raise SettingsError("BLOB_URL must name a folder: file:///path/to/it.")
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
