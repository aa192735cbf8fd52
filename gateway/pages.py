"""The built pages of hub and phone, as files. Unknown paths give the page, which has own routes."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, RedirectResponse, Response

from gateway.http import problems

router = APIRouter(include_in_schema=False)
WEB = Path(__file__).parents[1] / "web"
HUB, PHONE = WEB / "hub" / "dist", WEB / "phone" / "dist"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm",
          ".webmanifest": "application/manifest+json", ".gguf": "application/octet-stream",
          ".onnx": "application/octet-stream", ".svg": "image/svg+xml", ".webp": "image/webp"}  # fmt: skip


@router.get("/field", name="phone")
def field() -> Response:
    """The phone's app needs its folder as base URL."""
    return RedirectResponse("/field/", 308)


@router.api_route("/field/{path:path}", methods=["GET", "HEAD"], name="phone-file")
def phone(path: str) -> Response:
    """A file of the phone's app."""
    return _serve(PHONE, path)


@router.api_route("/{path:path}", methods=["GET", "HEAD"], name="page")
def page(path: str) -> Response:
    """A file of the hub's pages."""
    first = path.split("/", 1)[0]
    if first in ("api", "dicomweb", "tus"):
        raise problems.NoSuchAddress()
    return _serve(HUB, path)


def _serve(folder: Path, path: str) -> Response:
    file = _inside(folder, path)
    if file is not None:
        return _file(file)
    # A route of the page; the token of a shared link holds dots.
    if path.startswith("share/") or "." not in path.rsplit("/", 1)[-1]:
        index = folder / "index.html"
        if index.is_file():
            return _file(index)
    raise problems.NoSuchAddress("There is no such file. Were the pages built?")


def _inside(folder: Path, path: str) -> Path | None:
    """The file, only when it lies in the folder, links followed."""
    if "\0" in path:
        return None
    try:
        file = (folder / path).resolve()
        if file.is_relative_to(folder.resolve()) and file.is_file():
            return file
    except OSError:
        return None
    return None


def _file(path: Path) -> Response:
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    hashed = path.parent.name == "assets"
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if hashed else "no-cache"}
    if path.name == "sw.js":
        headers["Service-Worker-Allowed"] = "/field/"
    return FileResponse(path, headers=headers, media_type=media_type or "application/octet-stream")
