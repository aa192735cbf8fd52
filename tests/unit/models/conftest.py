import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from folder import draw_folder

from models.fada.network import DenseNetwork, NetworkConfig

TINY = NetworkConfig(widths=(8, 8, 8, 16, 16), depths=(1, 1, 1, 1), pyramid=16, hidden=16)


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    return draw_folder(tmp_path_factory.mktemp("folder") / "data")


@pytest.fixture
def network():
    torch.manual_seed(0)
    return DenseNetwork(TINY).eval()
