"""The release's vision graph in ONNX Runtime: squares in, the contract's dense tensors out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from services.domain.errors import InvalidModelOutput, ReleaseRefused
from services.reading.contract import DENSE_OUTPUTS, OPTIONAL_OUTPUTS, check_dense

if TYPE_CHECKING:
    from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

_INPUT = "IMAGE"
_NAMES = [tensor.name for tensor in DENSE_OUTPUTS]


def _providers() -> list[str]:
    """A GPU where this ONNX Runtime was built for one (docker/triton-gpu), then the processor."""
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    return [name for name in wanted if name in onnxruntime.get_available_providers()]


def open_session(graph: bytes, threads: int) -> onnxruntime.InferenceSession:
    """A session that leaves the CPU to others between two images.

    Raises:
        ReleaseRefused: ONNX Runtime cannot load it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would take the CPU from the text model between two images.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(graph, options, providers=_providers())
    except Exception as error:  # ONNX Runtime raises many kinds, all of them mean the same
        raise ReleaseRefused("vision.onnx is not a graph that ONNX Runtime can load.") from error


class Vision:
    """One loaded vision.onnx. Safe to call from several threads: ONNX Runtime sessions are."""

    def __init__(self, graph: bytes, side: int, *, threads: int = 1, concurrency: int = 1) -> None:
        """Load the bytes whose hash was checked (not the file again: it could change in between).
        ``threads`` compute one image; of a batch, ``concurrency`` images are computed at once.

        Raises:
            ReleaseRefused: not an ONNX graph, or not with the contract's inputs and outputs.
        """
        self._session = open_session(graph, threads)
        self._pool = ThreadPoolExecutor(concurrency, "vision") if concurrency > 1 else None
        self.side = side
        self._check_graph()

    def _check_graph(self) -> None:
        inputs = self._session.get_inputs()
        if [i.name for i in inputs] != [_INPUT] or inputs[0].type != "tensor(uint8)":
            raise ReleaseRefused("vision.onnx does not take one uint8 IMAGE.")
        if [n for n in inputs[0].shape[1:] if isinstance(n, int)] not in ([], [self.side] * 2):
            raise ReleaseRefused(f"vision.onnx is not for squares of {self.side} pixels.")
        given = {o.name for o in self._session.get_outputs()}
        missing = set(_NAMES) - given
        if missing:
            raise ReleaseRefused(f"vision.onnx does not give {', '.join(sorted(missing))}.")
        self._names = [*_NAMES, *(t.name for t in OPTIONAL_OUTPUTS if t.name in given)]

    def run(self, images: Sequence[NDArray[np.uint8]]) -> dict[str, NDArray[np.float32]]:
        """Read N squares, each [S, S] uint8; the dense tensors by name, the first axis is N.

        Raises:
            InvalidModelOutput: a square of another size, or an output that is not finite or not of
                the contract's shape.
        """
        for image in images:
            if image.shape != (self.side, self.side) or image.dtype != np.uint8:
                raise InvalidModelOutput(f"The model takes uint8 squares of {self.side} pixels.")
        batch = np.ascontiguousarray(np.stack(images))
        try:
            values = self._compute(batch)
        except Exception as error:
            raise InvalidModelOutput("The vision graph failed on this image.") from error
        outputs = {
            name: np.asarray(value, dtype=np.float32)
            for name, value in zip(self._names, values, strict=True)
        }
        check_dense(outputs, len(images))
        return outputs

    def _compute(self, batch: NDArray[np.uint8]) -> list[Any]:
        """A processor takes as long for a batch as for its images one after the other."""
        if self._pool is None or len(batch) == 1:
            return cast("list[Any]", self._session.run(self._names, {_INPUT: batch}))
        parts = self._pool.map(
            lambda image: self._session.run(self._names, {_INPUT: image[None]}), batch
        )
        return [np.concatenate(values) for values in zip(*parts, strict=True)]
