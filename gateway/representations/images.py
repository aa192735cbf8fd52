"""Stored image objects: their frames, and what they say of their scale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.dependencies import Services
from services.dicom.parser.frames import Frames, calibration
from services.domain.calibration import Calibration
from services.domain.errors import NotFound
from services.index.port import Instance, Transaction

_CACHED_CALIBRATIONS = 4096


def find_instance(tx: Transaction, site: str, study_uid: str, sop_uid: str) -> Instance:
    """An instance of a study. Raises NotFound."""
    instances = tx.studies.instances(site, study_uid=study_uid, sop_uid=sop_uid, limit=1)
    if not instances:
        raise NotFound("The study has no such image.")
    return instances[0]


@contextmanager
def open_frames(services: Services, instance: Instance) -> Iterator[Frames]:
    """The object's frames. Blocking; it lies in the spool meanwhile, so that a long clip fills no
    memory.
    """
    with services.spool.request_files() as files:
        with services.spool.writer(instance.size) as out:
            for chunk in services.store.open(instance.site, instance.sha256):
                out.write(chunk)
            files.append(out.finish())
        yield Frames.of_file(files[0].path)


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
                scale = calibration(frames.dataset)
            if len(self._known) > _CACHED_CALIBRATIONS:
                self._known.clear()
            self._known[key] = scale
        return self._known[key]
