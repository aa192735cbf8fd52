"""One release on this machine, by the runtime that hub and agent share: once encoded, or every time.

Run by bench.edge in a process of its own, so that its peak of memory is the release's alone:
python -m bench.edge.native nano|08b STORE [--repeats 3] [--tokens 12] [--threads 2]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from services.domain.mapping import GROUPS
from services.reading.contract import ALL_PHASES, Phase
from services.reading.images.picture import Gray, Square, decode, square
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import Release
from services.reading.text import prompting
from services.reading.text.runtime import Conversation, TextModel

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "head-27w.png"
# About what FADA's own answers are long: 600 tokens in all.
LONG = {"interpret": 320, "classify": 12, "detect": 110, "segment": 160}
Figures = dict[str, float]


def images(side: int) -> Iterator[Square]:
    """The sample, each time with another pixel changed: nothing can come from a cache."""
    seen = square(decode(SAMPLE.read_bytes()).pixels, side)
    number = 0
    while True:
        pixels = seen.pixels.copy()
        pixels.flat[number] ^= 1
        number += 1
        yield Square(pixels, seen.width, seen.height)


def timed(work: Callable[[], object], repeats: int) -> float:
    """Seconds, the median of the repeats after one to warm up."""
    spent = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent[1:] or spent)


def with_heads(release: Release, repeats: int, threads: int) -> Figures:
    """fada-nano: heads and words of one image, against the phases one by one (rules need no image)."""
    reader = ReleaseReader(release, threads=threads)
    squares = images(release.manifest.side)
    asked = [phase for phase in ALL_PHASES if phase is not Phase.MAP]

    def separate() -> None:
        for phase in asked:
            reader.read(next(squares), (phase,))

    once = timed(lambda: reader.read(next(squares), ALL_PHASES), repeats)
    each = timed(separate, repeats)
    return {"once_s": once, "separate_s": each, "ratio": each / once}


class Words:
    """A release without heads: four prompts an image, each answer cut after so many tokens.

    Random weights come to no end of their own, so the release's real grammars are kept and the
    number of tokens is bounded.
    """

    def __init__(self, release: Release, threads: int) -> None:
        manifest = release.manifest
        self.prompts = manifest.prompts
        self.model = TextModel(
            release.text, release.mmproj, manifest.text_side, self.prompts, manifest.classes,
            threads=threads,
        )  # fmt: skip
        self.squares = images(manifest.text_side)
        group = GROUPS["brain"]
        self.forms = {
            "interpret": prompting.interpretation_schema(),
            "classify": prompting.classification_schema(manifest.classes),
            "detect": prompting.detection_schema(group.structures),
            "segment": prompting.segmentation_schema(group.masks),
        }
        self.written = 0

    def _image(self) -> Gray:
        return next(self.squares).pixels

    def _ask(self, seen: Conversation, phase: str, most: int) -> None:
        prompt = self.prompts.after(getattr(self.prompts, phase))
        self.written += seen.answer(prompt, self.forms[phase], most).tokens

    def once(self, most: dict[str, int]) -> None:
        """All phases after one encoding of the image; ``most`` tokens for each phase."""
        with self.model.look(self._image()) as seen:
            for phase in self.forms:
                self._ask(seen, phase, most[phase])

    def separate(self, most: dict[str, int]) -> None:
        """All phases, the image encoded anew for each; ``most`` tokens for each phase."""
        for phase in self.forms:
            with self.model.look(self._image()) as seen:
                self._ask(seen, phase, most[phase])


def without_heads(release: Release, repeats: int, tokens: int, threads: int) -> Figures:
    """The ratio with short answers, where the image is most of the work, and with FADA's long ones."""
    words = Words(release, threads)
    short = dict.fromkeys(words.forms, tokens)
    once = timed(lambda: words.once(short), repeats)
    each = timed(lambda: words.separate(short), repeats)
    words.written = 0
    began = time.perf_counter()
    words.once(LONG)
    long = time.perf_counter() - began
    written = words.written
    began = time.perf_counter()
    words.separate(LONG)
    long_each = time.perf_counter() - began
    return {
        "once_s": once, "separate_s": each, "ratio": each / once, "tokens_a_phase": tokens,
        "long_once_s": long, "long_separate_s": long_each, "long_ratio": long_each / long,
        "long_tokens": written,
    }  # fmt: skip


def main() -> None:
    """Measure one release in this process and print the result as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("nano", "08b"))
    parser.add_argument("store", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    release = open_release(options.store, trust_of(options.store))
    if options.what == "nano":
        figures = with_heads(release, options.repeats, options.threads)
    else:
        figures = without_heads(release, options.repeats, options.tokens, options.threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({k: round(v, 3) for k, v in {**figures, "peak_mb": peak}.items()}))


if __name__ == "__main__":
    main()
