"""The built pages of hub and phone, as files. Unknown paths give the page, which has own routes."""

from __future__ import annotations

import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, RedirectResponse, Response

from gateway.http import problems

router = APIRouter(include_in_schema=False)
WEB = Path(__file__).parents[1] / "web"
HUB, PHONE = WEB / "hub" / "dist", WEB / "phone" / "dist"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm",
          ".webmanifest": "application/manifest+json", ".gguf": "application/octet-stream",
          ".onnx": "application/octet-stream", ".svg": "image/svg+xml", ".webp": "image/webp"}  # fmt: skip
# A phone's app is 26 MB of WebAssembly above all, and a quarter of that when it is compressed.
_COMPRESSED = frozenset({".js", ".mjs", ".css", ".wasm", ".svg"})


@router.get("/field", name="phone")
def field() -> Response:
    """The phone's app needs its folder as base URL."""
    return RedirectResponse("/field/", 308)


@router.api_route("/field/{path:path}", methods=["GET", "HEAD"], name="phone-file")
def phone(path: str, request: Request) -> Response:
    """A file of the phone's app."""
    return _serve(PHONE, path, request)


@router.api_route("/{path:path}", methods=["GET", "HEAD"], name="page")
def page(path: str, request: Request) -> Response:
    """A file of the hub's pages."""
    first = path.split("/", 1)[0]
    if first in ("api", "dicomweb", "tus"):
        raise problems.NoSuchAddress()
    return _serve(HUB, path, request)


def _serve(folder: Path, path: str, request: Request) -> Response:
    file = _inside(folder, path)
    if file is not None:
        return _file(file, request)
    # A route of the page; the token of a shared link holds dots.
    if path.startswith("share/") or "." not in path.rsplit("/", 1)[-1]:
        index = folder / "index.html"
        if index.is_file():
            return _file(index, request)
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


def _file(path: Path, request: Request) -> Response:
    media_type = (
        _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    )
    hashed = path.parent.name == "assets"
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if hashed else "no-cache"}
    if path.name == "sw.js":
        headers["Service-Worker-Allowed"] = "/field/"
    if not hashed or path.suffix not in _COMPRESSED:
        return FileResponse(path, headers=headers, media_type=media_type)
    headers["Vary"] = "Accept-Encoding"
    if "range" in request.headers or not _takes_gzip(request.headers.get("accept-encoding", "")):
        return FileResponse(path, headers=headers, media_type=media_type)
    headers["Content-Encoding"] = "gzip"
    return Response(_compressed(path), headers=headers, media_type=media_type)


def _takes_gzip(accepted: str) -> bool:
    """By an Accept-Encoding (RFC 9110 12.5.3)."""
    for coding in accepted.lower().split(","):
        name, _, weight = coding.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight.strip("0.") != "" if weight else True
    return False


@lru_cache(maxsize=128)
def _compressed(path: Path) -> bytes:
    """Kept: the name of such a file holds the hash of its content. All of them are some 12 MB."""
    return gzip.compress(path.read_bytes(), mtime=0)
