"""What the phone's program is told of a release: the hub's own prompts, grammars and rules."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from edge.android import build, phases
from edge.android.grammar import gbnf
from services.domain import mapping
from services.reading.releases.registry import open_release, trust_of
from services.reading.text import prompting

ROOT = Path(__file__).parents[4]
STORE = ROOT / "models" / "releases"


def test_the_phone_runs_the_llama_cpp_of_the_hub() -> None:
    pinned = re.search(r"^xllamacpp==(.+)$", (ROOT / "constraints.txt").read_text(), re.M)
    assert pinned is not None
    assert pinned[1] == build.VERSION, "build.py pins another version (and hash) than the hub's"


def test_every_phase_has_the_hubs_prompt_and_grammar() -> None:
    manifest = open_release(STORE, trust_of(STORE)).manifest
    told = json.loads(json.dumps(phases.phases(manifest)))
    prompts = manifest.prompts
    assert told["before"] + "{image}" + told["classify"]["prompt"] == prompts.template.replace(
        "{prompt}", prompts.classify
    )
    assert set(told["interpret"]) == {"", *manifest.planes}
    head = told["interpret"]["head"]
    assert "Plane: head." in head["prompt"]
    assert head["grammar"] == gbnf(
        prompting.interpretation_schema(
            {field: dict(form) for field, form in manifest.sentences["head"].items()}
        ),
        prompts,
    )
    assert head["grammar"] != told["interpret"][""]["grammar"]


def test_a_phase_without_a_prompt_is_left_out() -> None:
    told = phases.phases(open_release(STORE, trust_of(STORE)).manifest)
    assert set(told["groups"]) == set(mapping.GROUPS)
    assert not any(told["groups"].values()), "fada-nano was not taught detect and segment in words"


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
