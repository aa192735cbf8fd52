"""Routes that speak DICOM JSON, and the Native DICOM Model in XML to who asks for it (PS3.18 8.7.3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import Message

from gateway.dicomweb.accept import accepted_types
from gateway.dicomweb.multipart import MediaType, MultipartWriter, media_type
from gateway.dicomweb.responses import JSON
from services.dicom import native_model

XML = "application/dicom+xml"


class XmlRoute(APIRoute):
    """The endpoint reads and answers JSON: a body in XML becomes JSON before it, an answer XML after it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler that FastAPI calls."""
        original = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if media_type(request.headers.get("content-type", "")).name == XML:
                request = await _in_json(request)
            response = await original(request)
            wanted = _wanted(request)
            if wanted is None or response.headers.get("content-type", "") != JSON:
                return response
            return await run_in_threadpool(_in_xml, response, wanted)

        return handle


async def _in_json(request: Request) -> Request:
    """Raises InvalidInput."""
    dataset = await run_in_threadpool(native_model.from_xml, await request.body())
    body = json.dumps([dataset]).encode()
    headers = MutableHeaders(raw=list(request.scope["headers"]))
    headers["content-type"], headers["content-length"] = JSON, str(len(body))

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({**request.scope, "headers": headers.raw}, receive)


def _wanted(request: Request) -> MediaType | None:
    """XML, where it goes before JSON; None: JSON."""
    for media in accepted_types(request):
        inner = media.parameters.get("type", "").lower()
        if media.name == XML or (media.name == "multipart/related" and inner == XML):
            return media
        if media.name in ("*/*", "application/*", "application/json", JSON):
            return None
    return None


def _in_xml(response: Response, wanted: MediaType) -> Response:
    """One data set alone where that is asked for, else each as a part of multipart/related."""
    content = json.loads(bytes(response.body))
    parts = [native_model.to_xml(one) for one in content]
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in ("content-length", "content-type")
    }
    if wanted.name == XML and len(parts) == 1:
        return Response(parts[0], response.status_code, headers, media_type=XML)
    writer = MultipartWriter(XML)
    body = b"".join(writer.stream(({"Content-Type": XML}, [part]) for part in parts))
    return Response(body, response.status_code, headers, media_type=writer.content_type)
