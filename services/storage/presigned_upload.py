"""One object in one request, by a link that the SDK signs.

The SDK itself hashes every body again to sign it, and asks first whether the object is there; both
cost more than the store does. The content is guarded by the ETag in the answer: it is the MD5 of what
the store kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import urllib3
from minio import Minio
from minio.error import S3Error

_LARGE = 256 * 1024
_LINK = timedelta(minutes=10)


class AlreadyThere(Exception):
    """The store has an object of this name."""


class DirectPut:
    """Safe to share between threads."""

    def __init__(self, client: Minio, http: urllib3.PoolManager, bucket: str) -> None:
        self._client, self._http, self._bucket = client, http, bucket
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="md5")

    def put(self, name: str, data: bytes, media_type: str, *, replace: bool = False) -> bool:
        """Send ``data``; whether the ETag in the answer is its MD5.

        Raises:
            AlreadyThere: not with ``replace``.
            S3Error, urllib3.exceptions.HTTPError: the store refuses, or cannot be reached.
        """
        digest = self._digest(data)
        headers = {"Content-Type": media_type}
        if not replace:
            headers["If-None-Match"] = "*"
        link = self._client.presigned_put_object(self._bucket, name, expires=_LINK)
        answer = self._http.urlopen("PUT", link, body=data, headers=headers, redirect=False)
        if answer.status == 412 and not replace:
            raise AlreadyThere
        if answer.status != 200:
            raise _refusal(answer, self._bucket, name)
        return str(answer.headers.get("ETag", "")).strip('"') == digest()

    def _digest(self, data: bytes) -> Callable[[], str]:
        """The MD5, worked out while the store works on the same bytes."""
        if len(data) < _LARGE:
            return hashlib.md5(data, usedforsecurity=False).hexdigest
        future = self._threads.submit(lambda: hashlib.md5(data, usedforsecurity=False).hexdigest())
        return future.result


def _refusal(answer: Any, bucket: str, name: str) -> S3Error:
    code, message = f"Http{answer.status}", ""
    try:
        body = ElementTree.fromstring(answer.data)  # noqa: S314 - of our own store
        code, message = body.findtext("Code") or code, body.findtext("Message") or ""
    except ElementTree.ParseError:
        pass
    return S3Error(answer, code, message, name, "", "", bucket, name)
