"""The report as JSON and back, and its published JSON Schema. Strict both ways."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from services.domain.report import Report

_ADAPTER: TypeAdapter[Report] = TypeAdapter(Report)
SCHEMA_ID = "https://fada.health/schemas/report-1.0.json"


def dump(report: Report) -> bytes:
    """UTF-8 JSON; the same report gives the same bytes."""
    return _ADAPTER.dump_json(report)


def load(data: bytes | str) -> Report:
    """Raises pydantic.ValidationError (a ValueError) when ``data`` is not a report."""
    return _ADAPTER.validate_json(data)


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of what ``dump`` writes."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **_ADAPTER.json_schema(mode="serialization"),
    }
