"""Receive the hub's webhooks and verify their signature before anything is believed.

    WEBHOOK_SECRET=whsec_... python examples/receive_webhook.py 9000

The secret is printed once, when the destination is added (add_destination.py). Needs: standardwebhooks.
Behind a real network put HTTPS in front of it. A message may come twice: its ``webhook-id`` says so.
"""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

MOST_BYTES = 1 << 20


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 for a genuine message and 400 for any other."""

    seen: set[str] = set()  # noqa: RUF012 - one for all requests; use a database in earnest

    def do_POST(self) -> None:
        """One message of the hub."""
        length = int(self.headers.get("content-length", 0))
        if not 0 < length <= MOST_BYTES:
            return self._answer(413)
        body = self.rfile.read(length)
        try:
            message = Webhook(os.environ["WEBHOOK_SECRET"]).verify(body, dict(self.headers.items()))
        except WebhookVerificationError:
            return self._answer(400)
        if self.headers["webhook-id"] not in self.seen:
            self.seen.add(self.headers["webhook-id"])
            print(f"{message['type']}: study {message['data']['study_id']}", flush=True)
        return self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: what counts is printed above."""


def main() -> None:
    """Listen on loopback until it is ended."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
