"""docs/api.md names the addresses that there are, and no others."""

from __future__ import annotations

import re

import hub as hubs


def test_the_written_overview_names_real_addresses(hub: hubs.Hub) -> None:
    known = {re.sub(r"\{[^}]*\}", "*", p).rstrip("/") for p in hub.app.openapi()["paths"]}
    text = (hubs.ROOT / "docs" / "api.md").read_text()
    written = set()
    for path in re.findall(
        r"(?:GET|POST|PUT|PATCH|DELETE) (/(?:api|tus|login|logout|health|metrics)[^\s`?]*)", text
    ):
        plain = re.sub(r"\{[^}]*\}(-\{[^}]*\})?", "*", path).rstrip("/")
        written.add(plain)
    assert len(written) > 35
    assert sorted(written - known) == []
