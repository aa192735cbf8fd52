"""The store over any S3, by the ``minio`` SDK.

An answer of success alone is not believed: the ETag is held against the MD5 of what was sent, since
some stores (SeaweedFS over HTTP) do not check the body against its signed hash. What is read is
hashed again.
"""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import quote

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError

from services.domain.errors import NotFound, ObjectCorrupt, StoreUnavailable
from services.settings import Settings
from services.storage import content_address
from services.storage.content_address import verified
from services.storage.port import Stored
from services.storage.s3_upload import PART, PAUSES, AlreadyThere, DirectPut, HashingParts, again

T = TypeVar("T")
_CHUNK = 256 * 1024
_OWNER = ".index"  # the object that holds the identity of the index that the store belongs to
WHOLE = 16 * 2**20  # bytes up to which an object goes in one request from memory
_ABSENT = {"NoSuchKey", "NoSuchObject", "ResourceNotFound"}
_PERMANENT = {
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidBucketName",
    "MethodNotAllowed",
}


def connect(settings: Settings) -> S3Store:
    """The store that the settings name. Nothing is sent before the first call."""
    return S3Store(
        settings.s3_endpoint,
        settings.s3_access_key.get_secret_value(),
        settings.s3_secret_key.get_secret_value(),
        settings.s3_bucket,
        region=settings.s3_region,
        secure=settings.s3_secure,
        public_endpoint=settings.s3_public_endpoint,
    )


class S3Store:
    """Safe to share between threads; make a new one after a fork."""

    def __init__(
        self,
        endpoint: str,
        access_key: str,
        secret_key: str,
        bucket: str,
        *,
        region: str = "us-east-1",
        secure: bool = False,
        public_endpoint: str = "",
        connections: int = 32,
        read_seconds: float = 30.0,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        """``public_endpoint`` is what presigned links name; with a region it costs no request.
        ``pauses`` in s are between tries.
        """
        self._pauses = pauses
        self.bucket = bucket
        self._http = urllib3.PoolManager(
            maxsize=connections,
            block=False,
            retries=False,
            # urllib3 sends under the connect timeout: a whole part must fit into it.
            timeout=urllib3.Timeout(connect=15.0, read=read_seconds),
        )
        made: dict[str, Any] = {
            "access_key": access_key, "secret_key": secret_key, "region": region, "secure": secure,
        }  # fmt: skip
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="store-hash")
        self._client = Minio(endpoint, http_client=self._http, **made)
        self._direct = DirectPut(self._client, self._http, bucket)
        self._public = Minio(public_endpoint, **made) if public_endpoint else self._client

    def prepare(self) -> None:
        """Make the bucket if it is not there. Raises StoreUnavailable."""

        def make() -> None:
            if not self._client.bucket_exists(self.bucket):
                try:
                    self._client.make_bucket(self.bucket)
                except S3Error as error:  # another process was quicker
                    if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                        raise

        self._call(make)

    def put(self, site: str, data: bytes, media_type: str) -> Stored:
        """Store bytes under their hash; the same bytes again are not sent."""
        sha256 = hashlib.sha256(data).hexdigest()
        return self._put(site, sha256, lambda: io.BytesIO(data), media_type, known=sha256)

    def put_file(self, site: str, path: Path, sha256: str, media_type: str) -> Stored:
        """Store a file whose hash is known; it is hashed again on its way.

        Raises:
            ObjectCorrupt: the file is not what ``sha256`` says; nothing stays stored.
        """
        return self._put(site, sha256, lambda: path.open("rb"), media_type)

    def settle(self, path: Path) -> None:
        """Nothing can be done beforehand."""

    def _put(
        self,
        site: str,
        sha256: str,
        opened: Callable[[], Any],
        media_type: str,
        *,
        known: str = "",
    ) -> Stored:
        name = content_address.key(site, sha256)

        def send() -> Stored:
            with opened() as stream:
                if stream.seek(0, io.SEEK_END) <= WHOLE:
                    stream.seek(0)
                    return self._put_whole(name, stream.read(), sha256, media_type)
            present = self._size(name)
            with opened() as stream:
                source = HashingParts(stream, self._pool, sha256=known)
                if present == source.size:
                    return Stored(sha256, source.size, new=False)
                answer = self._client.put_object(
                    self.bucket, name, cast(BinaryIO, source), source.size, content_type=media_type,
                    part_size=PART, num_parallel_uploads=1,
                )  # fmt: skip
            sound = source.sha256() == sha256
            if not sound or not self._arrived(name, sha256, source, answer):
                self._client.remove_object(self.bucket, name)
                if not sound:
                    raise ObjectCorrupt("The bytes to store are not what their hash says.")
                raise StoreUnavailable("The object store kept other bytes than it was sent.")
            return Stored(sha256, source.size, new=True)

        return self._call(send)

    def _put_whole(self, name: str, data: bytes, sha256: str, media_type: str) -> Stored:
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ObjectCorrupt("The bytes to store are not what their hash says.")
        try:
            same = self._direct.put(name, data, media_type)
        except AlreadyThere:
            if self._size(name) == len(data):
                return Stored(sha256, len(data), new=False)
            same = self._direct.put(name, data, media_type, replace=True)
        # With server-side encryption by a key service the ETag is no MD5: read it back once.
        if not same and b"".join(self._stream(name, 0, 0)) != data:
            self._client.remove_object(self.bucket, name)
            raise StoreUnavailable("The object store kept other bytes than it was sent.")
        return Stored(sha256, len(data), new=True)

    def _arrived(self, name: str, sha256: str, source: HashingParts, answer: Any) -> bool:
        if answer.etag == source.etag():
            return True
        # With server-side encryption by a key service the ETag is no MD5: read it back once.
        return hashlib.sha256(b"".join(self._stream(name, 0, 0))).hexdigest() == sha256

    def get(self, site: str, sha256: str) -> bytes:
        """The whole object, its hash checked. Raises NotFound, ObjectCorrupt, StoreUnavailable."""
        name = content_address.key(site, sha256)
        data = self._call(lambda: b"".join(self._stream(name, 0, 0)))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ObjectCorrupt(f"Object {sha256[:12]} is not what its hash says.")
        return data

    def open(
        self, site: str, sha256: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """Chunks. Of a whole object the last chunk comes only after the hash was right."""
        name = content_address.key(site, sha256)
        if length is not None and length <= 0:
            return iter(())
        stream = self._call(lambda: self._begin(name, offset, length or 0))
        return self._mapped(stream if offset or length else verified(stream, sha256))

    def exists(self, site: str, sha256: str) -> bool:
        """Whether it is there; its content is not read."""
        name = content_address.key(site, sha256)
        return self._call(lambda: self._size(name)) is not None

    def delete(self, site: str, sha256: str) -> None:
        """Remove; what is not there is fine."""
        name = content_address.key(site, sha256)
        self._call(lambda: self._client.remove_object(self.bucket, name))

    def list(self, site: str | None = None) -> Iterator[tuple[str, str, float]]:
        """(site, hash, age in s)."""
        start = content_address.prefix(site) if site is not None else None
        now = datetime.now(UTC)
        objects = self._mapped(self._client.list_objects(self.bucket, prefix=start, recursive=True))
        for item in objects:
            ours = content_address.parse(str(item.object_name))
            if ours is not None:
                age = (now - item.last_modified).total_seconds() if item.last_modified else 0.0
                yield *ours, max(age, 0.0)

    def owners(self) -> set[str]:
        """The identity in the bucket's mark. Raises StoreUnavailable."""
        try:
            return {self._call(lambda: b"".join(self._stream(_OWNER, 0, 0))).decode("ascii")}
        except NotFound:
            return {""}

    def claim(self, identity: str) -> None:
        """Write the mark where there is none."""
        data = identity.encode("ascii")
        if self.owners() == {""}:
            self._call(
                lambda: self._client.put_object(self.bucket, _OWNER, io.BytesIO(data), len(data))
            )

    def presign(self, site: str, sha256: str, seconds: int, filename: str) -> str:
        """A link for one object that ends by itself."""
        shown = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        return self._public.presigned_get_object(
            self.bucket,
            content_address.key(site, sha256),
            expires=timedelta(seconds=seconds),
            response_headers={"response-content-disposition": shown},
        )

    def ping(self) -> None:
        """Write, read and delete. Raises StoreUnavailable."""
        name, word = f".ping/{uuid.uuid4().hex}", uuid.uuid4().bytes
        self._call(lambda: self._client.put_object(self.bucket, name, io.BytesIO(word), len(word)))
        back = self._call(lambda: b"".join(self._stream(name, 0, 0)))
        self._call(lambda: self._client.remove_object(self.bucket, name))
        if back != word:
            raise StoreUnavailable("The object store answers with other bytes than it was sent.")

    def close(self) -> None:
        """See the port."""
        self._http.clear()
        self._pool.shutdown(wait=False)

    # --- below, the SDK's errors are still raw ---

    def _size(self, name: str) -> int | None:
        try:
            return self._client.stat_object(self.bucket, name).size
        except S3Error as error:
            if error.code in _ABSENT:
                return None
            raise

    def _begin(self, name: str, offset: int, length: int) -> Iterator[bytes]:
        response = self._client.get_object(self.bucket, name, offset=offset, length=length)
        return _chunks(response)

    def _stream(self, name: str, offset: int, length: int) -> Iterator[bytes]:
        return self._begin(name, offset, length)

    def _call(self, work: Callable[[], T]) -> T:
        return again(lambda: _named(work), self._pauses)

    def _mapped(self, stream: Iterator[T]) -> Iterator[T]:
        done = object()
        while (value := _named(lambda: next(stream, done))) is not done:
            yield value  # type: ignore[misc]  # the sentinel never leaves


def _chunks(response: Any) -> Iterator[bytes]:
    try:
        yield from response.stream(_CHUNK)
    finally:
        response.close()
        response.release_conn()


def _named(work: Callable[[], T]) -> T:
    """The SDK's errors by our names."""
    try:
        return work()
    except S3Error as error:
        if error.code in _ABSENT:
            raise NotFound("There is no such object.") from error
        if error.code in _PERMANENT:
            raise StoreRefused(
                f"The object store refuses FADA ({error.code}). Check FADA_S3_ACCESS_KEY, "
                "FADA_S3_SECRET_KEY and FADA_S3_BUCKET."
            ) from error
        raise StoreUnavailable(f"The object store answered {error.code}.", retry_after=5) from error
    except (ServerError, InvalidResponseError, urllib3.exceptions.HTTPError, OSError) as error:
        raise StoreUnavailable(
            f"The object store cannot be reached ({type(error).__name__}).", retry_after=5
        ) from error


class StoreRefused(StoreUnavailable):
    """Wrong key or bucket: trying again at once cannot help."""
