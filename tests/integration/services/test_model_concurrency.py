"""The model server reads two requests at once, and each gets its own answer."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import releases
import servers

from services.inference.triton import TritonInference
from services.reading.contract import ALL_PHASES, Phase
from services.standalone import triton

pytestmark = pytest.mark.skipif(bool(triton.missing()), reason=triton.missing())
# No reading goes on before a second one has begun.
MEET = """

import threading
_meeting = threading.Barrier(2, timeout=60)
_read = TritonPythonModel._read
def _together(self, images, phases):
    _meeting.wait()
    return _read(self, images, phases)
TritonPythonModel._read = _together
"""
DENSE = tuple(phase for phase in ALL_PHASES if phase is not Phase.INTERPRET)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("together")
    releases.build(home / "releases")
    shutil.copytree(triton.MODELS / "fada", home / "models" / "fada")
    with (home / "models" / "fada" / "1" / "model.py").open("a") as file:
        file.write(MEET)
    with servers.triton_server(home, home / "releases", models=home / "models") as started:
        yield started


@pytest.mark.parametrize("shared_memory", [False, True])
def test_two_requests_are_read_at_once_and_each_gets_its_own_answer(server, shared_memory):
    inference = TritonInference(
        server.grpc, lambda: releases.SIDE, shared_memory=shared_memory, pauses=()
    )
    images = [np.full((releases.SIDE,) * 2, 20 * n, np.uint8) for n in range(1, 13)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda image: inference.read([image], DENSE)[0], images))
    inference.close()
    for n, answer in enumerate(answers, 1):
        assert answer.plane[0] == pytest.approx(6 * 20 * n / 255, abs=1e-4)
        assert answer.boxes[0][0] == pytest.approx(0.5 * 20 * n / 255, abs=1e-4)
