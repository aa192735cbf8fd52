"""The inference that the settings name."""

from __future__ import annotations

from pathlib import Path

from services.domain.errors import FadaError, InferenceUnavailable, InvalidInput
from services.inference.port import Inference
from services.reading.releases.registry import active_name, trust_of
from services.reading.releases.release import read_manifest
from services.settings import Settings


def connect(settings: Settings) -> Inference:
    """``triton`` or ``inprocess``. Nothing is loaded or sent before the first call.

    Raises:
        InvalidInput: FADA_RUNNER is neither.
    """
    # Both libraries are large: a process loads only the one that it uses.
    if settings.runner == "inprocess":
        from services.inference.inprocess import InProcessInference

        return InProcessInference(settings.releases, settings.release)
    if settings.runner != "triton":
        raise InvalidInput("FADA_RUNNER is 'triton' or 'inprocess'.")
    from services.inference.triton import TritonInference
    from services.inference.wire import Tls

    tls = Tls(settings.triton_tls_ca, settings.triton_tls_certificate, settings.triton_tls_key)
    return TritonInference(
        settings.triton_grpc,
        lambda: side_of(settings.releases, settings.release),
        deadline=settings.inference_deadline,
        shared_memory=settings.triton_shared_memory,
        tls=tls if settings.triton_tls else None,
    )


def side_of(releases: Path, release: str = "") -> int:
    """S of the release in use. Raises InferenceUnavailable when there is none."""
    try:
        trust = trust_of(releases)
        return read_manifest(releases / (release or active_name(releases, trust)), trust).side
    except FadaError as error:
        raise InferenceUnavailable(f"No release can be read: {error.detail}") from error
