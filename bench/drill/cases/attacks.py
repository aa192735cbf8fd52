"""Who is not let in, what is not told, and what leaves no trace."""

from __future__ import annotations

import io
import uuid

import httpx
import pydicom

from bench.drill.case import Seen, case
from bench.drill.hub import DrillHub, some_studies

ACCESS = "tests/integration/gateway/access/test_access.py"
PUBLIC = "tests/integration/gateway/access/test_public_routes.py"
REVIEWS = "tests/integration/gateway/record/test_reviews.py"


@case(
    38,
    "refused",
    "tests/integration/services/test_broker_faults.py::test_a_pickle_in_the_broker_is_never_opened",
)
def pickle_in_the_broker(hub: DrillHub) -> None:
    """38: a pickle message in the broker"""


@case(
    45,
    "escaped; CSP",
    f"{ACCESS}::test_security_headers",
    "tests/e2e/hub_pages/test_pages.py::test_a_wrong_key_is_refused_in_words",
    "tests/e2e/hub_pages/test_pages.py::test_upload_arrive_correct_sign_print",
)
def markup_in_a_name(hub: DrillHub) -> None:
    """45: HTML and script in PatientName"""


@case(
    46,
    "404 everywhere",
    f"{ACCESS}::test_a_site_never_sees_another",
    "tests/integration/dicom/test_dicomweb.py::test_another_site_sees_nothing",
    "tests/integration/gateway/ingest/test_tus.py::test_somebody_elses_upload_is_not_found",
    "tests/integration/gateway/results/test_events.py::test_events_arrive_live_and_of_the_own_site",
    "tests/integration/services/test_store_faults.py::test_a_presigned_link_opens_one_object_and_no_other",
    "tests/contract/test_index.py::test_sites_share_nothing",
)
def other_site(hub: DrillHub) -> None:
    """46: site A asks for site B's study (REST, QIDO, upload, events, presigned URL)"""


@case(
    47,
    "401",
    f"{ACCESS}::test_unsound_tokens_are_refused",
    f"{ACCESS}::test_tokens_over_http",
    f"{ACCESS}::test_nothing_is_read_without_a_principal",
)
def unsound_tokens(hub: DrillHub) -> None:
    """47: alg=none, a wrong audience, an expired token, none at all"""


@case(
    48,
    "absent from logs, traces, metric labels and broker",
    f"{ACCESS}::test_canaries_stay_in_the_index",
    "tests/integration/workers/test_worker_faults.py::test_nothing_of_the_patient_is_in_logs_broker_or_metrics",
    "tests/integration/services/test_traces.py::test_one_trace_from_the_door_through_outbox_and_broker",
    live=True,
)
def canaries(hub: DrillHub) -> Seen:
    """48: canary patient data in every text tag, from the door to the report"""
    canary = f"CANARY{uuid.uuid4().hex[:8]}"
    uid, data = _with_canaries(canary)
    hub.send([data])
    counted = hub.settled([uid])
    home, leaks, looked = hub.machine.home, [], 0
    for folder in ("logs", "valkey", "seaweed"):
        for file in (home / folder).rglob("*"):
            if file.is_file() and folder != "seaweed":
                looked += 1
                if canary.encode() in file.read_bytes():
                    leaks.append(file.name)
    for port in ("worker_metrics", "sweeper_metrics"):
        looked += 1
        if canary in httpx.get(f"http://127.0.0.1:{hub.machine.ports[port]}/metrics").text:
            leaks.append(port)
    seen = (
        f"{looked} logs, broker files and figures read, the canary in {leaks or 'none'}; {counted}"
    )
    return Seen(not leaks and counted.whole, seen)


def _with_canaries(canary: str) -> tuple[str, bytes]:
    """A study whose text elements, but for codes and numbers that a reader needs, are a canary."""
    ((uid, data),) = some_studies(1).items()
    dataset = pydicom.dcmread(io.BytesIO(data))
    for keyword, value in {
        "PatientName": f"{canary}^Name", "PatientID": canary, "OtherPatientIDs": canary,
        "PatientAddress": canary, "PatientComments": canary, "AccessionNumber": canary[:16],
        "StudyDescription": canary, "SeriesDescription": canary, "ImageComments": canary,
        "ReferringPhysicianName": canary, "OperatorsName": canary, "StationName": canary[:16],
        "InstitutionName": canary, "StudyID": canary[:16], "ProtocolName": canary,
    }.items():  # fmt: skip
        setattr(dataset, keyword, value)
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return uid, out.getvalue()


@case(
    "F7",
    "only a listed proxy names the caller; cookies are secure behind TLS",
    f"{PUBLIC}::test_a_trusted_proxy_names_the_caller",
    f"{PUBLIC}::test_cookies_are_secure_behind_tls",
)
def proxies(hub: DrillHub) -> None:
    """F7: X-Forwarded-For by a trusted proxy, and by anybody"""


@case(
    "F10",
    "nothing is handed out or taken without credentials",
    "tests/integration/services/test_store_faults.py::test_behind_the_s3_door_http_hands_out_nothing",
    "tests/integration/services/test_store_faults.py::test_a_wrong_secret_says_what_to_check",
    live=True,
)
def store_without_credentials(hub: DrillHub) -> Seen:
    """F10: the store's filer, volume and S3 ports are asked, and written to, without credentials"""
    ports_, seen, held = hub.machine.ports, [], True
    bucket = hub.machine.settings.s3_bucket
    for name, path in (
        ("weed_filer", f"/buckets/{bucket}/"), ("weed_volume", "/1,01637037d6"), ("s3", f"/{bucket}"),
    ):  # fmt: skip
        for method in ("GET", "PUT", "DELETE"):
            code = _code(method, f"http://127.0.0.1:{ports_[name]}{path}")
            held = held and (code == 0 or code >= 400)
            seen.append(f"{name.removeprefix('weed_')} {method} {code or 'no answer'}")
    return Seen(held, ", ".join(seen))


def _code(method: str, url: str) -> int:
    try:
        return httpx.request(method, url, content=b"x" if method == "PUT" else None).status_code
    except httpx.TransportError:
        return 0


@case(
    "F15",
    "API keys are answered; signing on fails by itself",
    f"{PUBLIC}::test_a_hanging_issuer_does_not_hold_api_keys",
    "tests/integration/gateway/access/test_sign_on.py::test_an_issuer_that_hangs_holds_nobody_else",
)
def issuer_hangs(hub: DrillHub) -> None:
    """F15: the OpenID Connect issuer hangs"""


@case(
    "F17",
    "escaped",
    "tests/unit/gateway/reviews/test_export.py::test_a_cell_is_never_a_formula",
    "tests/unit/gateway/reviews/test_export.py::test_other_cells_stay",
)
def formulas(hub: DrillHub) -> None:
    """F17: CSV cells that begin with =, +, - or @"""


@case(
    "F19",
    "401 with the old cookie",
    f"{PUBLIC}::test_signing_out_ends_the_cookie",
    f"{PUBLIC}::test_sessions_are_listed_and_ended",
    live=True,
)
def signed_out(hub: DrillHub) -> Seen:
    """F19: a cookie is used again after its owner signed out, at another process of the gateway"""
    with hub.client(headers={}) as client:
        client.post("/login", json={"key": hub.key}).raise_for_status()
        cookies = dict(client.cookies)
        before = [client.get("/api/me").status_code for _ in range(4)]
        csrf = {"Origin": hub.machine.address}
        out = client.post("/logout", headers=csrf).status_code
    after = []
    for _ in range(12):  # new connections, so that both processes are asked
        with hub.client(headers={}, cookies=cookies) as again:
            after.append(again.get("/api/me").status_code)
    held = set(before) == {200} and out < 400 and set(after) == {401}
    return Seen(
        held, f"before {sorted(set(before))}, signing out {out}, after {sorted(set(after))}"
    )


@case(
    "F20",
    "410",
    f"{REVIEWS}::test_a_share_link_ends_with_the_key_that_made_it",
)
def links_of_a_revoked_key(hub: DrillHub) -> None:
    """F20: a link to a study is opened after the key that made it was revoked"""


@case("F21", "private, no-store; 410 when it is over", f"{REVIEWS}::test_a_share_link_ends")
def shared_pictures(hub: DrillHub) -> None:
    """F21: pictures of a shared link are asked for: may a cache keep them?"""


@case(
    "F23",
    "closed but for the token for figures, and for managers",
    f"{PUBLIC}::test_figures_are_not_for_callers",
    live=True,
)
def figures(hub: DrillHub) -> Seen:
    """F23: /metrics of the gateway is asked without a key, and with keys of a reader and a sonographer"""
    codes = {}
    with hub.client() as client, hub.client(headers={}) as nobody:
        codes["nobody"] = nobody.get("/metrics").status_code
        for role in ("reader", "sonographer"):
            made = client.post("/api/keys", json={"name": f"drill {role}", "role": role}).json()
            headers = {"Authorization": f"Bearer {made['key']}"}
            codes[role] = nobody.get("/metrics", headers=headers).status_code
            client.delete(f"/api/keys/{made['id']}").raise_for_status()
    seen = ", ".join(f"{who} {code}" for who, code in codes.items())
    return Seen(codes["nobody"] == 401 and {codes["reader"], codes["sonographer"]} == {403}, seen)
