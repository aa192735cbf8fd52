"""The five phases of one release on one square: the image is encoded once, each phase asked once.

A release with dense heads classifies, detects and segments with them, and its words follow the
plane that they name; one without (FADA's own weights) answers every phase as text, and its boxes
and polygons become the same tensors.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import ReleaseRefused
from services.domain.mapping import GROUPS, map_structures, own_name, plane_of
from services.domain.report import Mapping
from services.reading.contract import ALL_PHASES, Phase, RawReading, check_dense
from services.reading.images.square import Gray, Square, resize
from services.reading.releases.manifest import Manifest
from services.reading.releases.release import Release
from services.reading.text import answers
from services.reading.text.runtime import TextModel
from services.reading.text.session import Asking, Looks, Opener
from services.reading.vision import Vision

Dense = dict[str, NDArray[np.float32]]
_SURE: Final = 6.0


class Reader:
    """A loaded release. Safe to call from several threads; the text model takes one image a time."""

    def __init__(self, release: Release, *, threads: int = 1, words: Opener | None = None) -> None:
        """Load what the verified release holds. ``words`` loads a text model in Hugging Face form.

        Raises:
            ReleaseRefused: a runtime cannot load it.
        """
        self.release, self.manifest = release, release.manifest
        manifest = release.manifest
        self._vision: Vision | None = None
        self._text: Looks | None = None
        if release.graph is not None:
            self._vision = Vision(release.graph, manifest.side, threads=threads)
        if manifest.has_text:
            self._text = TextModel(
                release.text,
                release.mmproj,
                manifest.text_side,
                manifest.prompts,
                manifest.classes,
                sentences=manifest.sentences,
                threads=threads,
            )
        elif manifest.has_weights:
            if words is None:
                raise ReleaseRefused("This release is served by transformers, which is not here.")
            self._text = words(release)

    def see(self, images: Sequence[Gray]) -> Dense | None:
        """The dense tensors of a batch of squares; None where the release has no heads."""
        return None if self._vision is None else self._vision.run(images)

    def read(
        self,
        square: Square,
        phases: Collection[Phase] = ALL_PHASES,
        *,
        dense: Dense | None = None,
    ) -> RawReading:
        """Ask the phases of one image of the release's side.

        ``dense`` holds the image's own tensors, [1, ...], where a batch of them was seen before.

        Raises:
            InvalidModelOutput: nothing, something broken or something not finite came back.
        """
        clock = _Clock()
        if dense is None and self._vision is not None:
            with clock.of("vision"):
                dense = self._vision.run([square.pixels])
        if dense is not None:
            words = self._follow(square, phases, dense, clock)
        else:
            words = self._tell(square, phases, clock)
        dense = words.dense
        check_dense(dense, 1)
        return RawReading(
            plane=dense["PLANE"][0],
            scope=float(dense["SCOPE"][0, 0]),
            quality=float(dense["QUALITY"][0, 0]),
            masks=dense["MASKS"][0],
            boxes=dense["BOXES"][0],
            keypoints=dense["KEYPOINTS"][0],
            interpretation=json.dumps(words.interpretation) if words.interpretation else "",
            classification=json.dumps({"label": words.label}) if words.label else "",
            release=f"{self.manifest.name} {self.manifest.version} {self.manifest.sha256}",
            seconds=clock.seconds,
        )

    def _follow(
        self, square: Square, phases: Collection[Phase], dense: Dense, clock: _Clock
    ) -> _Words:
        """With heads: they name the plane, and the words are asked about that plane."""
        plane = self.manifest.planes[int(dense["PLANE"][0].argmax())]
        interpretation: dict[str, str] = {}
        if self._text is not None and Phase.INTERPRET in phases:
            with self._look(self._text, square, clock) as conversation, clock.of(Phase.INTERPRET):
                interpretation = conversation.interpret(plane)
        return _Words(interpretation, plane if Phase.CLASSIFY in phases else "", dense)

    def _tell(self, square: Square, phases: Collection[Phase], clock: _Clock) -> _Words:
        """Without heads: every phase is asked in words."""
        interpretation: dict[str, str] = {}
        label = ""
        if self._text is None:
            return _Words({}, "", _told(self.manifest, None, {}, "", (), clock))
        with self._look(self._text, square, clock) as conversation:
            if Phase.INTERPRET in phases:
                with clock.of(Phase.INTERPRET):
                    interpretation = conversation.interpret()
            if Phase.CLASSIFY in phases:
                with clock.of(Phase.CLASSIFY):
                    label = conversation.classify()
            dense = _told(self.manifest, conversation, interpretation, label, phases, clock)
        return _Words(interpretation, label, dense)

    @contextmanager
    def _look(self, text: Looks, square: Square, clock: _Clock) -> Iterator[Asking]:
        side = self.manifest.text_side
        with clock.of("encode"), text.look(resize(square.pixels, side, side)) as conversation:
            clock.split("encode")
            yield conversation


@dataclass(frozen=True, slots=True)
class _Words:
    interpretation: dict[str, str]
    label: str
    dense: Dense


def _told(
    manifest: Manifest,
    conversation: Asking | None,
    interpretation: dict[str, str],
    label: str,
    phases: Collection[Phase],
    clock: _Clock,
) -> Dense:
    """The tensors of a release without heads, from its words: phase 3 says what is asked for."""
    with clock.of(Phase.MAP):
        wanted = map_structures(label or None, interpretation)
    group = GROUPS[wanted.group]  # asked in the words that the release was taught
    boxes: tuple[answers.Found, ...] = ()
    outlines: tuple[answers.Found, ...] = ()
    if conversation is not None and Phase.DETECT in phases:
        with clock.of(Phase.DETECT):
            boxes = conversation.detect(group.structures)
    if conversation is not None and Phase.SEGMENT in phases:
        with clock.of(Phase.SEGMENT):
            outlines = conversation.segment(group.masks)
    found = [replace(item, label=own_name(item.label)) for item in (*boxes, *outlines)]
    plane = np.full((1, len(manifest.planes)), -_SURE, np.float32)
    name = plane_of(label, wanted)
    known = name in manifest.planes
    if name is not None and known:
        plane[0, manifest.planes.index(name)] = _SURE
    scope = np.array([[_SURE if known else -_SURE]], np.float32)
    return {
        "PLANE": plane,
        "SCOPE": scope,
        "QUALITY": np.full((1, 1), _SURE, np.float32),
        "MASKS": answers.mask_tensor(found, manifest.masks, manifest.side // 2)[None],
        "BOXES": answers.box_tensor(found, manifest.boxes)[None],
        "KEYPOINTS": np.tile(np.array([0.5, 0.5, -_SURE], np.float32), (1, 1, 1)).repeat(
            max(len(manifest.keypoints), 1), axis=1
        ),
    }


def mapping_of(raw: RawReading, plane: str) -> Mapping:
    """Phase 3 for a reading whose plane was judged."""
    told = json.loads(raw.interpretation) if raw.interpretation else {}
    return map_structures(plane, told)


class _Clock:
    """Seconds by phase; the same name adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._ends: dict[str, float] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            end = self._ends.pop(name, time.perf_counter())
            self.seconds[str(name)] = round(self.seconds.get(str(name), 0.0) + end - began, 6)

    def split(self, name: str) -> None:
        """The named span ends here, although its block goes on."""
        self._ends[name] = time.perf_counter()
