"""Work that the hub lists by state and runs again when it was given up: jobs and deliveries alike."""

from __future__ import annotations

from typing import Any

from cli import report_text
from cli.hub import HubConnection

_MOST = 1000  # what the API lists at once


def find(hub: str, key: str, path: str, state: str, study: str) -> list[dict[str, Any]]:
    """What ``path`` lists in these states (several by comma), of one study if it is named."""
    query = {name: value for name, value in (("state", state), ("study", study)) if value}
    with HubConnection.of(hub, key) as connection:
        return list(connection.get(path, **query)["items"])


def run_again(hub: str, key: str, path: str, ids: list[str] | None, every: bool) -> None:
    """Run these again, or with ``every`` all that were given up, and say what became of each."""
    with HubConnection.of(hub, key) as connection:
        wanted = list(ids or [])
        if every:
            dead = connection.get(path, state="dead", limit=_MOST)
            wanted += [one["id"] for one in dead["items"]]
        if not wanted:
            report_text.console().print("nothing to run again")
        for one in dict.fromkeys(wanted):
            item = connection.post(f"{path}/{one}/run-again")
            report_text.console().print(f"{item['id']}  {item['state']}  study {item['study_id']}")
