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
    code, title, status = "invalid_input", "The request cannot be understood", 400


class InvalidDicom(InvalidInput):
    code, title = "invalid_dicom", "Not a readable DICOM object"


class FrameUndecodable(InvalidDicom):
    code, title = "frame_undecodable", "A frame of the image cannot be decoded"


class PaletteUnusable(InvalidDicom):
    code, title = "palette_unusable", "The image's colour palette is missing or cannot be read"


class InvalidUid(InvalidInput):
    code, title = "invalid_uid", "A DICOM unique identifier is malformed"


class TooLarge(FadaError):
    code, title, status = "too_large", "The content is larger than this hub accepts", 413


class UnsupportedMedia(FadaError):
    code, title, status = "unsupported_media", "This kind of content is not accepted here", 415


class UnsupportedObject(InvalidInput):
    code, title = "unsupported_object", "This kind of DICOM object is not accepted here"


class SlowRequest(FadaError):
    code, title, status, retryable = "slow_request", "The request arrived too slowly", 408, True


class IncompleteBody(InvalidInput):
    code, title = "incomplete_body", "The request ended before its content was complete"


# --- who asks ------------------------------------------------------------------------------------
class NotAuthenticated(FadaError):
    code, title, status = "not_authenticated", "A valid key or token is needed", 401


class Forbidden(FadaError):
    code, title, status = "forbidden", "Your role does not allow this", 403


class NotFound(FadaError):
    code, title, status = "not_found", "There is nothing here that you may see", 404


class Gone(FadaError):
    code, title, status = "gone", "This has expired or was removed", 410


class RateLimited(FadaError):
    code, title, status, retryable = "rate_limited", "Too many requests", 429, True


# --- what collides -------------------------------------------------------------------------------
class Conflict(FadaError):
    code, title, status = "conflict", "This contradicts what is stored; the stored one is kept", 409


class DifferentBytes(Conflict):
    code, title = "different_bytes", "The same identifier came with different content"


class StaleVersion(Conflict):
    code, title = "stale_version", "Somebody else changed this result first; both versions are kept"


class OffsetMismatch(Conflict):
    code, title = "offset_mismatch", "The upload stands at another offset"


class UploadLocked(FadaError):
    code, title, status, retryable = "upload_locked", "Another request is writing", 423, True


class ChecksumMismatch(FadaError):
    code, title, status = "checksum_mismatch", "The content does not match its checksum", 460


# --- the parts behind the gateway -------------------------------------------------------------------
class Unavailable(FadaError):
    """An outage: whoever is told so tries again, and blames no study for it."""

    code, title, status, retryable = "unavailable", "A part of this hub is not available", 503, True


class StoreUnavailable(Unavailable):
    code, title = "store_unavailable", "The object store cannot be reached or is full"


class IndexUnavailable(Unavailable):
    code, title = "index_unavailable", "The index cannot be reached"


class BrokerUnavailable(Unavailable):
    code, title = "broker_unavailable", "The queue cannot be reached"


class InferenceUnavailable(Unavailable):
    code, title = "inference_unavailable", "The model server cannot be reached"


class InferenceBusy(InferenceUnavailable):
    """Back-pressure: the server works, and asks to be asked later."""

    code, title = "inference_busy", "The model server's queue is full"


class ModelCrashed(InferenceUnavailable):
    """The model's process ended, or had to be ended, while it read this very study. It is started
    again; but a study that does so again and again is at fault itself, so it counts as an attempt."""

    code, title = "model_crashed", "The model's process ended while it read this study"


class ObjectCorrupt(FadaError):
    code, title, status = "object_corrupt", "A stored object does not match its hash", 500


class LeaseLost(FadaError):
    code, title, retryable = "lease_lost", "Another worker holds this job now", True


# --- the model -----------------------------------------------------------------------------------
class InvalidModelOutput(FadaError):
    """NaN, wrong shape or nothing: the job fails visibly; never a blank report."""

    code, title, status = "invalid_model_output", "The model's output is not usable", 500


class ReleaseRefused(FadaError):
    code, title, status = "release_refused", "This model release is refused", 422


class ReleaseUnknownFormat(ReleaseRefused):
    code, title = "release_unknown_format", "The release's manifest is not of a format known here"


class ReleaseMissingFile(ReleaseRefused):
    code, title = "release_missing_file", "A file of the release is missing"


class ReleaseWrongSize(ReleaseRefused):
    code, title = "release_wrong_size", "A file of the release has another size than it should"


class ReleaseWrongHash(ReleaseRefused):
    code, title = "release_wrong_hash", "A file of the release is not the one that was published"


class ReleaseWrongSignature(ReleaseRefused):
    code, title = "release_wrong_signature", "The release is not signed by a key trusted here"


class ReleaseMalformed(ReleaseRefused):
    code, title = "release_malformed", "A file of the release is malformed"


class ReleaseOlder(ReleaseRefused):
    code, title = "release_older", "The release is older than the present one"


class NotCalibrated(FadaError):
    code, title, status = "not_calibrated", "The image has no usable pixel size", 422
