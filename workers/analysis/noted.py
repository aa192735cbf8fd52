"""What a job noted of the frames that it has read: the form in the index, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from services.domain.report import FrameReading
from services.index.port import Artefact, Instance, NewInstance, ReadFrame


@dataclass(frozen=True, slots=True)
class NotedInstance:
    """An image that was opened: the frames that are to be read of it, or why it cannot be.

    ``header`` is what SEG and SR need of it, as a Part 10 file in base64.
    """

    header: str = ""
    frames: tuple[int, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class NotedFrame:
    """A frame that was read: its reading, what lies in the store of it, and its objects; or an error."""

    reading: FrameReading | None = None
    artefacts: tuple[Artefact, ...] = ()
    objects: tuple[NewInstance, ...] = ()
    error: str = ""


_INSTANCE: TypeAdapter[NotedInstance] = TypeAdapter(NotedInstance)
_FRAME: TypeAdapter[NotedFrame] = TypeAdapter(NotedFrame)
_Frame = tuple[str, int]  # SOP Instance UID, number from 1


@dataclass(slots=True)
class Noted:
    """By instance, and by instance and frame."""

    instances: dict[str, NotedInstance] = field(default_factory=dict)
    frames: dict[_Frame, NotedFrame] = field(default_factory=dict)


def noted_of(rows: Iterable[ReadFrame], images: Iterable[Instance], release: str) -> Noted:
    """What holds still: read by this very release, from the bytes that the instance has now."""
    hashes = {image.sop_uid: image.sha256 for image in images}
    noted = Noted()
    for row in rows:
        if row.release != release or hashes.get(row.sop_uid) != row.sha256:
            continue
        if row.frame == 0:
            noted.instances[row.sop_uid] = _INSTANCE.validate_json(row.content)
        else:
            noted.frames[row.sop_uid, row.frame] = _FRAME.validate_json(row.content)
    return noted


def row_of(
    image: Instance, frame: int, release: str, noted: NotedInstance | NotedFrame
) -> ReadFrame:
    """The row of an instance (``frame`` 0) or of one of its frames."""
    content = (
        _INSTANCE.dump_json(noted) if isinstance(noted, NotedInstance) else _FRAME.dump_json(noted)
    )
    return ReadFrame(image.sop_uid, frame, image.sha256, release, content.decode())
