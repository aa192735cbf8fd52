"""Stored image objects: their frames, and what they say of their scale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.dependencies import Services
from services.dicom.parser.correction import correct
from services.dicom.parser.dataset import read_dataset
from services.domain.calibration import Calibration, PixelSize, Region
from services.domain.errors import NotFound
from services.index.port import Instance, Transaction

_CACHED_CALIBRATIONS = 4096


def find_instance(tx: Transaction, site: str, study_uid: str, sop_uid: str) -> Instance:
    """An instance of a study. Raises NotFound."""
    instances = tx.studies.instances(site, study_uid=study_uid, sop_uid=sop_uid, limit=1)
    if not instances:
        raise NotFound("The study has no such image.")
    return instances[0]


class SpooledImage:
    """A stored object while it lies in the spool. Bounded children open it, never this process."""

    def __init__(self, services: Services, path: Path, corrected: dict[str, Any] | None) -> None:
        """``corrected``: DICOM JSON that a person put in place of what the object says."""
        self._services, self._path, self._corrected = services, path, corrected

    @property
    def path(self) -> Path:
        """Where it lies, for a request to a bounded child."""
        return self._path

    def read(self, frame: int, *, blank: bool = False) -> NDArray[np.uint8]:
        """A frame as it is shown, (H, W) or (H, W, 3). Raises NotFound, InvalidDicom, Unavailable.

        ``blank``: for eyes outside of the site, black where words are written and around the scan.
        """
        request = {"do": "pixels", "path": str(self._path), "frame": frame, "blank": blank}
        data, answer = self._ask(request)
        return np.frombuffer(data, np.uint8).reshape(answer["shape"])

    def calibration(self) -> Calibration:
        """Its scale in mm per pixel. Raises InvalidDicom, Unavailable."""
        answer = self._services.parser.ask({"do": "calibration", "path": str(self._path)})
        spacing = answer["spacing"]
        return Calibration(
            tuple(Region(**region) for region in answer["regions"]),
            PixelSize(**spacing) if spacing else None,
        )

    @property
    def dataset(self) -> Any:
        """The object without its pixels, written anew by the child. Raises InvalidDicom, Unavailable."""
        data, _ = self._ask({"do": "header", "path": str(self._path)})
        dataset = read_dataset(data)
        if self._corrected is not None:
            correct(dataset, self._corrected)
        return dataset

    def _ask(self, request: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        limit = self._services.settings.max_instance_bytes
        with self._services.spool.made_by(limit) as out:
            answer = self._services.parser.ask({**request, "out": str(out.path)})
            return out.path.read_bytes(), answer


@contextmanager
def open_frames(services: Services, instance: Instance) -> Iterator[SpooledImage]:
    """The object. Blocking; it lies in the spool meanwhile, so that a long clip fills no memory."""
    with services.spool.request_files() as files:
        with services.spool.writer(instance.size) as out:
            for chunk in services.store.open(instance.site, instance.sha256):
                out.write(chunk)
            files.append(out.finish())
        yield SpooledImage(services, files[0].path, instance.corrected)


class CalibrationCache:
    """Calibrations by site and hash: objects never change, so each is read once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[tuple[str, str], Calibration] = {}

    def of(self, instance: Instance) -> Calibration:
        """The instance's scale in mm per pixel. Blocking when it is asked for the first time.

        Raises:
            FadaError: the object cannot be opened now.
        """
        key = (instance.site, instance.sha256)
        if key not in self._known:
            with open_frames(self._services, instance) as frames:
                scale = frames.calibration()
            if len(self._known) > _CACHED_CALIBRATIONS:
                self._known.clear()
            self._known[key] = scale
        return self._known[key]
