"""What people hold in their hands: an authenticator app, and a device with a passkey."""

import hashlib
import json
import secrets
from datetime import datetime

import cbor2
import pyotp
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def app_code(secret: str, at: datetime) -> str:
    """What an authenticator app shows at an instant."""
    return pyotp.TOTP(secret).at(at)


class Device:
    """A device that makes one passkey and signs with it, as browsers hand it on."""

    def __init__(self, host: str, origin: str) -> None:
        self.host, self.origin = host, origin
        self.key = generate_private_key(SECP256R1())
        self.id = secrets.token_bytes(32)
        self.count = 0
        self.flags = _PRESENT | _VERIFIED

    def _head(self, flags: int) -> bytes:
        hashed = hashlib.sha256(self.host.encode()).digest()
        return hashed + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, response: dict[str, bytes]) -> str:
        name = bytes_to_base64url(self.id)
        packed = {key: bytes_to_base64url(value) for key, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": packed})

    def made(self, challenge: str) -> str:
        """The passkey, new, for this challenge."""
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {
                1: 2, 3: -7, -1: 1,
                -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big"),
            }
        )  # fmt: skip
        data = (
            self._head(self.flags | _ATTESTED)
            + bytes(16)
            + len(self.id).to_bytes(2, "big")
            + self.id
            + public
        )
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", challenge)
        return self._answer({"clientDataJSON": client, "attestationObject": attested})

    def signed(self, challenge: str, *, counts: bool = True) -> str:
        """The challenge, signed; the count of uses goes up, unless this device doesn't count."""
        self.count += counts
        data = self._head(self.flags)
        client = self._client("webauthn.get", challenge)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ECDSA(SHA256()))
        return self._answer(
            {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        )
