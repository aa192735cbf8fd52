"""The one error tree. Every refusal has a code; the gateway and the workers each map it once.

``status`` is the HTTP status of RFC 9457 problem details; ``retryable`` tells a worker or a client
whether the same request can succeed later without a change.
"""

from __future__ import annotations

from typing import ClassVar


class FadaError(Exception):
    """Base of all errors that FADA raises on purpose.

    ``detail`` is shown to people: it says what to do next and never holds patient data.
    """

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong inside FADA"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.retry_after = retry_after


# --- what comes in -------------------------------------------------------------------------------
class InvalidInput(FadaError):
    """The sender's request is at fault: the same request fails again."""

    code, title, status = "invalid_input", "The request cannot be understood", 400


class InvalidDicom(InvalidInput):
    """Bytes that are not a DICOM object, or one that cannot be decoded."""

    code, title = "invalid_dicom", "Not a readable DICOM object"


class FrameUndecodable(InvalidDicom):
    """One frame is damaged; the others of its image may be sound."""

    code, title = "frame_undecodable", "A frame of the image cannot be decoded"


class PaletteUnusable(InvalidDicom):
    """PS3.3 section C.7.6.3: a PALETTE COLOR image needs three tables."""

    code, title = "palette_unusable", "The image's colour palette is missing or cannot be read"


class InvalidUid(InvalidInput):
    """PS3.5 section 9.1."""

    code, title = "invalid_uid", "A DICOM unique identifier is malformed"


class TooLarge(FadaError):
    """Above a limit of this hub, packed or unpacked."""

    code, title, status = "too_large", "The content is larger than this hub accepts", 413


class UnsupportedMedia(FadaError):
    """The Content-Type or the kind of file is unknown here."""

    code, title, status = "unsupported_media", "This kind of content is not accepted here", 415


class UnsupportedObject(InvalidInput):
    """A SOP class that this hub does not keep."""

    code, title = "unsupported_object", "This kind of DICOM object is not accepted here"


class SlowRequest(FadaError):
    """Less than the least rate arrived."""

    code, title, status, retryable = "slow_request", "The request arrived too slowly", 408, True


class IncompleteBody(InvalidInput):
    """The connection ended early."""

    code, title = "incomplete_body", "The request ended before its content was complete"


# --- who asks ------------------------------------------------------------------------------------
class NotAuthenticated(FadaError):
    """No credentials, or none that hold."""

    code, title, status = "not_authenticated", "A valid key or token is needed", 401


class Forbidden(FadaError):
    """The credentials hold, and are not enough."""

    code, title, status = "forbidden", "Your role does not allow this", 403


class NotFound(FadaError):
    """Absent, or of another site: the two are never told apart."""

    code, title, status = "not_found", "There is nothing here that you may see", 404


class Gone(FadaError):
    """It was there, and its time is over."""

    code, title, status = "gone", "This has expired or was removed", 410


class RateLimited(FadaError):
    """Above the rate of this key or address."""

    code, title, status, retryable = "rate_limited", "Too many requests", 429, True


# --- what collides -------------------------------------------------------------------------------
class Conflict(FadaError):
    """The state here and the request exclude each other."""

    code, title, status = "conflict", "This contradicts what is stored; the stored one is kept", 409


class NotOwnStudy(Conflict):
    """A phone adds to the studies of its own cases alone."""

    code, title = "not_own_study", "This study was sent by another; a phone adds to its own alone"


class DifferentBytes(Conflict):
    """The first content of a UID stays."""

    code, title = "different_bytes", "The same identifier came with different content"


class StaleVersion(Conflict):
    """The version that a change was based on is not the latest."""

    code, title = "stale_version", "Somebody else changed this result first; both versions are kept"


class OffsetMismatch(Conflict):
    """tus: the client must ask where to go on."""

    code, title = "offset_mismatch", "The upload stands at another offset"


class UploadLocked(FadaError):
    """Two requests for one upload at once."""

    code, title, status, retryable = "upload_locked", "Another request is writing", 423, True


class UploadTakenOver(UploadLocked):
    """The sender came back on another connection; this one is closed, so that nothing more of it comes."""

    headers = {"Connection": "close"}  # noqa: RUF012


class ChecksumMismatch(FadaError):
    """tus: the piece is thrown away and may be sent again."""

    code, title, status = "checksum_mismatch", "The content does not match its checksum", 460


# --- the parts behind the gateway -------------------------------------------------------------------
class Unavailable(FadaError):
    """An outage: whoever is told so tries again, and blames no study for it."""

    code, title, status, retryable = "unavailable", "A part of this hub is not available", 503, True


class DecodingInterrupted(Unavailable):
    """The child that opened a file was lost, and it is not known to be the file's fault."""


class SiteQuotaReached(Unavailable):
    """What is here stays, other sites go on, and the sender keeps what it has for later."""

    code, title, status = "site_quota_reached", "This site has used up its quota", 507


class StoreUnavailable(Unavailable):
    """No answer, an error of its own, or no space."""

    code, title = "store_unavailable", "The object store cannot be reached or is full"


class IndexUnavailable(Unavailable):
    """The database is away, or too busy for too long."""

    code, title = "index_unavailable", "The index cannot be reached"


class IndexDeadlock(IndexUnavailable):
    """Two transactions waited for each other and the database ended this one: run it again."""


class BrokerUnavailable(Unavailable):
    """The broker is away or full; nothing is lost, the outbox sends later."""

    code, title = "broker_unavailable", "The queue cannot be reached"


class InferenceUnavailable(Unavailable):
    """Dead, too slow, or without a release."""

    code, title = "inference_unavailable", "The model server cannot be reached"


class InferenceBusy(InferenceUnavailable):
    """Back-pressure: the server works, and asks to be asked later."""

    code, title = "inference_busy", "The model server's queue is full"


class ReleaseUnknown(InferenceUnavailable):
    """Model server and worker do not agree on the release, as while both are updated."""

    code, title = "release_unknown", "The model server reads with a release that is not known here"


class ModelCrashed(InferenceUnavailable):
    """The model's process ended, or had to be ended, while it read this very study. It is started
    again; but a study that does so again and again is at fault itself, so it counts as an attempt."""

    code, title = "model_crashed", "The model's process ended while it read this study"


class ObjectCorrupt(FadaError):
    """The bytes under a hash have another hash."""

    code, title, status = "object_corrupt", "A stored object does not match its hash", 500


class LeaseLost(FadaError):
    """The lease ran out, and somebody else took the job."""

    code, title, retryable = "lease_lost", "Another worker holds this job now", True


# --- the model -----------------------------------------------------------------------------------
class InvalidModelOutput(FadaError):
    """NaN, wrong shape or nothing: the job fails visibly; never a blank report."""

    code, title, status = "invalid_model_output", "The model's output is not usable", 500


class ReleaseRefused(FadaError):
    """Nothing of the release is loaded."""

    code, title, status = "release_refused", "This model release is refused", 422


class ReleaseUnknownFormat(ReleaseRefused):
    """Made for another version of this software."""

    code, title = "release_unknown_format", "The release's manifest is not of a format known here"


class ReleaseMissingFile(ReleaseRefused):
    """Listed in the manifest, and absent."""

    code, title = "release_missing_file", "A file of the release is missing"


class ReleaseWrongSize(ReleaseRefused):
    """Checked before a byte is hashed."""

    code, title = "release_wrong_size", "A file of the release has another size than it should"


class ReleaseWrongHash(ReleaseRefused):
    """Damaged, or exchanged."""

    code, title = "release_wrong_hash", "A file of the release is not the one that was published"


class ReleaseWrongSignature(ReleaseRefused):
    """Ed25519 over the manifest."""

    code, title = "release_wrong_signature", "The release is not signed by a key trusted here"


class ReleaseMalformed(ReleaseRefused):
    """A file's own header contradicts itself."""

    code, title = "release_malformed", "A file of the release is malformed"


class ReleaseOlder(ReleaseRefused):
    """Going back needs an explicit rollback."""

    code, title = "release_older", "The release is older than the present one"
