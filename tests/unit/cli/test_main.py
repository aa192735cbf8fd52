"""Small things that every command line has: its version, its help, its refusals in words."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from cli.commands.studies.report import Language
from cli.main import app
from services.domain.language.languages import LANGUAGES


def commands(group: object, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    assert isinstance(group, typer.core.TyperGroup)
    names = []
    for name, command in group.commands.items():
        names.append((*words, name))
        if isinstance(command, typer.core.TyperGroup):
            names += commands(command, (*words, name))
    return names


def test_version() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0
    assert done.output.startswith("fada ")


@pytest.mark.parametrize("words", commands(typer.main.get_command(app)))
def test_every_command_says_what_it_does(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "120"})
    assert done.exit_code == 0
    assert len(done.output.split("Options")[0].split()) > 5, done.output


def test_the_languages_are_those_of_the_printed_report() -> None:
    assert tuple(language.value for language in Language) == LANGUAGES


def test_a_language_needs_a_pdf() -> None:
    done = CliRunner().invoke(app, ["report", "0192", "--language", "fr"])
    assert done.exit_code == 2
    assert "--pdf" in done.output


def test_a_bad_picture_is_named_and_the_others_are_imported(tmp_path: Path) -> None:
    folder, out = tmp_path / "pictures", tmp_path / "out"
    folder.mkdir()
    Image.new("L", (8, 8), 9).save(folder / "a.png")
    (folder / "b.png").write_bytes(b"\x89PNG nothing more")
    Image.new("L", (8, 8), 9).save(folder / "c.png")
    done = CliRunner().invoke(app, ["import-images", str(folder), str(out)])
    assert done.exit_code == 5, done.output
    assert "not imported: b.png:" in done.output
    assert "2 objects" in done.output
    assert sorted(path.name for path in out.iterdir()) == ["a.dcm", "c.dcm"]


def test_a_row_that_is_wrong_is_named_by_its_number(tmp_path: Path) -> None:
    folder, out = tmp_path / "pictures", tmp_path / "out"
    folder.mkdir()
    Image.new("L", (8, 8), 9).save(folder / "a.png")
    table = tmp_path / "table.csv"
    table.write_text(
        "file,pixel_mm,number\na.png,wide,1\ngone.png,,1\na.png,0.3,first\na.png,0.3,1\n"
    )
    done = CliRunner().invoke(app, ["import-images", str(folder), str(out), "--csv", str(table)])
    assert done.exit_code == 5
    assert "Row 1: a pixel size is not a number." in done.output
    assert "Row 2: gone.png is not in the folder." in done.output
    assert "Row 3: a value is not of its form." in done.output
    assert "1 object, 1 of them calibrated" in done.output
