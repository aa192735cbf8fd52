"""Errors for people: what happened, what to do next, and an exit code that a script can tell apart."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from services.domain.errors import FadaError, InvalidInput, NotFound

_CODES = {400: 5, 401: 3, 403: 3, 404: 4, 409: 5, 410: 5, 413: 5, 415: 5, 422: 5, 503: 6}
_NEXT = {
    "hub_unreachable": "Start one here with 'fada up', or name another with --hub.",
    "not_authenticated": "Give a key with --key, or let 'fada keys remember' keep one.",
    "forbidden": "Ask for a key with a higher role: 'fada keys create --help'.",
    "store_unavailable": "Nothing was lost. Try again in a moment; 'fada status' shows the parts.",
    "broker_unavailable": "Nothing was lost. Try again in a moment; 'fada status' shows the parts.",
    "inference_unavailable": "Studies are kept and read later; 'fada status' shows the parts.",
}


class HubUnreachable(FadaError):
    """No connection, or no answer in time."""

    code, title, status, retryable = "hub_unreachable", "The hub does not answer", 503, True


class PartDown(FadaError):
    """The hub answers, but a part of it does not."""

    code, title, status, retryable = "part_down", "A part of the hub is down", 503, True


class NothingToSend(InvalidInput):
    """No file, or one that cannot be opened."""

    code, title = "nothing_to_send", "There is no file to send"


class NotReady(NotFound):
    """The study is known, its report is not there yet."""

    code, title = "not_ready", "There is no report yet"


class HubSays(FadaError):
    """A problem (RFC 9457) that the hub answered."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or f"HTTP {status}"))
        self.said = str(problem.get("code") or "http_error")
        self.shown = str(problem.get("title") or f"The hub answered {status}")
        self.http = status
        self.request_id = str(problem.get("request_id") or "")
        self.members = problem


def exit_code(error: FadaError) -> int:
    """3: not allowed, 4: not found, 5: refused, 6: a part is down, 1: anything else."""
    status = error.http if isinstance(error, HubSays) else error.status
    return _CODES.get(status, 6 if status >= 500 and error.retryable else 1)


def show(error: FadaError) -> None:
    """To standard error, so that what a command prints stays clean."""
    console = Console(stderr=True, highlight=False)
    hub = isinstance(error, HubSays)
    title, code = (error.shown, error.said) if hub else (error.title, error.code)  # type: ignore[attr-defined]
    console.print(f"[bold red]{title}[/] [dim]({code})[/]", soft_wrap=True)
    if error.detail != title:
        console.print(error.detail, markup=False, soft_wrap=True)
    if code in _NEXT:
        console.print(_NEXT[code], style="cyan", soft_wrap=True)
    if hub and error.request_id:  # type: ignore[attr-defined]
        console.print(f"request {error.request_id}", style="dim")  # type: ignore[attr-defined]


class CommandGroup(TyperGroup):
    """The outermost group of commands: the one place where an error becomes words."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that ``ctx`` names; errors end as words and an exit code."""
        try:
            return super().invoke(ctx)
        except FadaError as error:
            show(error)
            raise typer.Exit(exit_code(error)) from error
        except BrokenPipeError as error:  # e.g. | head
            raise typer.Exit(0) from error
