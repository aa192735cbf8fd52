"""The model server's side of the contract: services.reading, batched by Triton."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from services.domain.errors import FadaError, InferenceUnavailable, ReleaseRefused
from services.reading.clips import Glance
from services.reading.contract import SURVEY, RawReading, heat_of, read_phases
from services.reading.releases.release import Release
from services.reading.runner import ActiveRelease
from services.reading.text.runtime import TextModelLike


class TritonPythonModel:
    """One instance holds one loaded release, and changes it between two batches."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the release. What raises here is in the server's answer to the load."""
        given = json.loads(args["model_config"]).get("parameters", {})
        releases = _setting(given, "releases", "FADA_RELEASES")
        if not releases:
            raise ValueError("FADA_RELEASES names no folder of releases.")
        release = _setting(given, "release", "FADA_RELEASE")
        threads = int(_setting(given, "threads", "FADA_MODEL_THREADS") or 1)
        # A processor takes as long for a batch as for its images one after the other.
        self._batches = args.get("model_instance_kind") == "GPU"
        words = partial(_words, device=_device(args))
        at_once = int(os.environ.get("FADA_MODEL_CONCURRENCY") or 1)
        self._active = ActiveRelease(
            Path(releases), release, threads=threads, concurrency=at_once, load_text=words
        )
        self._pool = ThreadPoolExecutor(at_once, "read")
        self._free = BoundedSemaphore(at_once)

    def execute(self, requests: list[Any]) -> list[Any] | None:
        """A GPU reads a batch as one. A processor reads ``FADA_MODEL_CONCURRENCY`` requests at once and
        answers each as soon as its own images are read: Triton gets its next batch when one is free."""
        if self._batches:
            return self._together(requests)
        for request in requests:
            self._free.acquire()
            self._pool.submit(self._respond, request)
        with self._free:
            return None

    def _respond(self, request: Any) -> None:
        try:
            (response,) = self._answer([request], _phases(request))
            request.get_response_sender().send(
                response, pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
            )
        finally:
            self._free.release()

    def finalize(self) -> None:
        """What is being read is answered before the model goes."""
        self._pool.shutdown()

    def _together(self, requests: list[Any]) -> list[Any]:
        """All images of one kind of question in one batch."""
        groups: dict[str, list[int]] = {}
        for place, request in enumerate(requests):
            groups.setdefault(_phases(request), []).append(place)
        responses: list[Any] = [None] * len(requests)
        for phases, places in groups.items():
            answers = self._answer([requests[place] for place in places], phases)
            for place, response in zip(places, answers, strict=True):
                responses[place] = response
        return responses

    def _answer(self, requests: list[Any], phases: str) -> list[Any]:
        images = [pb_utils.get_input_tensor_by_name(r, "IMAGE").as_numpy() for r in requests]
        try:
            return self._read(images, phases)
        except Exception as error:
            if len(requests) == 1:
                return [_refusal(error)]
        # One bad image must not fail its neighbours in the batch.
        return [response for r in requests for response in self._answer([r], phases)]

    def _read(self, images: list[np.ndarray], phases: str) -> list[Any]:
        runner = self._active.runner()
        if phases == SURVEY:
            return _glances(runner.survey(np.concatenate(images)), [len(i) for i in images])
        side = runner.manifest.side
        if any(image.shape[1:] != (side, side) for image in images):
            # Made for the release before this one: the caller prepares it again.
            raise InferenceUnavailable(f"The release now takes squares of {side} pixels.")
        finding = heat_of(phases)
        if finding:
            return [_heat([runner.heat(finding, one) for one in image]) for image in images]
        readings = runner.read(np.concatenate(images), *read_phases(phases))
        responses, start = [], 0
        for image in images:
            responses.append(_response(readings[start : start + len(image)]))
            start += len(image)
        return responses


def _device(args: dict[str, str]) -> str:
    """Where config.pbtxt's instance group puts this instance: KIND_GPU or KIND_CPU."""
    if args.get("model_instance_kind") == "GPU":
        return f"cuda:{args.get('model_instance_device_id') or 0}"
    return "cpu"


def _words(release: Release, device: str) -> TextModelLike:
    """Base and adapter by transformers. torch is loaded for a release that needs it alone."""
    try:
        from models.serving.words import open_words
    except ImportError as error:
        raise ReleaseRefused("This model server has no transformers.") from error
    return open_words(release, device)


def _response(readings: list[RawReading]) -> Any:
    dense = {
        "PLANE": [r.plane for r in readings],
        "SCOPE": [[r.scope] for r in readings],
        "QUALITY": [[r.quality] for r in readings],
        "MASKS": [r.masks for r in readings],
        "BOXES": [r.boxes for r in readings],
        "KEYPOINTS": [r.keypoints for r in readings],
    }
    if all(
        r.subplane is not None for r in readings
    ):  # a release reads it for all images or for none
        dense["SUBPLANE"] = [r.subplane for r in readings]
    words = {
        "INTERPRETATION": [r.interpretation for r in readings],
        "CLASSIFICATION": [r.classification for r in readings],
        "RELEASE": [r.release for r in readings],
        "SECONDS": [json.dumps(r.seconds) for r in readings],
    }
    tensors = [pb_utils.Tensor(n, np.asarray(v, dtype=np.float32)) for n, v in dense.items()]
    tensors += [
        pb_utils.Tensor(n, np.array([[text.encode()] for text in v], dtype=np.object_))
        for n, v in words.items()
    ]
    return pb_utils.InferenceResponse(output_tensors=tensors)


def _heat(maps: list[np.ndarray]) -> Any:
    return pb_utils.InferenceResponse(output_tensors=[pb_utils.Tensor("HEAT", np.stack(maps))])


def _glances(glances: list[Glance], counts: list[int]) -> list[Any]:
    """One answer for each request, of as many small squares as it had."""
    responses, start = [], 0
    for count in counts:
        part = glances[start : start + count]
        values = {
            "PLANE": [g.plane for g in part],
            "SCOPE": [[g.scope] for g in part],
            "QUALITY": [[g.quality] for g in part],
        }
        tensors = [pb_utils.Tensor(n, np.asarray(v, dtype=np.float32)) for n, v in values.items()]
        responses.append(pb_utils.InferenceResponse(output_tensors=tensors))
        start += count
    return responses


def _refusal(error: Exception) -> Any:
    """``fada:<code>:<detail>``, which the client turns back into the error."""
    code, detail = "invalid_model_output", type(error).__name__
    if isinstance(error, FadaError):
        code, detail = error.code, error.detail
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(f"fada:{code}:{detail}"))


def _phases(request: Any) -> str:
    value = pb_utils.get_input_tensor_by_name(request, "PHASES").as_numpy().reshape(-1)[0]
    return value.decode() if isinstance(value, bytes) else str(value)


def _setting(parameters: dict[str, Any], name: str, variable: str) -> str:
    return os.environ.get(variable) or parameters.get(name, {}).get("string_value", "")
