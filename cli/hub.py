"""A hub over HTTP, as the commands use it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Annotated, Any

import httpx
import typer

from cli import config
from cli.errors import HubSays, HubUnreachable
from services.settings import settings
from services.tus import open_session

HubOption = Annotated[
    str, typer.Option("--hub", help="Address of the hub; default: the remembered one.")
]
KeyOption = Annotated[
    str, typer.Option("--key", help="API key; default: the remembered one. Better: FADA_HUB_KEY.")
]
_AGENT = "fada-cli"
_PAUSES = (0.2, 0.8, 2.0)  # s between tries of what may be tried again


class HubConnection:
    """Raises HubUnreachable and HubSays. Safe to share between threads."""

    def __init__(self, address: str, key: str, *, seconds: float = 60.0) -> None:
        if not address:
            raise HubUnreachable("No hub is known here yet.")
        self.address, self.key = address, key
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.http = httpx.Client(
            base_url=address,
            headers={"User-Agent": _AGENT, **self.headers},
            timeout=httpx.Timeout(seconds, connect=5.0),
        )
        self.tus = open_session(_AGENT)

    @classmethod
    def of(cls, hub: str = "", key: str = "") -> HubConnection:
        """The hub that options, environment or memory name."""
        target = config.target(settings(), hub, key)
        return cls(target.hub, target.key)

    def __enter__(self) -> HubConnection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self.http.close()
        self.tus.close()

    def get(self, path: str, **query: Any) -> Any:
        """JSON of a GET; what is down for a moment is asked again."""
        return self.request("GET", path, params=query).json()

    def health(self) -> dict[str, Any]:
        """What the hub says of its parts, also when one is down."""
        try:
            answer = self.http.get("/health/ready", timeout=20.0)
            return dict(answer.json())
        except httpx.TransportError as error:
            raise HubUnreachable(
                f"{self.address} does not answer ({type(error).__name__})."
            ) from error
        except (ValueError, TypeError) as error:
            raise HubUnreachable(f"{self.address} is no FADA hub.") from error

    def post(self, path: str, body: Any = None) -> Any:
        """JSON of the answer to a POST, None when it is empty; never sent twice."""
        answer = self.request("POST", path, json=body, again=False)
        return answer.json() if answer.content else None

    def delete(self, path: str) -> None:
        """Remove what lies at ``path``."""
        self.request("DELETE", path, again=False)

    def bytes(self, path: str, **query: Any) -> bytes:
        """The content of a GET."""
        return self.request("GET", path, params=query).content

    def request(self, method: str, path: str, *, again: bool = True, **more: Any) -> httpx.Response:
        """One answer below 400. With ``again`` outages are met with a few more tries."""
        for pause in (*_PAUSES, None) if again else (None,):
            try:
                answer = self.http.request(method, path, **more)
                if answer.status_code < 400:
                    return answer
                if answer.status_code not in (429, 502, 503, 504) or pause is None:
                    raise problem_of(answer.status_code, answer.content)
            except httpx.TransportError as error:
                if pause is None:
                    raise HubUnreachable(
                        f"{self.address} does not answer ({type(error).__name__})."
                    ) from error
            time.sleep(pause)
        raise HubUnreachable(f"{self.address} does not answer.")

    @contextmanager
    def events(
        self, study: str = "", since: int | None = None
    ) -> Iterator[Iterator[dict[str, Any]]]:
        """Server-sent events, from ``since`` on; the stream ends now and then, and is to be reopened."""
        query: dict[str, Any] = {"study": study} if study else {}
        if since is not None:
            query["since"] = since
        try:
            with self.http.stream(
                "GET", "/api/events", params=query, timeout=httpx.Timeout(5.0, read=40.0)
            ) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    raise problem_of(answer.status_code, answer.content)
                yield _parsed(answer.iter_lines())
        except httpx.TransportError as error:
            raise HubUnreachable(f"The event stream of {self.address} broke.") from error


def _parsed(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith("data:"):
            yield json.loads(line[5:])


def problem_of(status: int, body: bytes) -> HubSays:
    """The problem (RFC 9457) in an answer; an answer that holds none counts by its status alone."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    return HubSays(status, problem if isinstance(problem, dict) else {})
