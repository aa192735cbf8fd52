"""The built pages of hub and phone, as files. Unknown addresses open the page: it has its own routes."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, RedirectResponse, Response

from gateway.http import problems

router = APIRouter(include_in_schema=False)
WEB = Path(__file__).parents[1] / "web"
HUB, PHONE = WEB / "hub" / "dist", WEB / "phone" / "dist"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm",
          ".webmanifest": "application/manifest+json", ".gguf": "application/octet-stream",
          ".onnx": "application/octet-stream", ".svg": "image/svg+xml"}  # fmt: skip


@router.get("/field", name="phone")
def field() -> Response:
    """The phone's app needs its folder as base."""
    return RedirectResponse("/field/", 308)


@router.api_route("/field/{path:path}", methods=["GET", "HEAD"], name="phone-file")
def phone(path: str) -> Response:
    return _serve(PHONE, path)


@router.api_route("/{path:path}", methods=["GET", "HEAD"], name="page")
def page(path: str, request: Request) -> Response:
    first = path.split("/", 1)[0]
    if first in ("api", "dicomweb", "tus"):
        raise problems.NoSuchAddress()
    return _serve(HUB, path)


def _serve(folder: Path, path: str) -> Response:
    found = _inside(folder, path)
    if found is not None:
        return _file(found)
    # A place within the page; the token of a shared link holds dots.
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
        found = (folder / path).resolve()
        root = folder.resolve()
        if found.is_relative_to(root) and found.is_file():
            return found
    except OSError:
        return None
    return None


def _file(path: Path) -> Response:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    hashed = path.parent.name == "assets"
    told = {"Cache-Control": "public, max-age=31536000, immutable" if hashed else "no-cache"}
    if path.name == "sw.js":
        told["Service-Worker-Allowed"] = "/field/"
    return FileResponse(path, headers=told, media_type=kind or "application/octet-stream")
