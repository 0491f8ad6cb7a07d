"""Secrets that are kept in the database, and are readable with the server's key alone."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = "1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_ID_BYTES = 4


class OtherKey(Exception):
    """It was sealed with another key than the server has now, or was changed since."""


def seal(text: str, *, key: str, about: str) -> str:
    """Return a text encrypted with a key derived from the server's; ``about`` binds it to its row.

    The id of the key stands before it, so that a changed key is known as one.
    """
    sealing, key_id = _derived(key)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = nonce + AESGCM(sealing).encrypt(nonce, text.encode(), about.encode())
    return f"{_VERSION}.{key_id}.{urlsafe_b64encode(sealed).decode()}"


def unseal(sealed: str, *, key: str, about: str) -> str:
    """Return the text that was sealed.

    Raises:
        OtherKey: when the server's key is another one by now, or the row isn't the one it was for.

    """
    sealing, key_id = _derived(key)
    version, _, rest = sealed.partition(".")
    sealed_by, _, packed = rest.partition(".")
    if (version, sealed_by) != (_VERSION, key_id):
        raise OtherKey
    try:
        raw = urlsafe_b64decode(packed)
        plain = AESGCM(sealing).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode())
    except (InvalidTag, ValueError) as error:
        raise OtherKey from error
    return plain.decode()


@cache
def _derived(key: str) -> tuple[bytes, str]:
    """The key for sealing, and the id by which it is known without telling anything of it."""
    both = HKDF(
        algorithm=SHA256(), length=_KEY_BYTES + _ID_BYTES, salt=None, info=b"fireinvest sealing 1"
    ).derive(key.encode())
    return both[:_KEY_BYTES], both[_KEY_BYTES:].hex()
