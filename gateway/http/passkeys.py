"""Passkeys (Web Authentication Level 3) by py_webauthn: what browsers are asked, and what they answer.

A challenge lies in a signed ticket that the browser sends back with the answer; the index keeps when the
last one that a passkey answered was made, so that none is answered twice.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateway.http.tokens import Signer
from services.domain.errors import InvalidInput, NotAuthenticated
from services.index.port import Account, Passkey
from services.settings import Settings

_TICKET_SECONDS = 300.0
_NEW, _SIGN_IN = "passkey-new", "passkey"  # purposes of tickets


class PasskeyRefused(NotAuthenticated):
    """Its answer does not hold: another challenge, key or address, or one that was given before."""

    code, title = "passkey_refused", "This passkey does not open this hub"


class PasskeyUnusable(InvalidInput):
    """What the browser made cannot be registered."""

    code, title, status = "passkey_unusable", "This passkey cannot be registered; try again", 422


@dataclass(frozen=True, slots=True)
class Asked:
    """``account_id``: whose passkey must answer; empty: anybody's, as it names its person itself."""

    challenge: bytes
    challenge_at: int
    account_id: str


class RelyingParty:
    """This hub to authenticators, by its public address."""

    def __init__(self, settings: Settings, signer: Signer) -> None:
        public = urlsplit(settings.public_url)
        self._signer = signer
        self._id = public.hostname or ""
        self._origin = f"{public.scheme}://{public.netloc}"

    @staticmethod
    def fits(settings: Settings) -> bool:
        """Whether browsers allow passkeys there: a name, not an address, with TLS or on this machine."""
        public = urlsplit(settings.public_url)
        name = public.hostname or ""
        is_name = ":" not in name and not name.replace(".", "").isdigit()
        return bool(name) and is_name and (public.scheme == "https" or name == "localhost")

    def ask_for_new(self, account: Account, known: Sequence[Passkey]) -> dict[str, Any]:
        """``{options, ticket}`` for ``navigator.credentials.create``."""
        challenge, ticket = self._challenge(_NEW, account.id)
        options = webauthn.generate_registration_options(
            rp_id=self._id,
            rp_name="FADA",
            user_id=account.id.encode(),
            user_name=account.login,
            user_display_name=account.name,
            challenge=challenge,
            exclude_credentials=_described(known),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
        )
        return {"options": json.loads(webauthn.options_to_json(options)), "ticket": ticket}

    def made(
        self, account: Account, ticket: str, credential: dict[str, Any]
    ) -> tuple[str, bytes, int]:
        """Credential id, public key and counter of a new one. Raises PasskeyUnusable, NotAuthenticated."""
        asked = self._asked(_NEW, ticket)
        if asked.account_id != account.id:
            raise PasskeyUnusable("It was asked for by another person.")
        try:
            made = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=asked.challenge,
                expected_rp_id=self._id,
                expected_origin=self._origin,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise PasskeyUnusable("What the browser answered does not hold.") from error
        return bytes_to_base64url(made.credential_id), made.credential_public_key, made.sign_count

    def ask(self, account_id: str = "", known: Sequence[Passkey] = ()) -> dict[str, Any]:
        """``{options, ticket}`` for ``navigator.credentials.get``: those of an account after its password,
        or any of this hub, which then verify the person themselves (PIN, finger or face).
        """
        challenge, ticket = self._challenge(_SIGN_IN, account_id)
        verification = "PREFERRED" if account_id else "REQUIRED"
        options = webauthn.generate_authentication_options(
            rp_id=self._id,
            challenge=challenge,
            allow_credentials=_described(known),
            user_verification=UserVerificationRequirement[verification],
        )
        return {"options": json.loads(webauthn.options_to_json(options)), "ticket": ticket}

    def asked(self, ticket: str) -> Asked:
        """What a ticket of ``ask`` asked for. Raises NotAuthenticated."""
        return self._asked(_SIGN_IN, ticket)

    def answered(self, asked: Asked, passkey: Passkey, credential: dict[str, Any]) -> int:
        """The counter of the passkey after its answer. Raises PasskeyRefused."""
        if asked.account_id not in ("", passkey.account_id):
            raise PasskeyRefused()
        try:
            return webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=asked.challenge,
                expected_rp_id=self._id,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=not asked.account_id,
            ).new_sign_count
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise PasskeyRefused() from error

    def _challenge(self, purpose: str, account_id: str) -> tuple[bytes, str]:
        challenge = secrets.token_bytes(32)
        claims = {
            "challenge": bytes_to_base64url(challenge),
            "at": time.time_ns() // 1000,
            "account": account_id,
        }
        return challenge, self._signer.sign(purpose, claims, _TICKET_SECONDS)

    def _asked(self, purpose: str, ticket: str) -> Asked:
        claims = self._signer.read(purpose, ticket)
        return Asked(base64url_to_bytes(claims["challenge"]), claims["at"], claims["account"])


def _described(known: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(k.credential_id)) for k in known]
