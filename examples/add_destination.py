"""Add a destination for results (a signed webhook), list the destinations, remove one.

    export FADA_URL=http://127.0.0.1:8042 FADA_KEY=fada_...    # a manager's key
    python examples/add_destination.py add https://receiver.example.org/fada study.ready study.reviewed
    python examples/add_destination.py list
    python examples/add_destination.py remove ID

The secret is shown once: keep it where the receiver can read it. Receivers on a private network need
``FADA_WEBHOOK_ALLOW_PRIVATE=true`` on the hub. Needs: httpx.
"""

from __future__ import annotations

import os
import sys

import httpx


def main() -> None:
    """Do what the first word says."""
    if len(sys.argv) < 2 or sys.argv[1] not in ("add", "list", "remove"):
        sys.exit(__doc__)
    headers = {"Authorization": f"Bearer {os.environ['FADA_KEY']}"}
    with httpx.Client(base_url=os.environ["FADA_URL"], headers=headers, timeout=30) as api:
        if sys.argv[1] == "add":
            body = {"url": sys.argv[2], "events": sys.argv[3:]}
            answer = api.post("/api/webhooks", json=body)
            if answer.is_error:
                sys.exit(f"{answer.json()['title']}: {answer.json()['detail']}")
            made = answer.json()
            print(f"id {made['id']}\nsecret {made['secret']}")
        elif sys.argv[1] == "list":
            for webhook in api.get("/api/webhooks").raise_for_status().json()["items"]:
                print(webhook["id"], webhook["url"], ", ".join(webhook["events"]) or "all events")
        else:
            api.delete(f"/api/webhooks/{sys.argv[2]}").raise_for_status()
            print("removed")


if __name__ == "__main__":
    main()
