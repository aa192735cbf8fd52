"""A page on this machine alone: cases, their pictures with what was found, and a place to drop images.

The address holds a random word, so that no other program or web page can ask for it.
"""

from __future__ import annotations

import secrets
from html import escape

import numpy as np
import uvicorn
from fastapi import FastAPI, File, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from numpy.typing import NDArray
from starlette.middleware.trustedhost import TrustedHostMiddleware

from edge.agent.analysis import capture_bytes, read_captured
from edge.agent.case import WORDS, CapturedCase
from edge.agent.case_reader import CaseReader
from edge.agent.image_file import open_image
from edge.agent.storage.outbox import CaseOutbox
from services.domain.errors import FadaError, NotFound
from services.domain.report import UNREVIEWED, FrameReading, Report
from services.reading import report_json
from services.reading.images import overlay

_STYLE = """body{font:16px/1.5 system-ui;margin:0 auto;max-width:60rem;padding:1rem;background:#10151a;
color:#e8eef2}img{max-width:100%;border-radius:6px}article{border-top:1px solid #33424d;padding:1rem 0}
form{border:2px dashed #56b4e9;border-radius:8px;padding:1.5rem}button{font:inherit;padding:.5rem 1rem}
strong{color:#ffd24a}a{color:#8fd0ff}"""


def build(outbox: CaseOutbox, reader: CaseReader, word: str) -> FastAPI:
    """The app; every path begins with the secret ``word``."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    secure = {
        "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
    }

    @app.get(f"/{word}/")
    def cases() -> Response:
        body = "".join(_article(case, word) for case in outbox.all())
        return HTMLResponse(_page(word, body), headers=secure)

    @app.post(f"/{word}/cases")
    def capture(image: list[UploadFile] = File(...)) -> Response:  # noqa: B008
        try:
            files = [(file.filename or "image", file.file.read()) for file in image]
            capture_bytes(outbox, files)
            read_captured(outbox, lambda: reader, lambda case, report: None)
        except FadaError as problem:
            words = f"<p><strong>{escape(problem.detail)}</strong></p>"
            return HTMLResponse(_page(word, words), status_code=problem.status, headers=secure)
        return RedirectResponse(f"/{word}/", status_code=303)

    @app.get(f"/{word}/cases/{{case_id}}/{{number}}.png")
    def picture(case_id: str, number: int) -> Response:
        case = outbox.get(case_id)
        report = report_json.load(case.report)
        reading = report.frames[number - 1]
        image = overlay.render(_frame(outbox, case, reading), reading, report.label)
        return Response(overlay.png(image), media_type="image/png", headers=secure)

    @app.exception_handler(FadaError)
    async def refuse(_: object, problem: FadaError) -> Response:
        return HTMLResponse(
            _page(word, f"<p>{escape(problem.detail)}</p>"), problem.status, headers=secure
        )

    return app


def run(outbox: CaseOutbox, reader: CaseReader, port: int) -> None:
    """Serve until Ctrl-C; the address is printed."""
    word = secrets.token_urlsafe(16)
    print(f"http://127.0.0.1:{port}/{word}/")
    uvicorn.run(build(outbox, reader, word), host="127.0.0.1", port=port, log_level="warning")


def _frame(outbox: CaseOutbox, case: CapturedCase, reading: FrameReading) -> NDArray[np.uint8]:
    """The pixels that a reading is of. Raises NotFound."""
    for kept in case.images:
        data = outbox.image(kept.sha256)
        image = open_image(case.id, kept.sha256, kept.media_type, data, frames=[reading.frame])
        for number, pixels in image.frames:
            if (image.sop_uid, number) == (reading.sop_uid, reading.frame):
                return pixels
    raise NotFound("This frame is not in the case.")


def _article(case: CapturedCase, word: str) -> str:
    pictures = ""
    if case.report:
        pictures = "".join(
            f'<img alt="image {n} with what was found" src="/{word}/cases/{case.id}/{n}.png">'
            for n in range(1, len(report_json.load(case.report).frames) + 1)
        )
    if case.hub_report:
        pictures = _hub_reading(report_json.load(case.hub_report)) + pictures
    urgent = "<strong>urgent</strong> " if case.urgent else ""
    return (
        f"<article><h2>#{case.order} {urgent}{escape(WORDS[case.state])}</h2>"
        f"<p>{escape(case.problem)}</p>{pictures}</article>"
    )


def _hub_reading(report: Report) -> str:
    """The reviewer's comment first, then what the hub read of each image, in words."""
    lines = [f"<strong>{escape(report.comment)}</strong>"] if report.comment else []
    lines.append(f"The hub: {escape(report.label)}")
    for frame in report.frames:
        values = [f"{m.name} {m.mm} mm" for m in frame.measurements if m.mm is not None]
        values += [f"{dating.text} by {dating.equation}" for dating in frame.datings]
        plane = frame.plane.label if frame.plane else "not assessed"
        lines.append(escape(", ".join([plane, *values])))
    return "".join(f"<p>{line}</p>" for line in lines)


def _page(word: str, body: str) -> str:
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>FADA on this device</title>"
        "<meta name=viewport content='width=device-width'>"
        f"<style>{_STYLE}</style><h1>FADA on this device</h1><p><strong>{UNREVIEWED}</strong></p>"
        f"<form method=post action='/{word}/cases' enctype=multipart/form-data>"
        "<label>PNG, JPEG, MP4, MOV or DICOM files of one case "
        "<input type=file name=image multiple required></label> <button>Analyse</button></form>"
        f"{body}</html>"
    )
