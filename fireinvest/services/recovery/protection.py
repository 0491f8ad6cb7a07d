"""Encrypting a backup as it is written, and decrypting it as it is read, with age.

For a recipient, the file is what ``age`` itself writes and reads. A passphrase protects a key made
for this one backup, which stands before it: age would take hundreds of megabytes for a passphrase,
and as much of a backup as there is.
"""

import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import BinaryIO, cast

import pyrage
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fireinvest.messages import Faulty, Problem, Text

__all__ = ["Protection", "Undecryptable", "open_plain", "write_all"]

_GZIP = b"\x1f\x8b"
_AGE = b"age-encryption.org/v1\n"
_PASSPHRASE = b"fireinvest-backup/1 passphrase\n"
#: More than a key that is encrypted with a passphrase takes.
_LONGEST_KEY_LINE = 4096
_SALT, _NONCE = 16, 12
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Protection:
    """With what are backups encrypted and decrypted? With nothing where nothing is given.

    ``recipients``: public keys of age. ``identity``: the content of a file with secret ones.
    """

    recipients: tuple[str, ...] = ()
    passphrase: str | None = field(default=None, repr=False)
    identity: str | None = field(default=None, repr=False)

    @property
    def encrypts(self) -> bool:
        """Are backups encrypted?"""
        return bool(self.recipients) or self.passphrase is not None

    @property
    def ending(self) -> str:
        """How the name of a backup ends that is made so."""
        if self.recipients:
            return ".tar.gz.age"
        return ".tar.gz.locked" if self.passphrase is not None else ".tar.gz"


class Undecryptable(Exception):
    """The rest of the encrypted stream was changed or cut off."""


# ---------------------------------------------------------------------------- writing


def write_all(pieces: Iterable[bytes], target: BinaryIO, protection: Protection) -> None:
    """Write all pieces to a file, encrypted if so wanted; none is held longer than it takes.

    Raises:
        Faulty: when a recipient is none.

    """
    if not protection.encrypts:
        target.writelines(pieces)
        return
    if protection.recipients:
        try:
            recipients = [pyrage.x25519.Recipient.from_str(each) for each in protection.recipients]
        except pyrage.RecipientError as error:
            text = Text("This is no public key of age (age1…).")
            raise Faulty([Problem("BACKUP_RECIPIENT", text)]) from error
    else:
        identity = pyrage.x25519.Identity.generate()
        target.write(_PASSPHRASE + _locked(str(identity), protection.passphrase or "") + b"\n")
        recipients = [identity.to_public()]
    ends = _Ends(iter(pieces), target)
    try:
        pyrage.encrypt_io(ends, ends, recipients)
    except Exception:
        # The library tells of what happened in our own code only in its own words.
        if ends.error is not None:
            raise ends.error from None
        raise


def _locked(identity: str, passphrase: str) -> bytes:
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    sealed = AESGCM(_key(passphrase, salt)).encrypt(nonce, identity.encode(), _PASSPHRASE)
    return b64encode(salt + nonce + sealed)


def _key(passphrase: str, salt: bytes) -> bytes:
    """Return the key of a passphrase. What it costs stands here, not in a file from elsewhere."""
    return hash_secret_raw(
        passphrase.encode(),
        salt,
        time_cost=8,
        memory_cost=32 * 1024,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )


class _Ends:
    """Where the encryption reads and writes; keeps what went wrong there."""

    def __init__(self, pieces: Iterator[bytes], target: BinaryIO) -> None:
        self._pieces = pieces
        self._target = target
        self._left = memoryview(b"")
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        try:
            while not self._left:
                piece = next(self._pieces, None)
                if piece is None:
                    return b""
                self._left = memoryview(piece)
        except BaseException as error:
            self.error = error
            raise
        found, self._left = self._left[:size], self._left[size:]
        return bytes(found)

    def write(self, piece: bytes) -> int:
        try:
            return self._target.write(piece)
        except BaseException as error:
            self.error = error
            raise

    def flush(self) -> None:
        """Nothing: the file is flushed once, at its end."""


# ---------------------------------------------------------------------------- reading


@contextmanager
def open_plain(file: BinaryIO, protection: Protection) -> Iterator[BinaryIO]:
    """Give what a backup's file holds, decrypted as it is read.

    Raises:
        Faulty: when it is none, or can't be decrypted with the key or passphrase given.
        Undecryptable: while it is read, when it was changed or cut off.

    """
    start = file.read(max(len(_AGE), len(_PASSPHRASE)))
    file.seek(0)
    if start.startswith(_GZIP):
        yield file
        return
    if start.startswith(_AGE):
        identities = _identities(protection)
    elif start.startswith(_PASSPHRASE):
        identities = [_locked_identity(file, protection)]
    else:
        raise Faulty([Problem("", Text("This is no backup, or its beginning is damaged."))])
    with _decrypted(file, identities) as plain:
        yield plain


def _identities(protection: Protection) -> list[pyrage.x25519.Identity]:
    if protection.identity is None:
        text = Text("The backup is encrypted for a key: name the file that holds its secret part.")
        raise Faulty([Problem("BACKUP_IDENTITY_FILE", text)])
    lines = (each.strip() for each in protection.identity.splitlines())
    try:
        found = [
            pyrage.x25519.Identity.from_str(each)
            for each in lines
            if each and not each.startswith("#")
        ]
    except pyrage.IdentityError:
        found = []
    if not found:
        text = Text("This file holds no secret key of age (AGE-SECRET-KEY-1…).")
        raise Faulty([Problem("BACKUP_IDENTITY_FILE", text)])
    return found


def _locked_identity(file: BinaryIO, protection: Protection) -> pyrage.x25519.Identity:
    file.seek(len(_PASSPHRASE))
    line = file.readline(_LONGEST_KEY_LINE)
    if protection.passphrase is None:
        text = Text("The backup is encrypted with a passphrase, which must be given.")
        raise Faulty([Problem("BACKUP_PASSPHRASE", text)])
    try:
        locked = b64decode(line.rstrip(b"\n"), validate=True)
        salt, nonce, sealed = locked[:_SALT], locked[_SALT:][:_NONCE], locked[_SALT + _NONCE :]
        key = AESGCM(_key(protection.passphrase, salt)).decrypt(nonce, sealed, _PASSPHRASE)
        return pyrage.x25519.Identity.from_str(key.decode())
    except (ValueError, InvalidTag, HashingError, pyrage.IdentityError) as error:
        text = Text("The passphrase isn't that of this backup, or its beginning is damaged.")
        raise Faulty([Problem("BACKUP_PASSPHRASE", text)]) from error


@contextmanager
def _decrypted(file: BinaryIO, identities: list[pyrage.x25519.Identity]) -> Iterator[BinaryIO]:
    """Decrypt in a thread, which writes into a pipe only what is proved to be unchanged."""
    reading, writing = os.pipe()
    outcome = _Outcome()
    thread = Thread(target=_decrypt, args=(file, writing, identities, outcome), daemon=True)
    thread.start()
    try:
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            yield cast("BinaryIO", _Checked(pipe, thread, outcome))
    finally:
        # The pipe is closed: whatever the thread still writes is refused, and it ends.
        thread.join()


class _Outcome:
    """How the decryption ended; None while it goes on, or where all went well."""

    error: Exception | None = None


def _decrypt(
    file: BinaryIO, writing: int, identities: list[pyrage.x25519.Identity], outcome: _Outcome
) -> None:
    try:
        with os.fdopen(writing, "wb", buffering=_PIECE) as pipe:
            pyrage.decrypt_io(file, pipe, identities)
    except Exception as error:
        outcome.error = error


class _Checked:
    """The reading end of the pipe, which is at its end only where the decryption went well."""

    def __init__(self, pipe: BinaryIO, thread: Thread, outcome: _Outcome) -> None:
        self._pipe = pipe
        self._thread = thread
        self._outcome = outcome

    def read(self, size: int = -1) -> bytes:
        piece = self._pipe.read(size)
        if piece:
            return piece
        self._thread.join()
        match self._outcome.error:
            case None:
                return b""
            case pyrage.DecryptError() as error:
                text = Text("The key isn't one for this backup, or its beginning is damaged.")
                raise Faulty([Problem("BACKUP_IDENTITY_FILE", text)]) from error
            case error:
                raise Undecryptable from error
