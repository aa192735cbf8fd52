"""A release with one tower is loaded where all that its decoder needs is there, and refused otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_releases import document, resign, write

from services.domain.errors import ReleaseMalformed
from services.reading.releases.registry import trust_of
from services.reading.releases.release import Release, load
from services.reading.text.prompting import Prompts

PROMPTS = {"version": "1", "interpret": "Interpret.", "template": "{findings}\n{prompt}\n"}
_SAID = {"plane": "P.", "measurable": "None.", "looked_at": "it", "advice": "Repeat."}
TABLES: dict[str, Any] = {
    "names": {"fetal_head": "fetal head"},
    "levels": [[0, "good"]],
    "unclear": 7,
    "planes": {"head": {**_SAID, "main": "fetal_head"}, "femur": _SAID},
}


def one_tower(tmp_path: Path, *without: str, **changes: Any) -> Path:
    """A signed release that declares a decoder; ``without`` are files that it lacks."""
    folder = write(tmp_path / "store")
    for name in ("mmproj.gguf", *without):
        (folder / name).unlink()
    given = {
        "prompts": PROMPTS,
        "preprocessing": {"side": 32},
        "text_model": {"input": "findings", "words": TABLES},
    }
    resign(folder, {**document(folder, "1.0.0"), **given, **changes})
    return folder


def opened(folder: Path) -> Release:
    return load(folder, trust_of(folder.parent))


def test_a_decoder_needs_no_tower_of_its_own(tmp_path: Path) -> None:
    manifest = opened(one_tower(tmp_path)).manifest
    assert manifest.has_heads
    assert manifest.has_text
    assert manifest.reads_findings
    assert manifest.words is not None
    assert manifest.words.planes["head"].main == "fetal_head"


def test_a_release_of_before_reads_the_image_with_its_own_tower(tmp_path: Path) -> None:
    folder = write(tmp_path / "store")
    manifest = opened(folder).manifest
    assert manifest.has_text
    assert not manifest.reads_findings
    (folder / "mmproj.gguf").unlink()
    resign(folder, document(folder, "1.0.0"))
    assert not opened(folder).manifest.has_text


def _tables(**changes: Any) -> dict[str, Any]:
    return {"text_model": {"input": "findings", "words": {**TABLES, **changes}}}


BAD: dict[str, dict[str, Any]] = {
    "another input": {"text_model": {"input": "sound", "words": TABLES}},
    "no words": {"text_model": {"input": "findings"}},
    "a template of images": {"prompts": {"version": "1"}},
    "findings without saying so": {
        "text_model": {},
        "preprocessing": {"side": 32, "text_side": 32},
    },
    "a plane without words": _tables(planes={"head": {**_SAID, "main": "fetal_head"}}),
    "a structure without a name": _tables(names={}),
    "a word that nobody knows": _tables(planes={"head": {**_SAID, "sex": "x"}, "femur": _SAID}),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_go_together_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReleaseMalformed):
        opened(one_tower(tmp_path, **BAD[name]))


def test_a_decoder_without_heads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseMalformed):
        opened(one_tower(tmp_path, "vision.onnx"))


def test_findings_stand_where_the_image_would() -> None:
    prompts = Prompts("1", template="<a>{findings}\n{prompt}<b>")
    assert (prompts.before, prompts.after("What?")) == ("<a>", "\nWhat?<b>")
    with pytest.raises(ValueError, match="template"):
        Prompts("1", template="{prompt}{findings}")
