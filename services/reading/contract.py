"""The tensor contract: what a release's vision graph and the model server take and give.

One place. ``models/triton/fada/config.pbtxt`` is held against it by a test; the in-process runner
and the Triton model both speak it.

N images, S the square's side (from the manifest), P planes, M mask structures, K box structures,
Q keypoints, in the order of the manifest's labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import InvalidModelOutput

MODEL_NAME = "fada"


class Phase(StrEnum):
    """FADA's five phases, in order."""

    INTERPRET = "interpret"
    CLASSIFY = "classify"
    MAP = "map"
    DETECT = "detect"
    SEGMENT = "segment"


ALL_PHASES = tuple(Phase)


@dataclass(frozen=True, slots=True)
class Tensor:
    """Name, Triton data type and dimensions without the batch; -1 is free."""

    name: str
    dtype: str
    dims: tuple[int, ...]


# After the phases, behind this: what a text model is to look for instead of phase 3's structures.
ASKED = ":"
# Asked instead of phases: plane, scope and quality of small copies alone (services.reading.survey).
SURVEY = "survey"
HEAT = "heat"  # the same for where one finding comes from (services.reading.heat), as HEAT alone
SURVEY_OUTPUTS = ("PLANE", "SCOPE", "QUALITY")

INPUTS = (
    Tensor("IMAGE", "UINT8", (-1, -1)),
    Tensor("PHASES", "BYTES", (1,)),  # comma-separated phases, e.g. b"interpret,classify"
)
DENSE_OUTPUTS = (
    Tensor("PLANE", "FP32", (-1,)),  # [P] logits
    Tensor("SCOPE", "FP32", (1,)),  # logit: a fetal ultrasound of a known plane
    Tensor("QUALITY", "FP32", (1,)),  # logit of image quality, 1 is good
    Tensor("MASKS", "FP32", (-1, -1, -1)),  # [M, S/2, S/2] logits
    Tensor("BOXES", "FP32", (-1, 5)),  # [K, 5] cx, cy, w, h in 0..1 of the square; presence logit
    Tensor("KEYPOINTS", "FP32", (-1, 3)),  # [Q, 3] x, y in 0..1; visibility logit
)
TEXT_OUTPUTS = (
    Tensor("INTERPRETATION", "BYTES", (1,)),  # JSON object of eight strings; empty if not asked
    Tensor("CLASSIFICATION", "BYTES", (1,)),  # JSON {"label": ...}; empty if not asked
)
SERVER_OUTPUTS = (
    Tensor("RELEASE", "BYTES", (1,)),  # "name version sha256" of the release that answered
    Tensor("SECONDS", "BYTES", (1,)),  # JSON: seconds of each phase
)
# Given by some releases alone: the answer of another one has no such tensor.
OPTIONAL_OUTPUTS = (Tensor("SUBPLANE", "FP32", (-1,)),)  # [B] logits, of heads
# [h, w] 0..1: of an answer about where a finding comes from, and of no other.
HEAT_OUTPUT = Tensor("HEAT", "FP32", (-1, -1))
OUTPUTS = DENSE_OUTPUTS + OPTIONAL_OUTPUTS + TEXT_OUTPUTS + SERVER_OUTPUTS


@dataclass(frozen=True, slots=True)
class RawReading:
    """What a release says about one image, before any judgement. float32 arrays as above."""

    plane: NDArray[np.float32]
    scope: float
    quality: float
    masks: NDArray[np.float32]
    boxes: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    interpretation: str
    classification: str
    release: str
    seconds: dict[str, float]
    subplane: NDArray[np.float32] | None = None


def heat_of(text: str) -> str:
    """What a map is asked of, where ``text`` is ``heat:plane`` or ``heat:`` and a structure; else empty."""
    asked, _, finding = text.partition(ASKED)
    return finding if asked == HEAT else ""


def phases_text(phases: Sequence[Phase], structures: Sequence[str] = ()) -> str:
    """PHASES: ``detect,segment``, or ``detect,segment:cardiac,thorax``."""
    asked = ",".join(phases)
    return f"{asked}{ASKED}{','.join(structures)}" if structures else asked


def read_phases(text: str) -> tuple[tuple[Phase, ...], tuple[str, ...]]:
    """The inverse of ``phases_text``. Raises ValueError: an unknown phase."""
    phases, _, structures = text.partition(ASKED)
    names = tuple(name for name in structures.split(",") if name)
    return tuple(Phase(name) for name in phases.split(",") if name), names


def check_dense(outputs: dict[str, NDArray[np.float32]], count: int) -> None:
    """Refuse what is not finite, not of the contract's rank or not for ``count`` images.

    Raises:
        InvalidModelOutput: the job must fail visibly.
    """
    for tensor in (*DENSE_OUTPUTS, *OPTIONAL_OUTPUTS):
        value = outputs.get(tensor.name)
        if value is None and tensor in OPTIONAL_OUTPUTS:
            continue
        if value is None:
            raise InvalidModelOutput(f"The model gave no {tensor.name}.")
        if value.ndim != 1 + len(tensor.dims) or value.shape[0] != count or value.size == 0:
            raise InvalidModelOutput(f"{tensor.name} has the shape {value.shape}.")
        for have, want in zip(value.shape[1:], tensor.dims, strict=True):
            if want not in (-1, have):
                raise InvalidModelOutput(f"{tensor.name} has the shape {value.shape}.")
        if not np.isfinite(value).all():
            raise InvalidModelOutput(f"{tensor.name} holds values that are not numbers.")
