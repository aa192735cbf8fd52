"""What a programme sets on a phone, and sample cases, by the app's own modules in a browser."""

from __future__ import annotations

import base64
import time
import uuid
from pathlib import Path

import pytest
from e2e.phone.test_phone_modules import Phone, images, phone, picture, script  # noqa: F401  (fixtures)

SAMPLE = Path(__file__).resolve().parents[3] / "samples" / "head-27w.dcm"
DAY_MS = 86_400_000


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_quiet_hours_go_over_midnight(phone: Phone) -> None:  # noqa: F811
    for at, quiet in (("20:59", False), ("21:00", True), ("05:59", True), ("06:00", False)):
        assert phone.do("quiet", "21:00", "06:00", f"2026-03-01T{at}:00") is quiet
    assert phone.do("quiet", "12:00", "13:00", "2026-03-01T12:30:00") is True
    assert phone.do("quiet", "12:00", "13:00", "2026-03-01T23:30:00") is False


def test_a_case_that_no_hub_would_take_is_not_sealed(phone: Phone) -> None:  # noqa: F811
    assert phone.do("tooLargeToCarry", [64 * 2**20, 63 * 2**20]) is False
    assert phone.do("tooLargeToCarry", [64 * 2**20, 63 * 2**20 + 1]) is True


def test_threads_and_memory_are_what_the_phone_has(phone: Phone) -> None:  # noqa: F811
    assert [phone.do("threads", cores, True) for cores in (1, 2, 4, 8)] == [1, 1, 3, 4]
    assert phone.do("threads", 8, False) == 1, "no memory that threads share"
    for said in (
        "RangeError: WebAssembly.Memory(): could not allocate memory",
        "Error: std::bad_alloc",
    ):
        assert phone.do("isOutOfMemory", said) is True
    assert phone.do("isOutOfMemory", "Error: invalid_model_output") is False
    assert [phone.do("hasLittleMemory", gb) for gb in (0.5, 2, 4, 8)] == [True, True, False, False]


def test_a_longer_pin_opens_what_the_old_one_sealed(phone: Phone) -> None:  # noqa: F811
    assert phone.do("changePin", "246813", "24681357") is True
    assert phone.do("unlock", "246813") == "wrong"
    assert phone.do("unlock", "24681357") == "open"
    phone.do("given", {"settings": {"pin_tries": 2}})
    assert [phone.do("unlock", "111111") for _ in range(3)] == ["wrong", "wrong", "wait"]


def test_settings_of_a_qr_code_count_for_this_phone_alone(phone: Phone) -> None:  # noqa: F811
    site, group = phone.site, f"Scan {uuid.uuid4().hex[:6]}"
    address = f"/api/devices/settings?group={group}"
    site.api("PUT", address, json={"daily_mb": 7})
    old = site.api("GET", f"/api/devices/settings/qr?group={group}").json()["url"].partition("=")[2]
    other = site.api("GET", "/api/devices/settings/qr").json()["url"].partition("=")[2]
    site.api("PUT", address, json={"daily_mb": 9, "keep_days": 30})
    new = site.api("GET", f"/api/devices/settings/qr?group={group}").json()["url"].partition("=")[2]
    phone.do("given", {"settings": {}, "settings_at": 1, "group": group})
    body, _, signature = new.partition(".")
    assert phone.do("scanned", f"{body}x.{signature}") is False
    assert phone.do("scanned", f"{body}.{signature[:-4]}AAAA") is False
    assert phone.do("scanned", "nonsense") is False
    assert phone.do("scanned", other) is False, "another group's"
    assert phone.do("scanned", new) is True
    assert phone.do("givenNow")["daily_mb"] == 9
    assert phone.do("scanned", old) is False, "older than what it has"
    assert phone.do("givenNow")["keep_days"] == 30


def test_images_leave_the_phone_days_after_the_hub_has_them(phone: Phone) -> None:  # noqa: F811
    sent = phone.capture(picture(71))
    phone.do("analyse", sent)
    assert phone.do("send") == ""
    kept = phone.capture(picture(72))  # the hub does not have this one
    phone.do("analyse", kept)
    now = int(time.time() * 1000)
    assert phone.do("letImagesGo", 3, now + 2 * DAY_MS) == 0
    assert phone.do("letImagesGo", 3, now + 4 * DAY_MS) == 1
    assert phone.do("letImagesGo", 3, now + 4 * DAY_MS) == 0
    gone = {case["id"]: case.get("imagesGone", False) for case in phone.cases()}
    assert gone == {sent: True, kept: False}
    assert phone.do("send") == ""
    assert len(images(phone.site, kept)) == 1, "what was not sent was not let go"
    assert len(images(phone.site, sent)) == 1


def test_a_sample_case_never_leaves_the_phone(phone: Phone) -> None:  # noqa: F811
    case = phone.do("practise", b64(SAMPLE.read_bytes()))
    phone.do("analyse", case)
    asked: list[str] = []
    phone.context.on("request", lambda request: asked.append(request.url))
    assert phone.do("send") == ""
    assert phone.do("attempt", case) is False
    assert phone.do("seal", case) is False
    (kept_case,) = phone.cases()
    assert (kept_case["state"], kept_case["frozen"]) == ("analysed", False)
    assert not [url for url in asked if case in url or "/tus/" in url]
    with pytest.raises(ValueError, match="expected 1, got 0"):
        images(phone.site, case)


def identity(phone: Phone) -> dict[str, str]:  # noqa: F811
    """What the phone's database says of itself, in plain."""
    record = phone.page.evaluate(
        """() => new Promise((done) => {
            const open = indexedDB.open("fada", 1);
            open.onsuccess = () => {
                const asked = open.result.transaction("facts").objectStore("facts").get("identity");
                asked.onsuccess = () => done({id: asked.result.deviceId, key: asked.result.publicKey});
            };
        })"""
    )
    return dict(record)


def test_a_new_key_at_the_hubs_word_costs_no_case(phone: Phone) -> None:  # noqa: F811
    site, before = phone.site, identity(phone)
    case = phone.capture(picture(73))
    phone.do("analyse", case)
    assert site.api("POST", f"/api/devices/{before['id']}/rotate").json()["ids"] == [before["id"]]
    cut = "**/api/sync/key"
    phone.context.route(cut, lambda route: (route.fetch(), route.abort()))  # its answer is lost
    assert phone.do("send") != ""
    assert identity(phone) == before
    phone.context.unroute(cut)
    assert phone.do("send") == ""
    after = identity(phone)
    assert after["id"] == before["id"]
    assert after["key"] != before["key"]
    assert len(images(site, case)) == 1
    devices = site.api("GET", "/api/devices").json()["items"]
    (known,) = [one for one in devices if one["id"] == before["id"]]
    assert known["rotate_at"] is None
    assert phone.do("send") == ""
