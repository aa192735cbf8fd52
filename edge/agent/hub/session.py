"""A device's session with the hub: signing in by its key, and another key where the hub asks for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import httpx

from edge.agent.hub.answers import UNREACHABLE, checked, tus_errors
from edge.agent.identity import DeviceIdentity, NewestKey, public_key
from services.domain.errors import FadaError, NotAuthenticated, Unavailable

T = TypeVar("T")


class HubSession:
    """``token``: of a session that may go on; ``keep_token`` hears of each new one. Without ``newest`` this
    device's key is not changed when the hub asks for it."""

    def __init__(
        self,
        client: httpx.Client,
        identity: DeviceIdentity,
        token: str,
        keep_token: Callable[[str], None],
        newest: NewestKey | None,
    ) -> None:
        self.identity, self.token = identity, token
        self._client, self._keep_token, self._newest = client, keep_token, newest

    def bearer(self) -> dict[str, str]:
        """The header of a request in this session."""
        return {"Authorization": f"Bearer {self.token}"}

    def authenticate(self) -> None:
        """Sign in, unless there is a session. Raises FadaError."""
        if self.token:
            return
        body = self._sign_in()
        if body.get("new_key") and self._newest is not None and self._change_key(self._newest):
            body = self._sign_in()
        self.token = body["token"]
        self._keep_token(self.token)
        keys = {name: body.get(name, "") for name in ("bundle_key", "receipt_key")}
        self.identity = replace(self.identity, **keys)

    def _sign_in(self) -> dict[str, Any]:
        """With this device's key; or the newest, where the hub took it and its answer was lost."""
        try:
            return self._session(self.identity)
        except NotAuthenticated:
            newest = self._newest.read() if self._newest is not None else ""
            if newest in ("", self.identity.private_key):
                raise
        changed = replace(self.identity, private_key=newest)
        session = self._session(changed)
        self.identity = changed
        return session

    def _session(self, me: DeviceIdentity) -> dict[str, Any]:
        asked = self.send("POST", "/api/sync/challenge", json={"device_id": me.device_id}).json()
        proof = {"challenge": asked["challenge"], "signature": me.sign(asked["challenge"])}
        answer = self.send("POST", "/api/sync/session", json={"device_id": me.device_id, **proof})
        session: dict[str, Any] = answer.json()
        self.token = session["token"]
        return session

    def _change_key(self, newest: NewestKey) -> bool:
        """Another key from now on, kept here before the hub hears of it. False: refused, asked again."""
        before, private = self.identity, newest.read()
        if private in ("", before.private_key):
            private = newest.make()
        public, after = public_key(private), replace(before, private_key=private)
        proof = {"signature": before.sign_key(public), "proof": after.sign_key(public)}
        try:
            body = {"public_key": public, **proof}
            self.send("POST", "/api/sync/key", json=body, headers=self.bearer())
        except Unavailable:
            self.token = ""  # nobody knows whether the hub took it: the next sign-in finds out
            raise
        except FadaError:
            return False
        self.identity = after
        return True

    def with_token(self, request: Callable[[], T]) -> T:
        """What the request gives, in a session; once more with a new one where the first has ended."""
        self.authenticate()
        try:
            return tus_errors(request)
        except NotAuthenticated:
            self.token = ""  # the session ended: once more with a new one
            self.authenticate()
            return tus_errors(request)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Without a session. Raises FadaError; Unavailable: the hub was not reached."""
        try:
            return checked(self._client.request(method, path, **more))
        except httpx.HTTPError as error:
            raise Unavailable(UNREACHABLE) from error
