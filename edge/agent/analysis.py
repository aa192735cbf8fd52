"""From files to a case, and from a captured case to its report: two steps, each of them safe to repeat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.agent.case import CapturedCase
from edge.agent.case_reader import CaseReader
from edge.agent.image_file import identify, open_image
from edge.agent.storage.outbox import CaseOutbox
from services.domain.calibration import Calibration, PixelSize
from services.domain.errors import FadaError, InvalidInput
from services.domain.report import Report
from services.reading import report_json

MAX_READS = 3  # so many attempts without an end, and the hub reads the case instead
ReportSink = Callable[[CapturedCase, Report], None]
Notify = Callable[[str], None]


def capture_files(
    outbox: CaseOutbox,
    paths: list[Path],
    *,
    urgent: bool = False,
    pixel_mm: float | None = None,
    source: str = "",
) -> CapturedCase:
    """Keep files as one case; ``pixel_mm`` is the size of a pixel in mm, measured by hand.

    Raises:
        InvalidInput, InvalidDicom, UnsupportedObject: a file cannot be opened, is nothing that can be
            read, or the files are of several examinations.
        TooLarge: an image has too many pixels.
        DecodingInterrupted: a file could not be opened now.
        StorageFull: there is no room.
    """
    return capture_bytes(
        outbox,
        [(path.name, _content(path)) for path in paths],
        urgent=urgent,
        pixel_mm=pixel_mm,
        source=source,
    )


def capture_bytes(
    outbox: CaseOutbox,
    files: list[tuple[str, bytes]],
    *,
    urgent: bool = False,
    pixel_mm: float | None = None,
    source: str = "",
) -> CapturedCase:
    """Keep the contents of files (name, bytes) as one case. Raises as ``capture_files``."""
    images, studies = [], set()
    for name, data in files:
        try:
            media_type, study = identify(data)
        except FadaError as error:
            raise type(error)(f"{name}: {error.detail}") from error
        images.append((data, media_type))
        studies |= {study} - {""}
    if len(studies) > 1:
        raise InvalidInput(
            "These files are of several examinations. Take each as a case of its own."
        )
    size = (pixel_mm, pixel_mm) if pixel_mm else None
    (study_uid,) = studies or {""}
    return outbox.capture(images, urgent=urgent, pixel_mm=size, study_uid=study_uid, source=source)


def _not_read(outbox: CaseOutbox, case: CapturedCase, attempt: int, error: Exception) -> None:
    """What is the file's fault is final; memory, a child lost, a runtime's own error: perhaps not the
    next time."""
    final = isinstance(error, FadaError) and not error.retryable
    note = outbox.give_up_reading if final or attempt >= MAX_READS else outbox.problem
    note(case.id, _words_of(error))


def _words_of(error: Exception) -> str:
    if isinstance(error, FadaError):
        return error.detail
    return f"It could not be read on this device ({type(error).__name__})."


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be opened: {error.strerror}.") from error


def read_captured(
    outbox: CaseOutbox,
    load: Callable[[], CaseReader],
    show: ReportSink,
    notify: Notify = lambda words: None,
) -> int:
    """Read every case that was captured and not analysed, those of a start that was cut too.

    ``load`` gives the reader and is only called where there is something to read. A case that cannot
    be read keeps no other back. The number of reports that were made.

    Raises:
        NotFound, ReleaseRefused: no release can be loaded; the cases wait.
    """
    with outbox.reading():
        cases = outbox.captured()
        if not cases:
            return 0
        reader = load()
        return sum(_read(outbox, reader, case, show, notify) for case in cases)


def _read(
    outbox: CaseOutbox, reader: CaseReader, case: CapturedCase, show: ReportSink, notify: Notify
) -> bool:
    attempt = outbox.start_reading(case.id)
    if attempt > MAX_READS:  # it ended the program each time, and must not do so again
        outbox.give_up_reading(case.id, "Reading it on this device ended the program.")
        return False
    try:
        files = [
            open_image(
                case.id, image.sha256, image.media_type, outbox.image(image.sha256), choose=reader
            )
            for image in case.images
        ]
        report = reader.read(case.id, files, _by_hand(case))
    except KeyboardInterrupt:
        outbox.interrupt_reading(case.id)
        raise
    except Exception as error:
        _not_read(outbox, case, attempt, error)
        notify(f"{case.id}: {_words_of(error)}")
        return False
    if outbox.first_report(case.id, report_json.dump(report)):
        show(case, report)
        return True
    return False


def _by_hand(case: CapturedCase) -> Calibration | None:
    return Calibration(spacing=PixelSize(*case.pixel_mm, "scale_bar")) if case.pixel_mm else None
