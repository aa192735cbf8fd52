import pytest
import torch
from unit.models.folder import TINY, draw_folder

from models.fada.network import DenseNetwork


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
