from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import tiny_decoder
import tiny_weights
import two_towers

from edge.android.build import build, sources
from services.reading.releases.registry import trust_of
from services.reading.releases.release import Release, load


@pytest.fixture(scope="session")
def android_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built where it is not there yet; objects stay in the cache."""
    try:
        sources()
    except subprocess.CalledProcessError:
        if os.environ.get("CI"):
            raise
        pytest.skip("llama.cpp's sources cannot be fetched without a network")
    return build(tmp_path_factory.mktemp("android"))


@pytest.fixture(scope="session")
def tiny_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release in the layout of FADA's own phone weights: no heads, every phase as text."""
    return tiny_weights.release(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def towers(tiny_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Heads, and a text model that encodes the image again."""
    store = tmp_path_factory.mktemp("towers")
    return load(two_towers.release(store, tiny_release), trust_of(store))


@pytest.fixture(scope="session")
def one_tower(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Heads, and a decoder that reads their findings."""
    store = tmp_path_factory.mktemp("decoder")
    return load(tiny_decoder.release(store), trust_of(store))
