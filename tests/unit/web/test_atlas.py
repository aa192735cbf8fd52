"""The atlas is whole in every language, says where its pictures come from, and is small."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from services.domain.language.languages import catalogue

ATLAS = Path(__file__).parents[3] / "web" / "shared" / "atlas"
PLANES = json.loads((ATLAS / "planes.json").read_text())


def words(language: str) -> dict[str, Any]:
    """``planes`` and ``structures``, as the language's file has them under ``atlas.``."""
    texts: dict[str, Any] = {"planes": {}, "structures": {}}
    for key, text in catalogue(language).items():
        part, _, rest = key.removeprefix("atlas.").partition(".")
        if key.startswith("atlas.structure."):
            texts["structures"][rest] = text
        elif key.startswith("atlas.") and rest:
            texts["planes"].setdefault(part, {})[rest] = text
    return texts


@pytest.mark.parametrize("language", ["en", "fr", "sw", "hi", "pt"])
def test_every_plane_and_structure_is_told(language: str) -> None:
    texts = words(language)
    assert list(texts["planes"]) == [one["plane"] for one in PLANES]
    for text in texts["planes"].values():
        assert set(text) == {"name", "get", "measure"}
        assert all(text.values())
    assert {label for one in PLANES for label in one["structures"]} <= set(texts["structures"])
    english = words("en")
    same = [p for p in texts["planes"] if texts["planes"][p]["get"] == english["planes"][p]["get"]]
    assert language == "en" or same == []


@pytest.mark.parametrize("plane", PLANES, ids=lambda one: one["plane"])
def test_a_picture_has_its_size_its_marks_and_its_source(plane: dict[str, Any]) -> None:
    with Image.open(ATLAS / "pictures" / f"{plane['plane']}.webp") as picture:
        assert picture.size == (plane["width"], plane["height"])
    assert "CC BY 4.0" in plane["by"]
    assert plane["plane"] in (ATLAS / "ATTRIBUTION.txt").read_text()
    for mark in plane["marks"]:
        assert len(mark["points"]) >= 4
        assert all(
            0 <= x <= plane["width"] and 0 <= y <= plane["height"] for x, y in mark["points"]
        )


def test_it_is_small_enough_for_a_phone() -> None:
    assert sum(file.stat().st_size for file in ATLAS.rglob("*") if file.is_file()) < 120_000
