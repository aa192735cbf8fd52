"""One call of the model server over gRPC, in the tensors of services.reading.contract."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tritonclient.grpc as triton
import tritonclient.utils.shared_memory as shm
from numpy.typing import NDArray

from services.domain.errors import InvalidModelOutput
from services.reading.clips import Glance
from services.reading.contract import (
    ASKED,
    DENSE_OUTPUTS,
    HEAT,
    HEAT_OUTPUT,
    MODEL_NAME,
    OPTIONAL_OUTPUTS,
    OUTPUTS,
    SURVEY,
    SURVEY_OUTPUTS,
    RawReading,
    check_dense,
)
from services.reading.images.picture import Gray

MAX_BATCH = 8
_REGIONS = "fada-client-"  # and the process that made it
# Several servers behind one name are taken in turn; images are larger than gRPC's own limit.
_CHANNEL = [
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
]


def forget_dead() -> None:
    """Remove the regions of processes that were killed; Linux keeps them in memory for ever."""
    for region in Path("/dev/shm").glob(f"{_REGIONS}*"):  # noqa: S108
        pid = region.name.removeprefix(_REGIONS).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            region.unlink(missing_ok=True)


class SharedRegion:
    """Shared memory with a model server on the same machine: images in, masks out, no copies by gRPC.

    One named region, registered with the server; grown when it is too small. It belongs to one
    thread's client, since two calls at once would write into each other.
    """

    def __init__(self, client: Any, purpose: str) -> None:
        self._client = client
        self._purpose = purpose
        self._handle: Any = None
        self.name = ""
        self.size = 0

    def reserve(self, size: int) -> None:
        """Make sure of ``size`` bytes. Raises what the SDK raises; the caller goes on without."""
        if self.size >= size:
            return
        self.close()
        self.name = f"{_REGIONS}{os.getpid()}-{self._purpose}-{uuid.uuid4().hex[:12]}"
        self._handle = shm.create_shared_memory_region(self.name, f"/{self.name}", size)
        self._client.register_system_shared_memory(self.name, f"/{self.name}", size)
        self.size = size

    def write(self, array: NDArray[Any]) -> None:
        """Copy an array into the region, from its start."""
        shm.set_shared_memory_region(self._handle, [array])

    def read(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A copy: the region is written again by the next call."""
        return np.array(shm.get_contents_as_numpy(self._handle, np.float32, list(shape)))

    def close(self) -> None:
        """Take it back from the server and remove it."""
        if self._handle is None:
            return
        with suppress(Exception):  # the server may be gone, and then it forgot by itself
            self._client.unregister_system_shared_memory(self.name)
        shm.destroy_shared_memory_region(self._handle)
        self._handle, self.size = None, 0


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files. ``authorities``: who signs the server's certificate, empty for the public ones;
    ``certificate`` and ``key``: the client's own, empty where the server does not ask.
    """

    authorities: str = ""
    certificate: str = ""
    key: str = ""


class Wire:
    """A client of one thread. ``shared`` uses shared memory for IMAGE and MASKS."""

    def __init__(self, address: str, *, shared: bool, tls: Tls | None = None) -> None:
        files = tls or Tls()
        self.client = triton.InferenceServerClient(
            address,
            ssl=tls is not None,
            root_certificates=files.authorities or None,
            certificate_chain=files.certificate or None,
            private_key=files.key or None,
            channel_args=_CHANNEL,
        )
        self.shared = shared
        if shared:
            forget_dead()
        self._images = SharedRegion(self.client, "images")
        self._masks = SharedRegion(self.client, "masks")
        self._mask_bytes = 0  # of one image; known after the first answer

    def infer(
        self, images: Sequence[Gray], phases: str, deadline: float, request_id: str
    ) -> list[RawReading]:
        """At most MAX_BATCH squares; ``phases`` as ``phases_text`` writes them.

        Raises InferenceServerException, InvalidModelOutput.
        """
        batch = np.ascontiguousarray(np.stack(images))
        in_region = self.shared and self._mask_bytes > 0
        result = self.client.infer(
            MODEL_NAME,
            self._inputs(batch, phases),
            outputs=self._outputs(len(batch), in_region),
            client_timeout=deadline,
            timeout=int(deadline * 1e6),  # the queue drops what nobody waits for any more
            request_id=request_id,
        )
        return self._readings(result, len(batch), in_region)

    def survey(self, images: Sequence[Gray], deadline: float, request_id: str) -> list[Glance]:
        """At most MAX_BATCH small squares, by gRPC alone: they are small. Raises as ``infer`` does."""
        batch = np.ascontiguousarray(np.stack(images))
        result = self._by_grpc(batch, SURVEY, SURVEY_OUTPUTS, deadline, request_id)
        values = [result.as_numpy(name) for name in SURVEY_OUTPUTS]
        if any(v is None or v.shape[:1] != batch.shape[:1] for v in values) or not all(
            np.isfinite(v).all() for v in values
        ):
            raise InvalidModelOutput("The model server gave no usable glance.")
        return [Glance(p, float(s[0]), float(q[0])) for p, s, q in zip(*values, strict=True)]

    def heat(self, of: str, image: Gray, deadline: float, request_id: str) -> NDArray[np.float32]:
        """Where a finding comes from in one square. Raises as ``infer`` does."""
        batch = np.ascontiguousarray(image[None])
        asked = f"{HEAT}{ASKED}{of}"
        values = self._by_grpc(batch, asked, (HEAT_OUTPUT.name,), deadline, request_id)
        heat = values.as_numpy(HEAT_OUTPUT.name)
        if heat is None or heat.ndim != 3 or not np.isfinite(heat).all():
            raise InvalidModelOutput("The model server gave no usable map.")
        return np.asarray(heat[0], dtype=np.float32)

    def _by_grpc(
        self,
        batch: NDArray[np.uint8],
        asked: str,
        outputs: Sequence[str],
        deadline: float,
        request_id: str,
    ) -> Any:
        image = triton.InferInput("IMAGE", list(batch.shape), "UINT8")
        image.set_data_from_numpy(batch)
        return self.client.infer(
            MODEL_NAME,
            [image, _phases(asked, len(batch))],
            outputs=[triton.InferRequestedOutput(name) for name in outputs],
            client_timeout=deadline,
            timeout=int(deadline * 1e6),
            request_id=request_id,
        )

    def _inputs(self, batch: NDArray[np.uint8], phases: str) -> list[Any]:
        image = triton.InferInput("IMAGE", list(batch.shape), "UINT8")
        if self.shared:
            self._images.reserve(batch.nbytes)
            self._images.write(batch)
            image.set_shared_memory(self._images.name, batch.nbytes)
        else:
            image.set_data_from_numpy(batch)
        return [image, _phases(phases, len(batch))]

    def _outputs(self, count: int, in_region: bool) -> list[Any]:
        asked = [triton.InferRequestedOutput(tensor.name) for tensor in OUTPUTS]
        if in_region:
            self._masks.reserve(self._mask_bytes * count)
            place = [tensor.name for tensor in OUTPUTS].index("MASKS")
            asked[place].set_shared_memory(self._masks.name, self._mask_bytes * count)
        return asked

    def _readings(self, result: Any, count: int, in_region: bool) -> list[RawReading]:
        dense: dict[str, NDArray[np.float32]] = {}
        for tensor in DENSE_OUTPUTS + OPTIONAL_OUTPUTS:
            if tensor.name == "MASKS" and in_region:
                shape = tuple(int(n) for n in result.get_output("MASKS").shape)
                value = self._masks.read(shape)
            else:
                value = result.as_numpy(tensor.name)
            if value is not None:
                dense[tensor.name] = value
        check_dense(dense, count)
        self._mask_bytes = dense["MASKS"][0].nbytes
        words = {name: _texts(result, name, count) for name in _WORDS}
        return [_reading(dense, words, place) for place in range(count)]

    def close(self) -> None:
        """Take back the shared memory and close the connection."""
        self._images.close()
        self._masks.close()
        self.client.close()


_WORDS = ("INTERPRETATION", "CLASSIFICATION", "RELEASE", "SECONDS")


def _phases(asked: str, count: int) -> Any:
    words = triton.InferInput("PHASES", [count, 1], "BYTES")
    words.set_data_from_numpy(np.array([[asked.encode()]] * count, dtype=np.object_))
    return words


def _texts(result: Any, name: str, count: int) -> list[str]:
    value = result.as_numpy(name)
    if value is None or value.shape != (count, 1):
        raise InvalidModelOutput(f"{name} is missing or has another shape.")
    return [item[0].decode("utf-8", "strict") for item in value]


def _reading(
    dense: dict[str, NDArray[np.float32]], words: dict[str, list[str]], place: int
) -> RawReading:
    try:
        seconds = {str(k): float(v) for k, v in json.loads(words["SECONDS"][place]).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidModelOutput("SECONDS is not what the contract says.") from error
    return RawReading(
        plane=dense["PLANE"][place],
        scope=float(dense["SCOPE"][place, 0]),
        quality=float(dense["QUALITY"][place, 0]),
        masks=dense["MASKS"][place],
        boxes=dense["BOXES"][place],
        keypoints=dense["KEYPOINTS"][place],
        interpretation=words["INTERPRETATION"][place],
        classification=words["CLASSIFICATION"][place],
        release=words["RELEASE"][place],
        seconds=seconds,
        subplane=dense["SUBPLANE"][place] if "SUBPLANE" in dense else None,
    )
