"""Progress of a start: a table that lives on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table


class Board:
    """``say`` is called by the machine; what it says after ``done`` is printed as it comes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._parts: dict[str, str] = {}
        self._live: Live | None = None
        self._starting = True
        self._stopped = 0

    def __enter__(self) -> Board:
        if self._console.is_terminal:
            self._live = Live(self, console=self._console, refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end_live()

    def __rich__(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, state in self._parts.items():
            mark = "[green]●[/]" if state.startswith("ready") else "[yellow]○[/]"
            table.add_row(mark, name, state)
        return table

    def say(self, part: str, what: str) -> None:
        """Take what the stack tells of one part: "starting", "ready", "stopped" or a sentence."""
        if what == "stopped":
            self._stopped += 1
            return
        if not self._starting:
            self._console.print(f"{part}: {what}", style="yellow")
            return
        seconds = time.monotonic() - self._began
        self._parts[part] = f"ready  {seconds:.1f} s" if what == "ready" else what
        if self._live is None and what == "ready":
            self._console.print(f"{seconds:5.1f} s  {part} ready")

    def note(self, words: str) -> None:
        """Something that a person should know, such as a port that was taken."""
        self._console.print(words, style="cyan")

    def done(self, seconds: dict[str, float]) -> None:
        """All parts are there."""
        self._starting = False
        self._end_live()
        longest = max(seconds.values(), default=0.0)
        self._console.print(f"all parts are ready after {longest:.1f} s")

    def close(self) -> None:
        """The parts are about to be ended."""
        self._end_live()
        self._starting = False
        self._console.print("ending all parts", style="dim")

    def _end_live(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
