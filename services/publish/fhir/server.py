"""A result's FHIR bundle as one transaction to a FHIR R4 server."""

from __future__ import annotations

import http.client
import json
from typing import Any

from services.publish.access import SignIn, tls_context
from services.publish.fhir import MEDIA_TYPE
from services.publish.http_client import HttpAnswer, RequestBounds, parts_of, request
from services.publish.outcomes import PushFailed, PushNotAllowed, PushRejected

_BOUNDS = RequestBounds(60.0, silence=45.0, max_answer=1024 * 1024)
_REFUSED = (400, 404, 405, 406, 410, 412, 413, 415, 422)


class FhirSender:
    """One server. Safe to share between threads; keeps its token."""

    def __init__(self, url: str, options: dict[str, Any], credentials: dict[str, str]) -> None:
        """``url`` is the server's base. Raises InvalidInput."""
        self._base = parts_of(url.rstrip("/"))
        self._tls = tls_context(options, credentials)
        self._sign_in = SignIn(options, credentials)

    def send(self, bundle: bytes) -> None:
        """Idempotent, since what the bundle holds is created or updated under its identifiers.

        Raises:
            PushFailed, PushNotAllowed: it may work later.
            PushRejected: the server refuses the content.
        """
        answer = self._request("POST", self._base.path or "/", _transaction(bundle))
        if answer.status in _REFUSED:
            raise PushRejected(f"The FHIR server refuses the bundle ({answer.status}).")
        if answer.status not in (200, 201):
            raise PushFailed(f"The FHIR server answered {answer.status}.")

    def echo(self) -> None:
        """Whether it is there and lets us in. Raises PushFailed, PushNotAllowed."""
        answer = self._request("GET", f"{self._base.path}/metadata", None)
        if answer.status != 200:
            raise PushFailed(f"The FHIR server answered {answer.status} to /metadata.")

    def _request(self, method: str, path: str, body: bytes | None) -> HttpAnswer:
        headers = {"Accept": MEDIA_TYPE, **self._sign_in.headers(self._tls)}
        if body is not None:
            headers["Content-Type"] = MEDIA_TYPE
        parts = self._base._replace(path=path)
        try:
            answer = request(method, parts, body, headers, _BOUNDS, context=self._tls)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise PushFailed(
                f"The FHIR server cannot be reached ({type(error).__name__})."
            ) from error
        if answer.status in (401, 403):
            self._sign_in.forget()
            raise PushNotAllowed(f"The FHIR server answered {answer.status}.")
        return answer


def _transaction(bundle: bytes) -> bytes:
    """A collection from before results were transactions becomes one: each resource is put under its
    own id, which is derived from what it says, so that sending again changes nothing."""
    content: dict[str, Any] = json.loads(bundle)
    if content.get("type") == "transaction":
        return bundle
    entries = []
    for entry in content.get("entry", ()):
        resource = entry["resource"]
        address = f"{resource['resourceType']}/{resource['id']}"
        entries.append({**entry, "request": {"method": "PUT", "url": address}})
    made = {**content, "type": "transaction", "entry": entries}
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
