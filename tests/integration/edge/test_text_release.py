"""The agent runs a release without heads too (the form of FADA's 0.8B): every phase in words."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_weights
from rich.console import Console
from typer.testing import CliRunner

from edge.agent import main as agent
from edge.agent.case_reader import CaseReader
from edge.agent.image_file import open_image
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from services.domain.report import Origin
from services.reading import report_json
from services.reading.contract import Phase
from services.reading.text import prompting
from services.reading.text.runtime import Conversation

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture(scope="module")
def reader(tiny_release: Path) -> CaseReader:
    return CaseReader(tiny_release.parent, threads=1)


def test_five_phases_from_one_encoding(reader: CaseReader, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not reader.manifest.has_heads
    asked: list[tuple[str, int]] = []
    complete = Conversation.complete

    def counted(self: Conversation, after: str, form: object, most: int) -> str:
        answer = complete(self, after, form, most)  # type: ignore[arg-type]
        asked.append((after, self.cached_tokens))
        return answer

    monkeypatch.setattr(Conversation, "complete", counted)
    picture = open_image("case", "a" * 64, "image/png", (SAMPLES / "head-27w.png").read_bytes())
    report = reader.read("case-1", [picture])
    prompts = tiny_weights.PROMPTS
    image_tokens = (tiny_weights.SIDE // 32) ** 2
    assert asked[0][1] == 0, "the image alone, and nothing known before"
    phases = asked[1:]
    assert [name for name in ("interpret", "classify", "detect", "segment") for after, _ in phases
            if prompts[name] in after][:3] == ["interpret", "classify", "detect"]  # fmt: skip
    assert all(cached > image_tokens for _, cached in phases), "encoded once for all phases"
    assert report.origin is Origin.PHONE
    assert {"encode", "interpret", "classify", "map", "detect", "segment"} <= set(report.seconds)
    assert report_json.load(report_json.dump(report)).release.name == "fada-tiny"


def test_a_phase_alone_can_be_asked(reader: CaseReader) -> None:
    picture = open_image("case", "a" * 64, "image/png", (SAMPLES / "head-27w.png").read_bytes())
    report = reader.read("case-2", [picture], phases=(Phase.INTERPRET,))
    assert "classify" not in report.seconds


def test_the_program_reads_with_it(
    tiny_release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("HOME", tmp_path), ("PIN", "246813"), ("RELEASES", tiny_release.parent)):
        monkeypatch.setenv(f"FADA_EDGE_{name}", str(value))
    monkeypatch.setattr(agent, "console", Console(width=200, no_color=True))
    done = CliRunner().invoke(agent.app, ["analyse", str(SAMPLES / "head-27w.jpg")])
    assert done.exit_code == 0, done.output
    assert "fada-tiny 1.0.0" in done.output
    outbox = CaseOutbox(tmp_path, Vault.unlock(tmp_path, "246813"))
    (case,) = outbox.all()
    (frame,) = report_json.load(case.report).frames
    if frame.interpretation:  # the judge withholds what it abstains from
        assert tuple(frame.interpretation) == prompting.FIELDS
    outbox.close()
