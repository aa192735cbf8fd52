"""Real servers on loopback for what the product sends out."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler


class QuietHandler(BaseHTTPRequestHandler):
    """Says nothing of what it answers."""

    def log_message(self, *_: object) -> None:
        return

    def body(self) -> bytes:
        """What was sent."""
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def lower_headers(self) -> dict[str, str]:
        """Headers by their names in lower case."""
        return {name.lower(): value for name, value in self.headers.items()}
