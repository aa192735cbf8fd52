"""Uploads to S3: one request by a presigned link, large files in hashed parts, short retries.

``DirectPut``: the SDK itself hashes every body again to sign it, and asks first whether the
object is there; both cost more than the store does. The content is guarded by the ETag in the answer:
it is the MD5 of what the store kept. ``HashingParts``: SHA-256 of all, and the ETag that S3 must
answer, computed beside the sending, which waits for the network anyway.
"""

from __future__ import annotations

import hashlib
import io
import random
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any, BinaryIO, TypeVar
from xml.etree import ElementTree

import urllib3
from minio import Minio
from minio.error import S3Error

from services.domain.errors import StoreUnavailable

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


PART = 16 * 2**20  # bytes of one part; what is smaller is one request


class HashingParts:
    """A readable stream. The SDK reads ``PART`` bytes at a time."""

    def __init__(self, stream: BinaryIO, pool: Executor, *, sha256: str = "") -> None:
        """``sha256`` is given when it was computed from these very bytes a moment ago."""
        self._stream, self._pool, self._known = stream, pool, sha256
        self.size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        self._whole = hashlib.sha256()
        self._parts: list[bytes] = []
        self._part = hashlib.md5(usedforsecurity=False)
        self._read = 0
        self._last: Future[None] | None = None

    def read(self, size: int = -1) -> bytes:
        """The next bytes, hashed on the way."""
        data = self._stream.read(size)
        if data:
            self._last = self._pool.submit(self._digest, data, self._last)
        return data

    def _digest(self, data: bytes, before: Future[None] | None) -> None:
        if before is not None:  # it was submitted earlier, so it runs or has run
            before.result()
        if not self._known:
            self._whole.update(data)
        view = memoryview(data)
        while view:
            room = PART - self._read % PART
            self._part.update(view[:room])
            self._read += len(view[:room])
            view = view[room:]
            if self._read % PART == 0:
                self._parts.append(self._part.digest())
                self._part = hashlib.md5(usedforsecurity=False)

    def sha256(self) -> str:
        """Of all that was read."""
        self._settle()
        return self._known or self._whole.hexdigest()

    def etag(self) -> str:
        """MD5 of one part; of several, the MD5 of their MD5s and their number, as S3 has it."""
        self._settle()
        parts = self._parts
        if self._read % PART or not parts:
            parts = [*parts, self._part.digest()]
        if len(parts) == 1:
            return parts[0].hex()
        whole = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
        return f"{whole}-{len(parts)}"

    def _settle(self) -> None:
        if self._last is not None:
            self._last.result()


T = TypeVar("T")
PAUSES = (0.05, 0.2, 0.6)  # s, each with jitter


def again(work: Callable[[], T], pauses: tuple[float, ...] = PAUSES) -> T:
    """Call ``work`` until it succeeds or the pauses are used up. Raises what it raised last."""
    for pause in pauses:
        try:
            return work()
        except StoreUnavailable as error:
            if not error.retryable:
                raise
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load, no secret
    return work()
