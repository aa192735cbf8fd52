"""The phone's own modules in Chromium, against the real hub: its outbox, its files, its model.

The app around them is not here, nor a model: what is tested is what a kill, a broken line, a full
storage or a forged file must not spoil.
"""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
import releases
from e2e.pages import ROOT, SAMPLES, Site
from e2e.phone.field import as_file
from playwright.sync_api import Browser, Page, Request, Route
from pydicom.uid import JPEGExtended12Bit, generate_uid

from services.dicom.objects.clip import clip_object
from services.dicom.objects.ultrasound import Subject, read_picture, ultrasound_object
from services.dicom.parser.frames import Frames
from services.domain.errors import FadaError
from services.reading.images.picture import to_gray
from services.reading.releases.signature import public_bytes, sign

WEB = ROOT / "web"
pytestmark = [
    pytest.mark.skipif(
        shutil.which("node") is None or not (WEB / "node_modules" / "vite").is_dir(),
        reason="Node and the pages' packages are not here (npm ci in web)",
    ),
]
PICTURE = (SAMPLES / "head-27w.png").read_bytes()


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("library")
    subprocess.run(
        ["node", str(WEB / "phone" / "tests" / "build.mjs"), str(folder)], check=True, timeout=240
    )
    return (folder / "library.js").read_bytes()


class Phone:
    """A phone without its app: a page of the hub's origin that holds the modules."""

    def __init__(self, browser: Browser, site: Site, script: bytes) -> None:
        self.site, self._script = site, script
        self.context = browser.new_context(service_workers="block")
        self.context.route("**/field/modules.*", self._serve)
        self.page: Page = self.context.new_page()
        self.on()

    def _serve(self, route: Route) -> None:
        if route.request.url.endswith(".js"):
            route.fulfill(body=self._script, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>modules</title>", content_type="text/html")

    def on(self) -> None:
        """Switched on: what lies in the browser is all that is left."""
        self.page.goto(f"{self.site.address}/field/modules.html")
        self.page.evaluate("async () => { window.phone = await import('/field/modules.js'); }")

    def kill(self) -> None:
        self.page.close()
        self.page = self.context.new_page()
        self.on()

    def do(self, name: str, *args: object) -> Any:
        return self.page.evaluate("([name, args]) => phone[name](...args)", [name, list(args)])

    def enrol(self) -> None:
        code = self.site.api("POST", "/api/devices/codes", json={}).json()["code"]
        self.do("enrol", code, f"modules {uuid.uuid4().hex[:6]}")

    def capture(self, *files: bytes, into: str = "") -> str:
        return str(self.do("capture", [base64.b64encode(f).decode() for f in files], into))

    def cases(self) -> list[dict[str, Any]]:
        return list(self.do("cases"))


@pytest.fixture
def phone(browser: Browser, site: Site, script: bytes) -> Iterator[Phone]:
    made = Phone(browser, site, script)
    made.enrol()
    yield made
    made.context.close()


def picture(seed: int) -> bytes:
    """A picture of its own: a real scan with another corner."""
    import io

    from PIL import Image

    pixels = np.array(Image.open(io.BytesIO(PICTURE)).convert("L"))
    pixels[:8, :8] = np.random.default_rng(seed).integers(0, 255, (8, 8))
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def images(site: Site, case: str, study_uid: str = "") -> list[dict[str, Any]]:
    """The images that the hub has of a case; there is one study of it."""
    wanted = study_uid or f"2.25.{uuid.UUID(case).int}"
    studies = site.api("GET", "/api/studies?limit=500&order=newest").json()["items"]
    (study,) = [s for s in studies if s["study_uid"] == wanted]
    whole = site.api("GET", f"/api/studies/{study['id']}").json()
    return [i for i in whole["instances_list"] if i["frames"]]


def results(site: Site, case: str) -> list[dict[str, Any]]:
    wanted = f"2.25.{uuid.UUID(case).int}"
    studies = site.api("GET", "/api/studies?limit=500&order=newest").json()["items"]
    (study,) = [s["id"] for s in studies if s["study_uid"] == wanted]
    return list(site.api("GET", f"/api/studies/{study}/results").json()["items"])


# --- the PIN and what it seals -------------------------------------------------------------------
def test_wrong_pins_wait_longer_each_time_and_a_forgotten_one_erases(phone: Phone) -> None:
    case = phone.capture(picture(90))
    assert phone.do("unlock", "246813") == "open"
    assert [phone.do("unlock", f"00000{n}") for n in range(5)] == ["wrong"] * 5
    assert 0 < phone.do("waitLeft") <= 30_000
    assert phone.do("unlock", "246813") == "wait", "the right PIN waits, too"
    assert phone.do("waitLeft", 1) == 30_000, "a clock that is set back gains nothing"
    later = phone.page.evaluate("Date.now() + 86_400_000")
    assert phone.do("waitLeft", later) == 0
    assert [one["id"] for one in phone.cases()] == [case]
    phone.do("erase")
    phone.on()
    assert phone.cases() == []


SAID = {
    "number": "CANARY-77",
    "name": "Amina Otieno",
    "last_period": "2026-01-31",
    "indication": "growth\\check\u0007",
}


def test_what_is_said_of_a_woman_lies_sealed_and_reaches_the_hub(phone: Phone, site: Site) -> None:
    case = str(phone.do("capture", [base64.b64encode(picture(91)).decode()], "", False, SAID))
    assert "CANARY" not in json.dumps(phone.cases())
    phone.do("analyse", case)
    assert phone.do("send") == ""
    studies = site.api("GET", "/api/studies?limit=500&order=newest").json()["items"]
    (study,) = [s for s in studies if s["study_uid"] == f"2.25.{uuid.UUID(case).int}"]
    assert study["patient"]["id"] == "CANARY-77"
    assert study["patient"]["name"] == "Amina Otieno"
    whole = site.api("GET", f"/api/studies/{study['id']}").json()
    assert whole["last_period"] == "2026-01-31"
    phone.do("describe", case, {**SAID, "name": "Amina A. Otieno"})
    (again,) = phone.cases()
    assert (again["version"], again["state"]) == (2, "analysed"), "a further version"
    assert phone.do("details", case)["indication"] == "growth check"


def test_twins_and_the_day_of_the_images_reach_the_hub_and_come_back(
    phone: Phone, site: Site
) -> None:
    study = generate_uid()
    case = str(phone.do("capture", [base64.b64encode(fresh("head-27w.dcm", study)).decode()]))
    day = pydicom.dcmread(SAMPLES / "head-27w.dcm").StudyDate
    day = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    (record,) = phone.cases()
    assert (record["imageDay"], record["capturedDay"] > day) == (day, True)
    phone.do("describe", case, {**phone.do("details", case), "fetuses": "2"})
    for _ in range(3):
        phone.do("tryToRead", case)
    phone.do("setFetus", case, "1.2.3", "B")
    assert phone.do("send") == ""
    studies = site.api("GET", "/api/studies?limit=500&order=newest").json()["items"]
    (sent,) = [s for s in studies if s["study_uid"] == study]
    whole = site.api("GET", f"/api/studies/{sent['id']}/examination").json()
    assert whole["summary"]["day"] == day, "of the images, not of the capture"
    assert (whole["summary"]["several"], whole["facts"]["values"]["fetus_images"]) == (
        True,
        {"1.2.3": "B"},
    )
    assert phone.do("send") == ""
    facts = phone.do("facts", case)
    assert (facts["day"], facts["fetuses"], facts["fetus_images"]) == (day, 2, {"1.2.3": "B"})


def test_a_case_that_this_phone_cannot_read_is_left_to_the_hub(phone: Phone, site: Site) -> None:
    study = generate_uid()
    case = phone.capture(fresh("head-27w.dcm", study))
    assert [phone.do("tryToRead", case) for _ in range(3)] == [True, True, False]
    (left,) = phone.cases()
    assert (left["state"], left["report"]) == ("unread", None)
    assert phone.do("send") == ""
    (sent,) = phone.cases()
    assert sent["state"] in ("received", "hub_analysed")
    assert len(images(site, case, study)) == 1


# --- pixels --------------------------------------------------------------------------------------
def test_compressed_frames_look_as_on_the_hub(phone: Phone) -> None:
    """JPEG, by this browser's decoder and by the hub's: grey alike to the last value."""
    for path in sorted(SAMPLES.glob("**/*.dcm")):
        data = path.read_bytes()
        frames = Frames.of_bytes(data)
        answer = phone.do("pixels", base64.b64encode(data).decode(), [1])
        assert answer["count"] == frames.count
        (seen,) = answer["pictures"]
        gray = np.frombuffer(base64.b64decode(seen["gray"]), np.uint8)
        assert np.array_equal(gray.reshape(frames.rows, frames.columns), to_gray(frames.read(1))), (
            path
        )


def test_compressed_colours_look_as_on_the_hub(phone: Phone) -> None:
    """Colours differ by the decoders' rounding at most; a marker that is missing changes nothing."""
    import io

    from PIL import Image

    scan = np.array(Image.open(SAMPLES / "head-27w.png").convert("RGB"))
    scan[40:120, 60:200] = (200, 40, 30)  # flow, towards the probe
    for sampling in (0, 2):
        out = io.BytesIO()
        Image.fromarray(scan).save(out, "JPEG", quality=92, subsampling=sampling)
        jpeg = out.getvalue()
        dataset = pydicom.dcmread(SAMPLES / "head-27w.dcm")
        dataset.Rows, dataset.Columns = scan.shape[:2]
        dataset.SamplesPerPixel, dataset.PlanarConfiguration = 3, 0
        dataset.PhotometricInterpretation = "YBR_FULL_422"
        bare = jpeg[:2] + jpeg[20:] if jpeg[2:4] == b"\xff\xe0" else jpeg  # without its JFIF marker
        for stream in (jpeg, bare):
            dataset.PixelData = pydicom.encaps.encapsulate([stream])
            data = as_file(dataset)
            frames = Frames.of_bytes(data)
            (seen,) = phone.do("pixels", base64.b64encode(data).decode(), [1])["pictures"]
            here = np.frombuffer(base64.b64decode(seen["rgb"]), np.uint8).reshape(scan.shape)
            apart = np.abs(here.astype(int) - frames.read(1))
            assert apart.max() <= 3
            gray = np.frombuffer(base64.b64decode(seen["gray"]), np.uint8).reshape(scan.shape[:2])
            assert np.abs(gray.astype(int) - to_gray(frames.read(1))).max() <= 2


def coded(codec: str, depth: int, colour: bool) -> bytes:
    """A real scan under another transfer syntax."""
    scan = np.array(pydicom.dcmread(SAMPLES / "head-27w.dcm").pixel_array)
    dataset = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    pixels = scan if depth == 8 else (scan.astype(np.uint16) * 16 + 7)
    if colour:
        pixels = np.stack([pixels, np.roll(pixels, 9, 0), pixels.max() - pixels], axis=2)
    syntax, encode = CODECS[codec]
    dataset.file_meta.TransferSyntaxUID = syntax  # type: ignore[assignment]
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = 8 if depth == 8 else 16
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = depth, depth - 1, 0
    stream = bytes(encode(np.ascontiguousarray(pixels), depth))
    dataset.PixelData = pydicom.encaps.encapsulate([stream])
    dataset["PixelData"].VR = "OB"
    return as_file(dataset)


CODECS: dict[str, tuple[str, Callable[[Any, int], bytes | bytearray]]] = {
    "j2k": (
        "1.2.840.10008.1.2.4.90",
        lambda p, bits: imagecodecs.jpeg2k_encode(
            p, codecformat="j2k", reversible=True, level=0, bitspersample=bits, mct=False
        ),
    ),
    "j2k_lossy": (
        "1.2.840.10008.1.2.4.91",
        lambda p, bits: imagecodecs.jpeg2k_encode(p, codecformat="j2k", level=55, mct=False),
    ),
    "jpegls": ("1.2.840.10008.1.2.4.80", lambda p, bits: imagecodecs.jpegls_encode(p)),
    "lossless": (
        "1.2.840.10008.1.2.4.70",
        lambda p, bits: imagecodecs.ljpeg_encode(p, bitspersample=bits),
    ),
    "htj2k": ("1.2.840.10008.1.2.4.201", lambda p, bits: imagecodecs.htj2k_encode(p)),
}


@pytest.mark.parametrize(
    ("codec", "depth", "colour"),
    [
        ("j2k", 8, False), ("j2k", 12, False), ("j2k", 8, True), ("j2k_lossy", 8, False),
        ("jpegls", 8, False), ("jpegls", 8, True), ("lossless", 8, False), ("lossless", 12, False),
        ("htj2k", 8, False), ("htj2k", 8, True),
    ],
)  # fmt: skip
def test_coded_frames_look_as_on_the_hub(
    phone: Phone, codec: str, depth: int, colour: bool
) -> None:
    """Codecs that browsers lack: the same pixels, to the decoders' rounding where they lose some."""
    data = coded(codec, depth, colour)
    frames = Frames.of_bytes(data)
    answer = phone.do("pixels", base64.b64encode(data).decode(), [1])
    assert "refused" not in answer, answer
    (seen,) = answer["pictures"]
    wanted = frames.read(1)
    gray = np.frombuffer(base64.b64decode(seen["gray"]), np.uint8)
    apart = np.abs(gray.reshape(frames.rows, frames.columns).astype(int) - to_gray(wanted))
    assert apart.max() <= (1 if codec == "j2k_lossy" else 0)
    if colour:
        here = np.frombuffer(base64.b64decode(seen["rgb"]), np.uint8).reshape(wanted.shape)
        assert np.array_equal(here, wanted)


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mov", "hevc.mp4"])
def test_clips_look_as_on_the_hub(phone: Phone, name: str) -> None:
    """As files and within DICOM objects, in any order; a coding that this browser lacks is the hub's."""
    data = (ROOT / "tests" / "fixtures" / "clips" / name).read_bytes()
    assert uuid.UUID(phone.capture(data)), "taken, whoever decodes it"
    kind = "video/quicktime" if name.endswith(".mov") else "video/mp4"
    assert phone.cases()[0]["pictures"][0]["media_type"] == kind
    made = clip_object(data, Subject(study_key="a"), None)
    order = [1, 8, 9, 16, 2]
    answer = phone.do("pixels", base64.b64encode(made).decode(), order)
    if name == "hevc.mp4" and "refused" in answer:
        assert answer == {"refused": "unread_here"}
        return
    assert answer["count"] == 16
    frames = Frames.of_bytes(made)
    for number, seen in zip(order, answer["pictures"], strict=True):
        gray = np.frombuffer(base64.b64decode(seen["gray"]), np.uint8)
        apart = np.abs(gray.reshape(336, 480).astype(int) - to_gray(frames.read(number)))
        assert apart.max() <= 3, number


REAL = ROOT.parent / "shared" / "data" / "dicom-us"
FILES = sorted(REAL.glob("*.dcm")) + sorted((ROOT / "tests/fixtures/odd").glob("*.dcm"))


# 16 bits of JPEG, and ways to break a file's form that the phone's parser does not take.
ONLY_ON_THE_HUB = {
    "gdcm-US-ALOKA-16", "deflate_gzip_trailer", "implicit_data_in_explicit_syntax",
    "item_defined_length_then_item_delimiter", "item_ends_with_sequence_delimiter",
    "sq_defined_length_with_delimiter",
}  # fmt: skip


def test_real_and_odd_files_look_as_on_the_hub(phone: Phone) -> None:
    """What the hub reads, the phone reads alike, or says that it cannot."""
    read, differ, left = 0, [], set[str]()
    for path in FILES:
        data = path.read_bytes()
        try:
            frames = Frames.of_bytes(data)
            wanted = to_gray(frames.read(1))
        except FadaError:
            continue
        answer = phone.do("pixels", base64.b64encode(data).decode(), [1])
        if "refused" in answer:
            assert answer["refused"] in {"invalid_dicom", "unread_here", "incomplete_body"}, (
                path.name
            )
            left.add(path.stem)
            continue
        gray = np.frombuffer(base64.b64decode(answer["pictures"][0]["gray"]), np.uint8)
        apart = np.abs(gray.reshape(wanted.shape).astype(int) - wanted)
        differ += [path.name] if apart.max() > 3 else []
        read += 1
    assert differ == []
    assert left <= ONLY_ON_THE_HUB
    assert read >= (30 if REAL.is_dir() else 20)


def test_pictures_look_as_on_the_hub_and_stand_upright(phone: Phone) -> None:
    """A camera that lies on its side says so in its file."""
    import io

    from PIL import Image

    scan = Image.open(SAMPLES / "head-27w.png").convert("L")
    side = Image.Exif()
    side[0x0112] = 6
    for picture_, options in (
        (scan, {"format": "PNG"}),
        (scan, {"format": "JPEG", "quality": 90}),
        (scan, {"format": "JPEG", "quality": 90, "exif": side}),
        (scan.convert("RGB"), {"format": "JPEG", "quality": 90, "exif": side}),
    ):
        out = io.BytesIO()
        picture_.save(out, **options)
        answer = phone.do("gray", base64.b64encode(out.getvalue()).decode())
        (frame,) = read_picture(out.getvalue()).frames
        here = np.frombuffer(base64.b64decode(answer["gray"]), np.uint8)
        assert (answer["height"], answer["width"]) == frame.shape[:2]
        apart = np.abs(here.reshape(frame.shape[:2]).astype(int) - to_gray(frame))
        assert apart.max() <= (0 if picture_.mode == "L" else 2)


def test_a_jpeg_of_another_size_than_its_header_is_refused(phone: Phone) -> None:
    dataset = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    dataset.Rows += 1
    answer = phone.do("pixels", base64.b64encode(as_file(dataset)).decode(), [1])
    assert answer == {"refused": "invalid_dicom"}


# --- files and examinations ----------------------------------------------------------------------
def fresh(sample: str, study: str = "") -> bytes:
    """A DICOM file of an examination of its own, or of ``study``."""
    dataset = pydicom.dcmread(SAMPLES / sample)
    dataset.StudyInstanceUID = study or generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return as_file(dataset)


def test_files_of_one_examination_are_one_case(phone: Phone) -> None:
    study = generate_uid()
    case = phone.capture(fresh("head-27w.dcm", study), picture(1), picture(1))
    (kept_case,) = phone.cases()
    assert [p["media_type"] for p in kept_case["pictures"]] == ["application/dicom", "image/png"]
    assert phone.capture(fresh("head-14w.dcm", study), into=case) == case
    assert len(phone.cases()[0]["pictures"]) == 3
    assert phone.capture(fresh("head-14w.dcm"), into=case) == "other_study"
    assert phone.capture(fresh("head-27w.dcm"), fresh("head-27w.dcm")) == "other_study"
    assert study not in json.dumps(phone.cases()), "no name of the examination lies open"
    assert len(phone.cases()) == 1


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: b"%PDF-1.7 not a picture" * 20, "unsupported_media"),
        (lambda: PICTURE[:200], "unreadable_picture"),
        (lambda: (SAMPLES / "head-27w.dcm").read_bytes()[:900], "invalid_dicom"),
    ],
)
def test_what_cannot_be_taken_is_said_and_leaves_nothing(
    phone: Phone, make: Callable[[], bytes], code: str
) -> None:
    assert phone.capture(make()) == code
    assert phone.cases() == []


def test_what_only_the_hub_can_decode_is_taken(phone: Phone) -> None:
    dataset = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.file_meta.TransferSyntaxUID = JPEGExtended12Bit
    data = as_file(dataset)
    assert uuid.UUID(phone.capture(data))
    assert phone.do("pixels", base64.b64encode(data).decode(), [1]) == {"refused": "unread_here"}


def test_storage_that_is_full_refuses_new_captures_and_keeps_the_queue(phone: Phone) -> None:
    """Case 18."""
    case = phone.capture(picture(2))
    phone.do("analyse", case)
    phone.page.evaluate("navigator.storage.estimate = async () => ({ quota: 2e8, usage: 1.9e8 })")
    assert phone.capture(picture(3)) == "full"
    assert phone.capture(picture(3), into=case) == "full"
    assert [c["id"] for c in phone.cases()] == [case]
    assert phone.do("send") == ""
    assert phone.cases()[0]["state"] in ("received", "hub_analysed")


def test_a_deleted_case_frees_its_files_and_its_number_is_not_given_again(phone: Phone) -> None:
    both = picture(4)
    first, second = phone.capture(both, picture(5)), phone.capture(both)
    assert phone.do("remove", first) == len(picture(5)), "the other case needs the file still"
    assert [c["id"] for c in phone.cases()] == [second]
    assert phone.do("remove", second) == len(both)
    phone.capture(picture(6))
    assert phone.cases()[0]["n"] == 3


def test_a_case_that_is_deleted_while_it_is_sent_does_not_come_back(phone: Phone) -> None:
    first, second = phone.capture(picture(7)), phone.capture(picture(8))
    for case in (first, second):
        phone.do("analyse", case)

    phone.page.evaluate("window.sending = phone.send()")
    phone.do("remove", first)
    assert phone.page.evaluate("window.sending") == ""
    assert phone.do("send") == ""
    (left,) = phone.cases()
    assert left["id"] == second
    assert left["state"] in ("received", "hub_analysed")


# --- sending -------------------------------------------------------------------------------------
def test_more_pictures_after_the_first_were_sent(phone: Phone) -> None:
    """A scan goes on: the case becomes a further version, and the hub has one study of all."""
    case = phone.capture(picture(10))
    phone.do("analyse", case)
    assert phone.do("send") == ""
    assert phone.capture(picture(11), picture(12), into=case) == case
    (kept_case,) = phone.cases()
    assert (kept_case["version"], kept_case["state"], kept_case["missing"]) == (2, "captured", None)
    phone.do("analyse", case)
    assert phone.do("send") == ""
    assert phone.cases()[0]["state"] in ("received", "hub_analysed")
    assert len(images(phone.site, case)) == 3


def test_a_scale_belongs_to_its_picture(phone: Phone) -> None:
    case = phone.capture(picture(13), picture(14))
    hashes = [p["sha256"] for p in phone.cases()[0]["pictures"]]
    phone.do("scale", case, hashes[1], 0.25)
    phone.do("analyse", case)
    assert phone.do("send") == ""
    scales = [i["calibration"] for i in images(phone.site, case)]
    assert sorted(len(s["regions"]) if s else 0 for s in scales) == [0, 1]


def test_a_correction_during_sending_is_sent_too(phone: Phone) -> None:
    """The hub's answer to the version before does not count for the one that was made meanwhile."""
    case = phone.capture(picture(15))
    phone.do("analyse", case)
    sent: list[str] = []
    phone.page.on("request", lambda r: sent.append(r.url) if r.method == "PUT" else None)

    def change(route: Route) -> None:
        answer = route.fetch()
        phone.context.unroute("**/versions/1")
        route.fulfill(response=answer)

    phone.context.route("**/versions/1", change)
    phone.page.evaluate(
        """async ([id]) => {
            const first = phone.send();
            while ((await phone.cases())[0].state !== "failed") await new Promise((r) => setTimeout(r, 1));
            await phone.scale(id, (await phone.cases())[0].pictures[0].sha256, 0.3);
            await phone.analyse(id);
            await first;
        }""",
        [case],
    )
    assert phone.do("send") == ""
    assert [url.rpartition("/")[2] for url in sent] == ["1", "2"]
    assert phone.cases()[0]["version"] == 2
    versions = [v["version"] for v in results(phone.site, case) if v["origin"] == "phone"]
    assert len(versions) == 2, "both are kept (case 19)"


STEPS = ("PUT", "POST", "PATCH", "GET", "HEAD")


def test_killed_at_every_step_nothing_is_lost_or_doubled(phone: Phone) -> None:
    """Case 16: the hub did what it was asked or not, its answer was lost, and the phone died."""
    chance = random.Random(16)
    made, kills = [], dict[str, int]()
    for turn in range(14):
        for _ in range(chance.randrange(1, 3)):
            files = [picture(100 + 10 * turn + n) for n in range(chance.randrange(1, 4))]
            case = phone.capture(*files)
            phone.do("analyse", case)
            made.append(case)
        wanted, left = STEPS[turn % len(STEPS)], [chance.randrange(1, 3)]

        def cut(
            route: Route, request: Request, wanted: str = wanted, left: list[int] = left
        ) -> None:
            ours = "/api/sync/" in request.url or "/tus/" in request.url
            if not ours or request.method != wanted or "challenge" in request.url:
                route.continue_()
                return
            left[0] -= 1
            if left[0] > 0:
                route.continue_()
                return
            if chance.random() < 0.7:
                route.fetch()  # it came to the hub
            kills[wanted] = kills.get(wanted, 0) + 1
            route.abort()

        phone.context.route("**/*", cut)
        phone.do("send")
        phone.context.unroute("**/*", cut)
        phone.kill()
        phone.do("sweep")
    for _ in range(2):
        assert phone.do("send") == ""
    assert set(kills) >= {"PUT", "POST", "PATCH", "GET"}, kills
    assert {c["id"] for c in phone.cases()} == set(made)
    for sent in phone.cases():
        assert sent["state"] in ("received", "hub_analysed"), sent
        assert len(images(phone.site, sent["id"])) == len(sent["pictures"])


def test_a_clock_two_years_off_changes_nothing(phone: Phone) -> None:
    """Case 17: the order is that of capture, and the hub takes the case."""
    skew = "(years) => { const now = Date.now; Date.now = () => now() + years * 31536e6; }"
    phone.page.evaluate(skew, 2)
    first = phone.capture(picture(20))
    phone.page.evaluate(skew, -4)
    second = phone.capture(picture(21))
    assert [c["id"] for c in phone.cases()] == [second, first]
    for case in (first, second):
        phone.do("analyse", case)
    assert phone.do("send") == ""
    assert {c["state"] for c in phone.cases()} <= {"received", "hub_analysed"}


def test_an_upload_that_expired_begins_again(phone: Phone) -> None:
    """Case 15: 410; the phone kept its file."""
    case = phone.capture(picture(22))
    phone.do("analyse", case)
    phone.context.route(
        "**/tus/*", lambda r: r.abort() if r.request.method == "PATCH" else r.continue_()
    )
    assert phone.do("send") == "offline"
    phone.context.unroute("**/tus/*")
    begun: list[str] = []
    phone.page.on("request", lambda r: begun.append(r.method) if "/tus/" in r.url else None)
    gone = {"code": "gone", "title": "It has expired"}
    phone.context.route(
        "**/tus/*",
        lambda r: r.fulfill(status=410, json=gone) if r.request.method == "HEAD" else r.continue_(),
    )
    assert phone.do("send") == ""
    assert begun == ["HEAD", "POST", "PATCH"]
    assert len(images(phone.site, case)) == 1


def test_bytes_that_were_damaged_on_the_way_are_sent_again(phone: Phone) -> None:
    """Case 14: the hash of the whole is wrong, and the case says so until it is whole."""
    case = phone.capture(picture(23))
    phone.do("analyse", case)

    def damage(route: Route) -> None:
        if route.request.method != "PATCH":
            route.continue_()
            return
        phone.context.unroute("**/tus/*", damage)
        data = bytearray(route.request.post_data_buffer or b"")
        data[7] ^= 1
        route.continue_(post_data=bytes(data))

    phone.context.route("**/tus/*", damage)
    assert phone.do("send") == ""
    (kept_case,) = phone.cases()
    assert (kept_case["state"], kept_case["problem"]) == ("failed", "incomplete_body")
    assert phone.do("send") == ""
    (kept_case,) = phone.cases()
    assert kept_case["state"] in ("received", "hub_analysed")
    assert kept_case["problem"] == ""
    assert len(images(phone.site, case)) == 1


# --- models --------------------------------------------------------------------------------------
@pytest.fixture
def signed(browser: Browser, site: Site, script: bytes) -> Iterator[Phone]:
    """A phone that trusts the tests' key too, with the hub's model on it."""
    made = Phone(browser, site, script)

    def trusting(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        key = base64.b64encode(public_bytes(releases.KEY)).decode()
        route.fulfill(response=answer, json={**body, "release_keys": [*body["release_keys"], key]})

    made.context.route("**/api/sync/enrol", trusting)
    made.enrol()
    assert made.do("release")["refused"] == ""
    yield made
    made.context.close()


class Offer:
    """The hub seems to offer another release; its files are the present one's unless told."""

    def __init__(self, phone: Phone, **changes: Any) -> None:
        self.phone, self.asked = phone, list[str]()
        self.present = phone.site.api("GET", "/api/sync/releases").json()["active"]
        document = phone.site.api("GET", f"/api/sync/releases/{self.present}/manifest.json").json()
        body = {k: v for k, v in document.items() if k != "signature"} | changes
        self.manifest = json.dumps(sign(body, releases.KEY)).encode()
        self.name = f"{body['name']}-{body['version']}"
        self.bad: Callable[[Route, int], bool] = lambda route, n: False
        phone.context.route("**/api/sync/releases", self._list)
        phone.context.route(f"**/api/sync/releases/{self.name}/*", self._file)

    def _list(self, route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "active": self.name})

    def _file(self, route: Route) -> None:
        path = route.request.url.rpartition("/")[2]
        if path == "manifest.json":
            route.fulfill(body=self.manifest, content_type="application/json")
            return
        self.asked.append(path)
        if not self.bad(route, len(self.asked)):
            url = f"{self.phone.site.address}/api/sync/releases/{self.present}/{path}"
            route.fulfill(response=route.fetch(url=url))


def forget_files(phone: Phone) -> None:
    """As if the offered files were others: none of their pieces is here."""
    phone.page.evaluate(
        """() => new Promise((done) => {
            const open = indexedDB.open("fada", 1);
            open.onsuccess = () => {
                const change = open.result.transaction("pieces", "readwrite");
                change.objectStore("pieces").clear();
                change.oncomplete = done;
            };
        })"""
    )


def test_a_wrong_signature_is_never_parsed(signed: Phone) -> None:
    """Case 39: nothing of it is fetched, and the present model stays."""
    offer = Offer(signed, version="99.0.0")
    document = json.loads(offer.manifest)
    document["calibration"] = {}
    offer.manifest = json.dumps(document).encode()
    answer = signed.do("release")
    assert answer == {"here": offer.present, "refused": "release_wrong_signature", "tried": 0}
    assert offer.asked == []


def test_an_older_model_is_refused(signed: Phone) -> None:
    """Case 40, roll-back: signed or not."""
    offer = Offer(signed, version="0.0.1")
    answer = signed.do("release")
    assert answer == {"here": offer.present, "refused": "release_older", "tried": 0}
    assert offer.asked == []


def test_a_model_that_fails_its_self_test_does_not_come_in(signed: Phone) -> None:
    offer = Offer(signed, version="99.0.0")
    answer = signed.do("release", False)
    assert answer["here"] == offer.present
    assert answer["refused"] == "Error: self-test"
    assert answer["tried"] == 1
    assert signed.do("release")["here"] == offer.name


def test_a_damaged_weight_file_is_never_loaded(browser: Browser, site: Site, script: bytes) -> None:
    """Case 39: a malformed GGUF has another hash than the manifest says."""
    phone = Phone(browser, site, script)
    phone.enrol()

    def damage(route: Route) -> None:
        answer = route.fetch()
        body = bytearray(answer.body())
        body[len(body) // 2] ^= 0xFF
        route.fulfill(response=answer, body=bytes(body))

    phone.context.route("**/text.gguf", damage)
    answer = phone.do("release")
    assert answer == {"here": None, "refused": "release_wrong_hash", "tried": 0}
    phone.context.unroute("**/text.gguf")
    answer = phone.do("release")
    assert (answer["refused"], answer["tried"]) == ("", 1)
    phone.context.close()


def test_a_download_cut_near_its_end_goes_on(browser: Browser, site: Site, script: bytes) -> None:
    """Case 40: what is here is not asked for again, and until then no half model runs."""
    phone = Phone(browser, site, script)
    phone.enrol()
    asked: list[str] = []
    phone.page.on(
        "request", lambda r: asked.append(r.url) if ".gguf" in r.url or ".onnx" in r.url else None
    )

    def cut(route: Route) -> None:
        last = json.loads(phone.site.api("GET", "/api/sync/releases").text)
        active = next(i for i in last["items"] if f"{i['name']}-{i['version']}" == last["active"])
        size = next(f["size"] for f in active["files"] if f["path"] == "vision.onnx")
        if route.request.headers.get("range", "").endswith(f"-{size - 1}"):
            route.abort()
        else:
            route.continue_()

    phone.context.route("**/vision.onnx", cut)
    assert phone.do("release") == {"here": None, "refused": "offline", "tried": 0}
    first = len(asked)
    phone.context.unroute("**/vision.onnx")
    phone.kill()
    asked.clear()
    phone.page.on(
        "request", lambda r: asked.append(r.url) if ".gguf" in r.url or ".onnx" in r.url else None
    )
    assert phone.do("release")["refused"] == ""
    # The piece that was missing, and what comes after it.
    assert [url.rpartition("/")[2] for url in asked] == ["vision.onnx", "text.gguf"]
    assert first > 1
    phone.context.close()


def test_two_cases_of_one_examination_both_get_the_answer(phone: Phone) -> None:
    """Another phone, or this one before it was emptied, sent of the same study."""
    study = generate_uid()
    subject = Subject(
        study_key="", study_uid=study, series_uid=generate_uid(), sop_uid=generate_uid()
    )
    files = [fresh("head-27w.dcm", study), ultrasound_object(read_picture(PICTURE), subject, None)]
    for data in files:
        case = phone.capture(data)
        phone.do("analyse", case)
    assert phone.do("send") == ""
    assert {c["state"] for c in phone.cases()} <= {"received", "hub_analysed"}
