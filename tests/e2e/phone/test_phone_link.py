"""A network that is paid by the byte, by the app's own modules in a browser: what counts, and what waits for another."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import pytest
from e2e.pages import Site
from e2e.phone.test_phone_modules import (  # noqa: F401  (fixtures)
    Offer,
    Phone,
    images,
    phone,
    picture,
    script,
    signed,
)
from PIL import Image
from playwright.sync_api import Browser, Error

METERED = """Object.defineProperty(navigator, "connection", {value: Object.assign(new EventTarget(), {type: "cellular"})})"""
WAIT = {"waitForWifi": True, "dailyMb": None}


def on_mobile_data(phone: Phone) -> None:  # noqa: F811
    """From here on; the browser says so."""
    phone.context.add_init_script(METERED)
    phone.on()


def on_wifi(phone: Phone) -> None:  # noqa: F811
    phone.page.evaluate("navigator.connection.type = 'wifi'")


def large() -> bytes:
    """A picture that is worth a preview."""
    out = io.BytesIO()
    Image.open(io.BytesIO(picture(81))).resize((1200, 900)).save(out, "PNG")
    assert out.tell() > 65_536
    return out.getvalue()


@pytest.fixture
def carrier(browser: Browser, site: Site, script: bytes) -> Iterator[Phone]:  # noqa: F811
    """Another phone of the site."""
    made = Phone(browser, site, script)
    made.enrol()
    yield made
    made.context.close()


def test_reports_and_previews_go_and_count_images_wait(phone: Phone) -> None:  # noqa: F811
    on_mobile_data(phone)
    phone.do("setLinkRules", WAIT)
    case = phone.capture(large())
    phone.do("analyse", case)
    assert phone.do("send") == ""
    (kept_case,) = phone.cases()
    assert (kept_case["state"], kept_case["problem"]) == ("failed", "waits_for_wifi")
    traffic = phone.do("traffic")
    assert traffic["sent"] == traffic["metered"], "all of it was mobile data"
    small = traffic["sent"]
    assert 5_000 < small < 30_000 + 5_000, "a report, and a preview of at most 30 kB"
    on_wifi(phone)
    assert phone.do("send") == ""
    assert len(images(phone.site, case)) == 1
    traffic = phone.do("traffic")
    assert traffic["metered"] == small
    assert traffic["sent"] == small + len(large())


def test_carried_cases_wait_for_wifi_as_images_do(
    phone: Phone,  # noqa: F811
    carrier: Phone,
) -> None:
    case = phone.capture(large())
    phone.do("analyse", case)
    bundle = phone.do("sealed", case)
    on_mobile_data(carrier)
    carrier.do("setLinkRules", WAIT)
    carrier.do("carryAlong", bundle)
    assert carrier.do("handInCarried") == {"left": 1, "waits": "waits_for_wifi"}
    carrier.do("setLinkRules", {"waitForWifi": False, "dailyMb": 0.01})
    outcome = carrier.do("handInCarried")
    assert outcome == {"left": 1, "waits": "waits_for_wifi"}, "no day has room for it"
    assert carrier.do("traffic")["sent"] == 0
    own = carrier.capture(picture(82))
    carrier.do("analyse", own)
    carrier.do("setLinkRules", {"waitForWifi": False, "dailyMb": 10})
    assert carrier.do("send") == ""
    size = len(base64.b64decode(bundle)) / 1e6
    carrier.do("setLinkRules", {"waitForWifi": False, "dailyMb": size})
    assert carrier.do("handInCarried") == {"left": 1, "waits": "waits_for_tomorrow"}
    carrier.do("handInAnyway")  # a person's wish
    assert carrier.do("handInCarried") == {"left": 0, "waits": ""}
    assert carrier.do("traffic")["metered"] > len(large())
    assert len(images(phone.site, case)) == 1


def test_a_carried_case_that_the_hub_refuses_is_named_and_dropped(
    phone: Phone,  # noqa: F811
    carrier: Phone,
) -> None:
    case = phone.capture(picture(83))
    phone.do("analyse", case)
    carrier.do("carryAlong", phone.do("sealed", case))
    busy = {"code": "rate_limited", "title": "Wait a little"}
    carrier.context.route("**/api/sync/bundles", lambda r: r.fulfill(status=429, json=busy))
    with pytest.raises(Error, match="rate_limited"):
        carrier.do("handInCarried")
    assert carrier.do("dropRefused") == [], "that was no refusal of the case"
    carrier.context.unroute("**/api/sync/bundles")
    carrier.do("carryAlong", base64.b64encode(b"FADACASE1\n" + bytes(200)).decode())
    assert carrier.do("handInCarried") == {"left": 1, "waits": ""}
    assert len(images(phone.site, case)) == 1
    assert carrier.do("dropRefused") == ["invalid_input"]
    assert carrier.do("handInCarried") == {"left": 0, "waits": ""}


def test_a_newer_model_waits_for_wifi_and_the_first_does_not(
    signed: Phone,  # noqa: F811
    carrier: Phone,
) -> None:
    on_mobile_data(carrier)
    carrier.do("setLinkRules", WAIT)
    assert carrier.do("release")["tried"] == 1, "without a model a phone reads nothing"
    offer = Offer(signed, version="99.0.0")
    on_mobile_data(signed)
    signed.do("setLinkRules", WAIT)
    assert signed.do("release") == {"here": offer.present, "refused": "", "tried": 0}
    assert offer.asked == []
    on_wifi(signed)
    assert signed.do("release")["here"] == offer.name
