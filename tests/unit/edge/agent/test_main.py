"""`fada-edge` says what went wrong in a sentence and an exit code, never in a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.agent import main as agent
from edge.agent.link import LinkRules, Metered
from edge.agent.terminal import link_words
from services.domain.errors import FadaError, Forbidden, InvalidInput

PIN = "246813"
ROOT = Path(__file__).parents[4]


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from edge.agent.main import main; main()", "analyse"]
    ended = subprocess.run(
        [*command, str(tmp_path / "none.png"), "--home", str(tmp_path / "home"), "--pin", PIN],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 5
    assert "cannot be opened: No such file" in " ".join(ended.stdout.split())
    assert "Traceback" not in ended.stdout + ended.stderr


def failing(*words: object) -> FadaError:
    done = CliRunner().invoke(agent.app, [str(w) for w in words])
    assert isinstance(done.exception, FadaError), done.output + repr(done.exception)
    return done.exception


def test_what_can_go_wrong_is_said(tmp_path: Path) -> None:
    home = ("--home", tmp_path / "home", "--pin", PIN)
    assert "no folder" in failing("watch", tmp_path / "none", *home).detail
    assert "no such case" in failing("show", "0192", *home).detail
    (tmp_path / "file").write_text("")
    place = ("--home", tmp_path / "file" / "below", "--pin", PIN)
    assert isinstance(failing("outbox", *place), InvalidInput)


def test_images_are_kept_before_a_release_is_looked_for(tmp_path: Path) -> None:
    home = ("--home", tmp_path / "home", "--pin", PIN)
    image = ROOT / "samples" / "head-27w.png"
    words = failing("analyse", image, *home, "--releases", tmp_path / "none").detail
    assert "release" in words
    listed = CliRunner().invoke(agent.app, ["outbox", *map(str, home)])
    assert "not yet analysed" in " ".join(listed.output.split())


def test_rules_that_the_programme_locked_stay(tmp_path: Path) -> None:
    LinkRules(wait_for_wifi=True, locked=True).save(tmp_path)
    for option in ("--go", "--daily-mb=5"):
        assert isinstance(failing("link", option, "--home", tmp_path), Forbidden)
    done = CliRunner().invoke(agent.app, ["link", "--metered", "no", "--home", str(tmp_path)])
    assert "Set by the programme" in " ".join(done.output.split())
    assert LinkRules.load(tmp_path).wait_for_wifi


def test_what_is_left_of_a_days_budget_is_said() -> None:
    rules = LinkRules(metered=Metered.YES, daily_mb=2)
    assert "2 MB a day, 1.5 MB sent today, 0.5 MB left." in link_words(rules.noted(1_500_000))
    assert "0.0 MB left" in link_words(rules.noted(2_500_000)), "reports go beyond it"
    assert "no limit a day." in link_words(LinkRules(metered=Metered.YES)), (
        "nothing is counted then"
    )


@pytest.mark.parametrize("pin", ["12345", ""])
def test_a_pin_that_is_refused_uses_up_no_code(tmp_path: Path, pin: str) -> None:
    error = failing("enrol", "http://127.0.0.1:9", "CODE", "--home", tmp_path, "--pin", pin)
    assert "six characters" in error.detail


def test_an_address_without_a_hub_is_said(tmp_path: Path) -> None:
    for address in ("http://127.0.0.1:9", "127.0.0.1:9", "http://[::1"):
        home = tmp_path / str(len(address))
        error = failing("enrol", address, "CODE", "--home", home, "--pin", PIN, "--name", "laptop")
        assert "address" in error.detail


def test_version() -> None:
    done = CliRunner().invoke(agent.app, ["--version"])
    assert done.exit_code == 0
    assert done.output.startswith("fada-edge ")
