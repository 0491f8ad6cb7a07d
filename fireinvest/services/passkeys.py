"""Passkeys: what a browser is asked to sign, and whether what comes back is right.

Nothing here is kept: who has which passkey, and which challenge is open, ``services.factors`` says.
"""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from fireinvest.store.factors import Authenticator
from fireinvest.store.people import StoredPerson

_CHALLENGE_BYTES = 32
_TIMEOUT = 300_000  # milliseconds that a person has

#: What a browser sends of a passkey is shorter; a longer text isn't even read.
LONGEST_ANSWER = 20_000
#: Credential ids are at most 1023 bytes long, by the standard.
_LONGEST_ID = 1400

#: The server's own name, as the browser's window shows it.
_NAME = "fireinvest"


class NotProved(Exception):
    """What came back from a passkey proves nothing."""


@dataclass(frozen=True, slots=True)
class Site:
    """For which host are passkeys made, and from which address do they answer?"""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that was just made: its id, its public key, and how often it was used."""

    credential_id: str
    public_key: str
    sign_count: int


def fresh_challenge() -> str:
    """Return something that nobody has signed before."""
    return bytes_to_base64url(secrets.token_bytes(_CHALLENGE_BYTES))


def options_to_add(
    site: Site, person: StoredPerson, known: Iterable[Authenticator], challenge: str
) -> str:
    """Return what the browser is told, as JSON, to make a passkey for somebody.

    The device has to make sure that it is them, by its own PIN or finger: so it is worth a
    password and a second factor.
    """
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=_NAME,
        user_id=f"person {person.id}".encode(),
        user_name=person.login,
        user_display_name=person.name,
        challenge=base64url_to_bytes(challenge),
        timeout=_TIMEOUT,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(known),
    )
    return options_to_json(options)


def options_to_prove(site: Site, known: Iterable[Authenticator], challenge: str) -> str:
    """Return what the browser is told, as JSON, to let one of these passkeys answer; any for none."""
    options = generate_authentication_options(
        rp_id=site.host,
        challenge=base64url_to_bytes(challenge),
        timeout=_TIMEOUT,
        allow_credentials=_described(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def _described(known: Iterable[Authenticator]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.credential_id))
        for each in known
        if each.credential_id is not None
    ]


def read_new(site: Site, answer: str, challenge: str) -> NewPasskey:
    """Return the passkey that a browser made for this challenge.

    Raises:
        NotProved: when the answer isn't one to it, or comes from another site.

    """
    try:
        made = verify_registration_response(
            credential=_parsed(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception as error:  # its parsers let errors of many kinds through
        raise NotProved from error
    credential_id = bytes_to_base64url(made.credential_id)
    if len(credential_id) > _LONGEST_ID:
        raise NotProved
    public_key = bytes_to_base64url(made.credential_public_key)
    return NewPasskey(credential_id, public_key, made.sign_count)


def credential_of(answer: str) -> str:
    """Return the id of the passkey that an answer says it comes from.

    Raises:
        NotProved: when it says none.

    """
    found = _parsed(answer).get("id")
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_ID or not found.isascii():
        raise NotProved
    return found


def read_proof(site: Site, answer: str, challenge: str, passkey: Authenticator) -> int:
    """Return how often the passkey was used by now, when it signed the challenge.

    Raises:
        NotProved: when it did not.

    """
    try:
        proof = verify_authentication_response(
            credential=_parsed(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=base64url_to_bytes(passkey.secret),
            # Whether the count went back is asked where it is kept.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:  # its parsers let errors of many kinds through
        raise NotProved from error
    return proof.new_sign_count


def _parsed(answer: str) -> dict[str, object]:
    if len(answer) > LONGEST_ANSWER:
        raise NotProved
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise NotProved from error
    if not isinstance(found, dict):
        raise NotProved
    return found
