"""What the phone's program is told of a release: the hub's own prompts, grammars and rules."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import fields, replace
from pathlib import Path

import pytest
import small_releases

from edge.android import build, phases
from edge.android.grammar import gbnf
from models.text.finding_sentences import WORDS
from services.domain import mapping
from services.reading.releases.manifest import Manifest
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import load
from services.reading.text import prompting
from services.reading.text.finding_words import FindingWords, PlaneWords
from services.reading.text.prompting import FINDINGS, IMAGE

ROOT = Path(__file__).parents[4]
STORE = ROOT / "models" / "releases"


def test_the_phone_runs_the_llama_cpp_of_the_hub() -> None:
    pinned = re.search(r"^xllamacpp==(.+)$", (ROOT / "constraints.txt").read_text(), re.M)
    assert pinned is not None
    assert pinned[1] == build.VERSION, "build.py pins another version (and hash) than the hub's"


def bundled() -> Manifest:
    return open_release(STORE, trust_of(STORE)).manifest


def two_towers(store: Path) -> Manifest:
    prompts = {"version": "1", "interpret": "Interpret.", "interpret_plane": "Interpret a {plane}.", "classify": "Which?"}  # fmt: skip
    closed = {"head": {"fetal_orientation": {"enum": ["Not determined."]}}}
    folder = small_releases.write(store, prompts=prompts, sentences=closed)
    return load(folder, trust_of(store)).manifest


@pytest.mark.parametrize("of", ["bundled", "two towers"])
def test_every_phase_has_the_hubs_prompt_and_grammar(tmp_path: Path, of: str) -> None:
    manifest = bundled() if of == "bundled" else two_towers(tmp_path / "store")
    document = json.loads(json.dumps(phases.phases(manifest)))
    prompts = manifest.prompts
    seen = FINDINGS if manifest.reads_findings else IMAGE
    assert document["before"] + seen + document["classify"]["prompt"] == prompts.template.replace(
        "{prompt}", prompts.classify
    )
    assert set(document["interpret"]) == {"", *manifest.planes}
    head = document["interpret"]["head"]
    assert head["prompt"] == prompts.after(prompts.interpretation("head"))
    assert head["grammar"] == gbnf(
        prompting.interpretation_schema(
            {field: dict(form) for field, form in manifest.sentences["head"].items()}
        ),
        prompts,
    )
    assert head["grammar"] != document["interpret"][""]["grammar"]
    assert ("words" in document["heads"]) == manifest.reads_findings


def test_a_decoder_has_the_tables_of_the_line_and_of_its_words() -> None:
    """All that a manifest says of them, also what it leaves out."""
    manifest = replace(bundled(), text_input="findings", words=WORDS)
    words = json.loads(json.dumps(phases.judgement(manifest)))["words"]
    assert FindingWords.from_json(words) == WORDS
    assert set(words["planes"]["thorax"]) == {field.name for field in fields(PlaneWords)}


def test_a_phase_without_a_prompt_is_left_out() -> None:
    document = phases.phases(bundled())
    assert set(document["groups"]) == set(mapping.GROUPS)
    assert not any(document["groups"].values()), (
        "fada-nano was not taught detect and segment in words"
    )


@pytest.mark.parametrize("changed", [b"", b"other"])
def test_other_sources_than_the_pinned_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: bytes
) -> None:
    def fetch(command: list[str], **_: object) -> None:
        (Path(command[command.index("-d") + 1]) / "x.tar.gz").write_bytes(changed)

    monkeypatch.setattr(build.subprocess, "run", fetch)
    with pytest.raises(ValueError, match="pinned"):
        build.sources(tmp_path)
    assert not list(tmp_path.glob("llama.cpp-*"))


def test_one_build_waits_for_another(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Copies of this repository share the objects, and two builds would write into each other's."""
    (tmp_path / f"llama.cpp-{build.VERSION}").mkdir()
    second = threading.Thread(target=build.sources, args=(tmp_path,))
    with build.alone(tmp_path):
        second.start()
        second.join(0.3)
        assert second.is_alive()
    second.join(10)
    assert not second.is_alive()
    assert "waiting" in capfd.readouterr().err
