"""A stored image object, opened for a moment: its frames and what it says of its scale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.dependencies import Services
from services.dicom.parser.calibration import calibration
from services.dicom.parser.frames import Frames
from services.domain.calibration import Calibration
from services.domain.errors import NotFound
from services.index.port import Instance, Transaction


def find(tx: Transaction, site: str, study_uid: str, sop_uid: str) -> Instance:
    """Raises NotFound."""
    found = tx.studies.instances(site, study_uid=study_uid, sop_uid=sop_uid, limit=1)
    if not found:
        raise NotFound("The study has no such image.")
    return found[0]


@contextmanager
def opened(services: Services, instance: Instance) -> Iterator[Frames]:
    """Blocking. The object lies in the spool meanwhile, so that a long clip fills no memory."""
    with services.spool.basket() as basket:
        with services.spool.writer(instance.size) as out:
            for piece in services.store.open(instance.site, instance.sha256):
                out.write(piece)
            basket.append(out.finish())
        yield Frames.of_file(basket[0].path)


class Scales:
    """Calibrations by hash: objects never change, so each is read once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[tuple[str, str], Calibration] = {}

    def of(self, instance: Instance) -> Calibration:
        """Blocking when it is asked for the first time."""
        key = (instance.site, instance.sha256)
        if key not in self._known:
            with opened(self._services, instance) as frames:
                found = calibration(frames.dataset)
            if len(self._known) > 4096:
                self._known.clear()
            self._known[key] = found
        return self._known[key]
