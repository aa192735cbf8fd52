"""Studies of a site that waits for further images: complete at once."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import hub as hubs
import pytest

from services.domain.study import Role

SITE = "quiet"


def stow(client: httpx.Client) -> str:
    """Send the sample; the study's id."""
    data = (hubs.SAMPLES / "head-27w.dcm").read_bytes()
    headers = {"Content-Type": "application/dicom"}
    answer = client.post("/dicomweb/studies", content=data, headers=headers)
    assert answer.status_code in (200, 202), answer.text
    return str(client.get("/api/studies").json()["items"][0]["id"])


def waits(client: httpx.Client, study: str) -> bool:
    """Whether the study's job is not due yet."""
    job = client.get(f"/api/studies/{study}/status").json()["job"]
    return datetime.fromisoformat(job["due_at"]) > datetime.now(UTC)


def test_complete_ends_the_wait(hub: hubs.Hub) -> None:
    with hub.client(SITE) as client:
        study = stow(client)
        assert waits(client, study)
        answer = client.post(f"/api/studies/{study}/complete")
        assert answer.status_code == 202
        assert answer.json()["job"]["study_id"] == study
        assert not waits(client, study)


@pytest.mark.parametrize(("role", "status"), [(Role.READER, 403), (Role.DEVICE, 403)])
def test_who_may_not_send_may_not_complete(hub: hubs.Hub, role: Role, status: int) -> None:
    with hub.client(SITE) as client:
        study = stow(client)
    with hub.client(SITE, role) as client:
        assert client.post(f"/api/studies/{study}/complete").status_code == status
    with hub.client("elsewhere") as client:
        assert client.post(f"/api/studies/{study}/complete").status_code == 404
