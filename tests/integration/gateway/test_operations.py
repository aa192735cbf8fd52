"""Dead letters, the queue, webhooks, the audit trail and releases, as a manager sees them."""

from __future__ import annotations

import shutil
import time

import hub as hubs
import pytest
import releases

from services.domain.study import Role


def send(hub: hubs.Hub, site: str, name: str = "head-27w.dcm") -> str:
    with hub.client(site) as client:
        data = (hubs.SAMPLES / name).read_bytes()
        item = client.post("/api/uploads", files={"file": data}).json()["items"][0]
        return str(item["study_id"])


def kill(hub: hubs.Hub, site: str, study: str) -> str:
    """The study's job fails for good."""
    with hub.services.index.begin() as tx:
        job = tx.jobs.find(site, study_id=study)[0]
        assert tx.jobs.lease(job.id, "w", 60)
        tx.jobs.fail(job.id, "w", "invalid_model_output", "no numbers", attempts=1, retryable=False)
    return job.id


def test_dead_letters_are_seen_and_run_again(hub: hubs.Hub) -> None:
    study = send(hub, "ops")
    with hub.client("ops", Role.MANAGER) as manager, hub.client("ops2") as other:
        assert manager.post(f"/api/studies/{study}/run-again").status_code == 409
        job = kill(hub, "ops", study)
        (dead,) = manager.get("/api/jobs", params={"state": "dead"}).json()["items"]
        assert (dead["id"], dead["error_code"]) == (job, "invalid_model_output")
        row = manager.get(f"/api/studies/{study}/status").json()
        assert (row["state"], row["error_code"]) == ("failed", "invalid_model_output")
        assert other.get("/api/jobs", params={"state": "dead"}).json()["items"] == []
        assert other.post(f"/api/jobs/{job}/run-again").status_code == 404
        again = manager.post(f"/api/jobs/{job}/run-again")
        assert (again.status_code, again.json()["state"]) == (202, "queued")
        assert manager.get("/api/jobs", params={"state": "lost"}).status_code == 400
        kill(hub, "ops", study)
        assert manager.post(f"/api/studies/{study}/run-again").status_code == 202
        audit = manager.get("/api/audit", params={"subject": study}).json()["items"]
        assert audit
        assert all(entry["actor"].startswith("key:") for entry in audit)


def test_a_job_reaches_the_broker_right_after_its_commit(hub: hubs.Hub) -> None:
    with hub.client("ops") as client:
        before = client.get("/api/queue").json()
        send(hub, "ops-queue", "head-35w.dcm")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            now = client.get("/api/queue").json()
            if now["broker"]["routine"] > before["broker"]["routine"]:
                break
            time.sleep(0.05)
        assert now["broker"]["routine"] > before["broker"]["routine"]
        assert now["jobs"]["queued"] > before["jobs"].get("queued", 0)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook", "https://127.0.0.1/x", "https://[::1]/", "https://169.254.169.254/",
        "https://10.0.0.8/", "ftp://example.org", "https://user:pw@example.org/", "https://",
        "https://example.org:99999/", "https://exa mple.org/\n",
    ],
)  # fmt: skip
def test_webhooks_into_the_own_network_are_refused(hub: hubs.Hub, url: str) -> None:
    with hub.client("ops", Role.MANAGER) as manager:
        assert manager.post("/api/webhooks", json={"url": url}).status_code == 400


def test_webhooks_show_their_secret_once(hub: hubs.Hub) -> None:
    with hub.client("ops", Role.MANAGER) as manager, hub.client("ops2") as other:
        webhook = {"url": "https://emr.example.org/fada", "events": ["study.ready"]}
        made = manager.post("/api/webhooks", json=webhook).json()
        assert made["secret"].startswith("whsec_")
        listed = manager.get("/api/webhooks")
        assert made["secret"] not in listed.text
        assert listed.json()["items"][0]["events"] == ["study.ready"]
        unknown = {**webhook, "events": ["study.gone"]}
        assert manager.post("/api/webhooks", json=unknown).status_code == 400
        assert other.delete(f"/api/webhooks/{made['id']}").status_code == 404
        assert manager.delete(f"/api/webhooks/{made['id']}").status_code == 204


def test_the_audit_trail_pages_backwards(hub: hubs.Hub) -> None:
    with hub.client("audited") as client:
        for n in range(5):
            client.post("/api/keys", json={"name": f"k{n}", "role": "reader"})
        first = client.get("/api/audit", params={"limit": 3}).json()
        second = client.get("/api/audit", params={"limit": 9, "before": first["before"]}).json()
    entries = [*first["items"], *second["items"]]
    seqs = [e["seq"] for e in entries]
    assert seqs == sorted(set(seqs), reverse=True)
    # Reading the trail is noted, too, a moment later.
    assert sum(e["action"] == "key.created" for e in entries) == 5


def test_releases_are_activated_and_an_older_one_only_on_purpose(hub: hubs.Hub) -> None:
    store = hub.services.settings.releases
    with hub.client("ops") as admin:
        assert admin.post("/api/releases/fada-test-1.0.0/activate").status_code == 200
    releases.build(store, "1.1.0")
    broken = releases.build(store, "1.2.0")
    (broken / "vision.onnx").write_bytes(b"x" * (broken / "vision.onnx").stat().st_size)
    with hub.client("ops") as admin, hub.client("ops", Role.MANAGER) as manager:
        activate = "/api/releases/fada-test-{}/activate"
        assert manager.post(activate.format("1.1.0")).status_code == 403
        body = admin.post(activate.format("1.1.0")).json()
        assert body["active"] == "fada-test-1.1.0"
        refused = admin.post(activate.format("1.2.0"))
        assert (refused.status_code, refused.json()["code"]) == (422, "release_wrong_hash")
        older = admin.post(activate.format("1.0.0"))
        assert (older.status_code, older.json()["code"]) == (422, "release_older")
        assert admin.get("/api/releases").json()["active"] == "fada-test-1.1.0", "the old one runs"
        back = admin.post(activate.format("1.0.0"), params={"rollback": True})
        assert back.json()["active"] == "fada-test-1.0.0"
        entries = admin.get("/api/audit", params={"subject": "fada-test-1.0.0"}).json()["items"]
        assert entries[0]["detail"]["rollback"] is True
    shutil.rmtree(broken)
