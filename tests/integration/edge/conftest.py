from __future__ import annotations

from pathlib import Path

import pytest
import tiny_weights


@pytest.fixture(scope="session")
def tiny_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release in the layout of FADA's own phone weights: no heads, every phase as text."""
    return tiny_weights.release(tmp_path_factory.mktemp("tiny"))
