"""A map is strong where the finding comes from, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import releases

from services.domain.errors import NotFound
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import trust_of
from services.reading.releases.release import load


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> ReleaseReader:
    """A release whose every output is its constant times the image's brightest value."""
    store: Path = tmp_path_factory.mktemp("releases")
    return ReleaseReader(load(releases.build(store), trust_of(store)))


def spot(row: int, column: int) -> np.ndarray:
    image = np.full((releases.SIDE, releases.SIDE), 20, np.uint8)
    image[row : row + 6, column : column + 6] = 250
    return image


def test_the_plane_comes_from_what_makes_it(reader: ReleaseReader) -> None:
    heat = reader.heat("plane", spot(44, 9))
    assert heat.shape == (8, 8)
    assert heat.max() == 1
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    assert (int(row), int(column)) in {(r, c) for r in (5, 6) for c in (0, 1, 2)}
    assert heat[:4].max() == heat[:, 5:].max() == 0


def test_a_structure_without_a_mask_is_found_by_covering_it(reader: ReleaseReader) -> None:
    heat = reader.heat("NT", 255 - spot(10, 40))  # its presence falls with brightness
    assert (heat.max(), heat.min()) == (0, 0)
    head = reader.heat("fetal_head", spot(10, 40))
    assert head.shape == (32, 32)
    assert head[16, 16] == 1
    assert head[0, 0] < 0.1


def test_what_is_not_known_is_not_found(reader: ReleaseReader) -> None:
    with pytest.raises(NotFound):
        reader.heat("heart", spot(10, 10))


def test_an_even_image_has_no_place(reader: ReleaseReader) -> None:
    assert reader.heat("plane", np.full((64, 64), 80, np.uint8)).max() == 0
