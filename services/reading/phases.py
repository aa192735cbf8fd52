"""The five phases of one release on one square: the image is encoded once, each phase asked once.

A release with dense heads classifies, detects and segments with them, and its text model is asked about
the plane that they name, or reads their findings and no image; one without (FADA's own weights) answers
every phase as text, and its boxes and polygons become the same tensors.
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

from services.domain.errors import InvalidModelOutput, NotFound, ReleaseRefused
from services.domain.mapping import (
    GROUPS,
    PLANE_OF_LABEL,
    keypoints_of,
    map_structures,
    own_name,
    plane_of,
)
from services.reading.clips import Glance
from services.reading.contract import ALL_PHASES, Phase, RawReading, check_dense
from services.reading.heat import heat_map
from services.reading.images.picture import Gray, Square, resize
from services.reading.releases.manifest import Manifest
from services.reading.releases.release import Release
from services.reading.survey import Survey
from services.reading.text import keypoints, prompting
from services.reading.text.decoder import Decoder
from services.reading.text.finding_words import FindingWords, borne_out
from services.reading.text.findings import findings_of
from services.reading.text.runtime import TextModel, TextModelLike, TextModelLoader, TextSession
from services.reading.vision import Vision

Dense = dict[str, NDArray[np.float32]]
HEAD: Final = "head"
_CERTAIN: Final = 6.0  # logit of what a text model names: it has no confidence of its own


class ReleaseReader:
    """A loaded release. Safe to call from several threads; the text model takes one image a time."""

    def __init__(
        self,
        release: Release,
        *,
        threads: int = 1,
        concurrency: int = 1,
        load_text: TextModelLoader | None = None,
    ) -> None:
        """Load what the verified release holds. ``threads`` compute one image, ``concurrency`` images of a
        batch are computed at once; ``load_text`` loads text models in Hugging Face form.

        Raises:
            ReleaseRefused: a runtime cannot load it.
        """
        self.release, self.manifest = release, release.manifest
        manifest = release.manifest
        self._vision: Vision | None = None
        self._survey: Survey | None = None
        self._threads = threads
        self._text: TextModelLike | None = None
        self._decoder: Decoder | None = None
        if release.graph is not None:
            self._vision = Vision(
                release.graph, manifest.side, threads=threads, concurrency=concurrency
            )
        if manifest.has_text and manifest.reads_findings:
            self._decoder = Decoder(
                release.text,
                manifest.prompts,
                manifest.classes,
                sentences=manifest.sentences,
                threads=threads,
            )
        elif manifest.has_text:
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
            if load_text is None:
                raise ReleaseRefused("This release is served by transformers, which is not here.")
            self._text = load_text(release)

    def dense_outputs(self, images: Sequence[Gray]) -> Dense | None:
        """The dense tensors of N squares, [S, S] uint8 each; None where the release has no heads.

        Raises:
            InvalidModelOutput: a square of another size, or an output that is not usable.
        """
        return None if self._vision is None else self._vision.run(images)

    def heat(self, of: str, image: Gray) -> NDArray[np.float32]:
        """Where ``of`` comes from in an [S, S] square, see ``services.reading.heat``.

        Raises:
            NotFound: the release has no heads, or no such finding.
            InvalidModelOutput: it fails on this image.
        """
        if self._vision is None:
            raise NotFound("This release has no heads that could say where a finding comes from.")
        return heat_map(of, image, self.manifest, self._vision, self._part())

    def survey(self, images: Sequence[Gray]) -> list[Glance]:
        """A glance at small squares, [survey_side(S)] uint8 each, loaded when it is first asked for.

        Raises:
            InvalidModelOutput: the release has no heads, or its graph cannot be cut or run small.
        """
        return self._part().run(images)

    def _part(self) -> Survey:
        if self.release.graph is None:
            raise InvalidModelOutput("This release has no heads to glance with.")
        if self._survey is None:
            try:
                self._survey = Survey(self.release.graph, self.manifest.side, threads=self._threads)
            except ReleaseRefused as error:
                raise InvalidModelOutput(error.detail) from error
        return self._survey

    def read(
        self,
        square: Square,
        phases: Collection[Phase] = ALL_PHASES,
        *,
        dense: Dense | None = None,
        structures: Sequence[str] = (),
    ) -> RawReading:
        """Run the phases on one image of the release's side.

        ``structures`` are what a release without heads looks for instead of phase 3's choice.
        ``dense`` holds the image's own tensors, [1, ...], where they were computed in a batch before.

        Raises:
            InvalidModelOutput: nothing, something broken or something not finite came back.
        """
        timer = _PhaseTimer()
        if dense is None and self._vision is not None:
            with timer.of("vision"):
                dense = self._vision.run([square.pixels])
        if dense is not None:
            outputs = self._read_by_heads(square, phases, dense, timer)
        else:
            outputs = self._read_by_text(square, phases, timer, structures)
        return self._raw_reading(outputs, timer)

    def _raw_reading(self, outputs: _Outputs, timer: _PhaseTimer) -> RawReading:
        dense = outputs.dense
        check_dense(dense, 1)
        label = outputs.label
        return RawReading(
            plane=dense["PLANE"][0],
            scope=float(dense["SCOPE"][0, 0]),
            quality=float(dense["QUALITY"][0, 0]),
            masks=dense["MASKS"][0],
            boxes=dense["BOXES"][0],
            keypoints=dense["KEYPOINTS"][0],
            interpretation=json.dumps(outputs.interpretation) if outputs.interpretation else "",
            classification=json.dumps({"label": label}) if label else "",
            release=f"{self.manifest.name} {self.manifest.version} {self.manifest.sha256}",
            seconds=timer.seconds,
            subplane=dense["SUBPLANE"][0] if "SUBPLANE" in dense else None,
        )

    def _read_by_heads(
        self, square: Square, phases: Collection[Phase], dense: Dense, timer: _PhaseTimer
    ) -> _Outputs:
        """With heads: they name the plane, and the text model is asked about that plane."""
        plane = self.manifest.planes[int(dense["PLANE"][0].argmax())]
        interpretation: dict[str, str] = {}
        words = self.manifest.words
        if self._decoder is not None and words is not None and Phase.INTERPRET in phases:
            with timer.of(Phase.INTERPRET):
                interpretation = self._words_of_findings(self._decoder, plane, dense, words)
        if self._text is not None and Phase.INTERPRET in phases:
            with self._session(self._text, square, timer) as session, timer.of(Phase.INTERPRET):
                interpretation = session.interpret(plane)
        return _Outputs(interpretation, plane if Phase.CLASSIFY in phases else "", dense)

    def _words_of_findings(
        self, decoder: Decoder, plane: str, dense: Dense, words: FindingWords
    ) -> dict[str, str]:
        """What the decoder says of the heads' findings, as far as they bear it out."""
        findings = findings_of(dense, self.manifest, words)
        with decoder.read(findings.line()) as session:
            return borne_out(session.interpret(plane), findings, words)

    def _read_by_text(
        self,
        square: Square,
        phases: Collection[Phase],
        timer: _PhaseTimer,
        structures: Sequence[str] = (),
    ) -> _Outputs:
        """Without heads: every phase is asked of the text model."""
        interpretation: dict[str, str] = {}
        label = ""
        if self._text is None:
            return _Outputs({}, "", _dense_of_text(self.manifest, None, {}, "", (), timer))
        with self._session(self._text, square, timer) as session:
            if Phase.INTERPRET in phases:
                with timer.of(Phase.INTERPRET):
                    interpretation = session.interpret()
            if Phase.CLASSIFY in phases:
                with timer.of(Phase.CLASSIFY):
                    label = session.classify()
            dense = _dense_of_text(
                self.manifest, session, interpretation, label, phases, timer, structures
            )
        return _Outputs(interpretation, label, dense)

    @contextmanager
    def _session(
        self, text: TextModelLike, square: Square, timer: _PhaseTimer
    ) -> Iterator[TextSession]:
        side = self.manifest.text_side
        with timer.of("encode"), text.look(resize(square.pixels, side, side)) as session:
            timer.split("encode")
            yield session


@dataclass(frozen=True, slots=True)
class _Outputs:
    """Phases 1 and 2, and the dense tensors [1, ...] of phases 4 and 5."""

    interpretation: dict[str, str]
    label: str
    dense: Dense


def _dense_of_text(
    manifest: Manifest,
    session: TextSession | None,
    interpretation: dict[str, str],
    label: str,
    phases: Collection[Phase],
    timer: _PhaseTimer,
    structures: Sequence[str] = (),
) -> Dense:
    """The tensors of a release without heads, from its text: phase 3 says what is asked for, unless
    ``structures`` do."""
    with timer.of(Phase.MAP):
        wanted = map_structures(label or None, interpretation)
    group = GROUPS[wanted.group]  # asked in the words that the release was taught
    boxes: tuple[prompting.TextStructure, ...] = ()
    outlines: tuple[prompting.TextStructure, ...] = ()
    ends: list[keypoints.TextKeypoints] = []
    if session is not None and Phase.DETECT in phases:
        with timer.of(Phase.DETECT):
            boxes = session.detect(structures or group.structures)
            for labels in keypoints_of(tuple(structures) or group.structures):
                ends += session.keypoints(labels)
    if session is not None and Phase.SEGMENT in phases:
        with timer.of(Phase.SEGMENT):
            outlines = session.segment(structures or group.masks)
    named = [replace(item, label=own_name(item.label)) for item in (*boxes, *outlines)]
    plane = np.full((1, len(manifest.planes)), -_CERTAIN, np.float32)
    words = interpretation
    if not words and session is not None and PLANE_OF_LABEL.get(label) == HEAD:
        with timer.of(Phase.INTERPRET):
            words = session.interpret()
    name = plane_of(label, wanted, words)
    known = name in manifest.planes
    # No label tells a head in labour, which has no circumference: without words no head is certain.
    if name is not None and known and (name != HEAD or words):
        plane[0, manifest.planes.index(name)] = _CERTAIN
    scope = np.array([[_CERTAIN if known else -_CERTAIN]], np.float32)
    return {
        "PLANE": plane,
        "SCOPE": scope,
        "QUALITY": np.full((1, 1), _CERTAIN, np.float32),
        "MASKS": prompting.mask_tensor(named, manifest.masks, manifest.side // 2)[None],
        "BOXES": prompting.box_tensor(named, manifest.boxes)[None],
        "KEYPOINTS": keypoints.tensor(ends, manifest.keypoints)[None],
    }


class _PhaseTimer:
    """Seconds by phase; the same name adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._ends: dict[str, float] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Time the block under ``name``."""
        began = time.perf_counter()
        try:
            yield
        finally:
            end = self._ends.pop(name, time.perf_counter())
            self.seconds[str(name)] = round(self.seconds.get(str(name), 0.0) + end - began, 6)

    def split(self, name: str) -> None:
        """The named span ends here, although its block goes on."""
        self._ends[name] = time.perf_counter()
