"""The OpenAPI document is good, and no request it allows ends in a fault of the hub."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import hub as hubs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from gateway.app import TAGS

SKIPPED = (
    r"^/api/events$|^/dicomweb/subscribers/|^/logout$"  # they wait; a session that is not used here
)


@schemathesis.serializer("application/dicom", "multipart/related")
def raw(ctx: object, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def test_every_operation_is_described(hub: hubs.Hub) -> None:
    document = hub.app.openapi()
    names = set()
    tags = {t["name"] for t in TAGS}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["tags"][0] in tags, (method, path)
            assert operation["operationId"] not in names, (method, path)
            names.add(operation["operationId"])
    assert len(names) > 60
    examples = [
        name
        for name, schema in document["components"]["schemas"].items()
        if "example" in str(schema)
    ]
    assert {"ReviewIn", "Login", "EnrolIn"} <= set(examples)


def test_every_reference_leads_somewhere(hub: hubs.Hub) -> None:
    document = hub.app.openapi()
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    assert references
    for reference in references:
        target: Any = document
        for name in reference.removeprefix("#/").split("/"):
            assert name in target, reference
            target = target[name]


def _operations(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (method.upper(), path)
        for path, operations in document["paths"].items()
        if not re.match(SKIPPED, path)
        for method in operations
    ]


def test_no_request_ends_in_a_fault(hub: hubs.Hub) -> None:
    document = hub.app.openapi()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=hub.url)
    headers = {"Authorization": f"Bearer {hub.key('fuzz')}"}
    faults: list[str] = []
    tried = 0
    for method, path in _operations(document):
        strategy = schema[path][method].as_strategy()

        @settings(
            max_examples=5, deadline=None, database=None, derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=strategy)
        def attack(case: schemathesis.Case) -> None:
            nonlocal tried
            tried += 1
            answer = case.call(base_url=hub.url, headers=headers)
            if answer.status_code >= 500 and answer.status_code != 503:
                faults.append(f"{case.method} {case.formatted_path} {answer.text[:300]}")
            if answer.status_code >= 400 and case.method != "HEAD" and "/dicomweb" not in case.path:
                kind = answer.headers.get("content-type") or ["nothing"]
                if kind[0] != "application/problem+json":
                    faults.append(
                        f"{case.method} {case.formatted_path} {answer.status_code} {kind}"
                    )

        attack()
    assert faults == []
    assert tried > 200


@pytest.mark.parametrize("path", ["/api/openapi.json", "/health/live"])
def test_public_documents(hub: hubs.Hub, path: str) -> None:
    assert httpx.get(hub.url + path).status_code == 200
