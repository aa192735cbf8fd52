import pytest

from services.domain.errors import (
    InferenceBusy,
    InferenceUnavailable,
    InvalidModelOutput,
    ModelCrashed,
)
from services.inference.faults import Fault, classify, error_of


@pytest.mark.parametrize(
    ("status", "message", "fault", "error"),
    [
        ("StatusCode.UNAVAILABLE", "Exceeds maximum queue size", Fault.BUSY, InferenceBusy),
        (
            "StatusCode.INTERNAL",
            "Stub process 'fada_0_0' is not healthy.",
            Fault.DEAD_STUB,
            ModelCrashed,
        ),
        (
            "StatusCode.NOT_FOUND",
            "Request for unknown model: 'fada' is not found",
            Fault.DEAD_STUB,
            InferenceUnavailable,
        ),
        ("StatusCode.INTERNAL", "fada:model_crashed:text", Fault.OURS, ModelCrashed),
        (
            "StatusCode.UNAVAILABLE",
            "failed to connect to all addresses",
            Fault.GONE,
            InferenceUnavailable,
        ),
        ("StatusCode.DEADLINE_EXCEEDED", "Deadline Exceeded", Fault.HANGS, InferenceUnavailable),
        (
            "StatusCode.INTERNAL",
            "fada:invalid_model_output:PLANE is NaN.",
            Fault.OURS,
            InvalidModelOutput,
        ),
        (
            "StatusCode.INTERNAL",
            "fada:inference_unavailable:other side",
            Fault.OURS,
            InferenceUnavailable,
        ),
    ],
)
def test_what_a_refusal_means(status, message, fault, error):
    assert classify(status, message) is fault
    assert type(error_of(fault, message)) is error
