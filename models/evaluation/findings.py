"""What a release's heads find in pictures, and what a decoder says of it: field by field, against both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.data.manifest import Record
from models.evaluation.observe import load_gray
from models.evaluation.textual import complies, seen_of
from models.text.finding_sentences import WORDS
from models.text.sentences import FIELDS, NO_PLANE, write
from services.domain.errors import ReleaseMissingFile
from services.reading.images.picture import Gray, square
from services.reading.releases.release import Release
from services.reading.text.decoder import Decoder
from services.reading.text.finding_words import FindingWords
from services.reading.text.findings import Findings, findings_of
from services.reading.text.prompting import Prompts
from services.reading.vision import Vision


class Finder:
    """The heads of one release; ``words`` are its own, or those that a decoder is taught today."""

    def __init__(self, release: Release, threads: int = 1) -> None:
        """Raises ReleaseMissingFile: it has no heads."""
        if release.graph is None:
            raise ReleaseMissingFile(f"{release.manifest.id} has no heads.")
        self.manifest = release.manifest
        self.words: FindingWords = self.manifest.words or WORDS
        self._vision = Vision(release.graph, self.manifest.side, threads=threads)

    def find(self, images: Sequence[Gray]) -> list[Findings]:
        """The findings of squares, [S, S] uint8 each."""
        dense = self._vision.run(list(images))
        return [
            findings_of({k: v[i : i + 1] for k, v in dense.items()}, self.manifest, self.words)
            for i in range(len(images))
        ]

    def of_record(self, record: Record) -> Findings:
        """The findings of one picture."""
        return self.find([square(load_gray(record), self.manifest.side).pixels])[0]


@dataclass(frozen=True, slots=True)
class DecoderAnswer:
    """What a decoder says of one picture's findings; ``free``: its unbound answer had the eight fields."""

    label: str
    fields: Mapping[str, str]
    free: bool


def open_decoder(folder: Path, threads: int = 1) -> Decoder:
    """The decoder of a folder made by models.programs.releasing.convert."""
    facts = json.loads((folder / "text.json").read_text())
    return Decoder(
        folder / "text.gguf",
        Prompts(**{"version": "1", **facts["prompts"]}),
        facts["classes"],
        sentences=facts["sentences"],
        threads=threads,
    )


def decoder_of(release: Release, threads: int = 1) -> Decoder:
    """The decoder of a release that has one."""
    manifest = release.manifest
    return Decoder(
        release.text,
        manifest.prompts,
        manifest.classes,
        sentences=manifest.sentences,
        threads=threads,
    )


def answers_of(decoder: Decoder, findings: Sequence[Findings]) -> list[DecoderAnswer]:
    """Both text phases of every picture's findings."""
    answers = []
    for one in findings:
        with decoder.read(one.line()) as session:
            free = complies(session.free(decoder.prompts.interpret, 512))
            answers.append(DecoderAnswer(session.classify(), session.interpret(one.plane), free))
    return answers


def agreement(
    answers: Sequence[Mapping[str, str]], findings: Sequence[Findings], words: FindingWords
) -> dict[str, float]:
    """By field, and over all of them (``field``) and over pictures (``whole``): the share, 0 to 1, that is
    as the heads say."""
    own = [words.words(one) for one in findings]
    same = {
        name: [t.get(name) == o[name] for t, o in zip(answers, own, strict=True)] for name in FIELDS
    }
    each = {name: round(float(np.mean(values)), 4) for name, values in same.items()}
    table = np.array(list(same.values()))
    return {
        **each,
        "field": round(float(table.mean()), 4),
        "whole": round(float(table.all(0).mean()), 4),
    }


def label_agreement(
    answers: Sequence[Mapping[str, str]], records: Sequence[Record]
) -> dict[str, float]:
    """By field: the share, 0 to 1, that is as the labels say, of the pictures whose labels tell; and the
    mean over fields (``field``). Nobody has labelled how sharp a picture is."""
    right: dict[str, list[bool]] = {}
    for one, record in zip(answers, records, strict=True):
        for name, wanted in write(seen_of(record)).items():
            if wanted is not None and name != "image_quality":
                right.setdefault(name, []).append(one.get(name) == wanted)
    each = {name: round(float(np.mean(values)), 4) for name, values in right.items()}
    return {**each, "field": round(float(np.mean(list(each.values()))), 4)}


def plane_agreement(labels: Sequence[str], records: Sequence[Record]) -> float:
    """Share of labels, 0 to 1, that are the plane of the record."""
    same = [k == (r.plane or NO_PLANE) for k, r in zip(labels, records, strict=True)]
    return round(float(np.mean(same)), 4)
