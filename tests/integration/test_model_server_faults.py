"""The model server busy, hanging and gone (cases 23 and 24)."""

import os
import shutil
import signal
import threading

import numpy as np
import pytest
import releases
import servers

from services.domain.errors import InferenceBusy, InferenceUnavailable
from services.inference.breaker import Breaker
from services.inference.triton import TritonInference
from services.reading.contract import ALL_PHASES
from services.standalone import triton

pytestmark = pytest.mark.skipif(bool(triton.missing()), reason=triton.missing())
SLOW = """

_execute = TritonPythonModel.execute
def _slowly(self, requests):
    import time
    time.sleep(0.4)
    return _execute(self, requests)
TritonPythonModel.execute = _slowly
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The real model with a queue of one place and batches of one, slowed down."""
    home = tmp_path_factory.mktemp("slow")
    releases.build(home / "releases")
    shutil.copytree(triton.MODELS / "fada", home / "models" / "fada")
    config = home / "models" / "fada" / "config.pbtxt"
    text = config.read_text().replace("max_queue_size: 32", "max_queue_size: 1")
    text = text.replace("max_batch_size: 8", "max_batch_size: 1")
    config.write_text(text.replace("preferred_batch_size: [ 4, 8 ]", "preferred_batch_size: [ 1 ]"))
    with (home / "models" / "fada" / "1" / "model.py").open("a") as file:
        file.write(SLOW)
    with servers.triton_server(home, home / "releases", models=home / "models") as started:
        yield started


def square():
    return [np.full((releases.SIDE, releases.SIDE), 200, np.uint8)]


def together(count, work):
    """Outcomes of ``count`` calls at once."""
    outcomes = []

    def one():
        try:
            outcomes.append(work())
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_a_full_queue_is_busy_not_broken(server):
    impatient = TritonInference(server.grpc, lambda: releases.SIDE, pauses=())
    outcomes = together(8, lambda: impatient.read(square(), ALL_PHASES))
    refused = [o for o in outcomes if isinstance(o, Exception)]
    assert refused
    assert {type(o) for o in refused} == {InferenceBusy}
    assert len(refused) < 8
    impatient.read(square(), ALL_PHASES)  # eight refusals did not open the breaker
    impatient.close()


def test_with_patience_all_are_answered(server):
    patient = TritonInference(server.grpc, lambda: releases.SIDE, pauses=(0.4,) * 20)
    outcomes = together(5, lambda: patient.read(square(), ALL_PHASES))
    assert [type(o) for o in outcomes] == [list] * 5
    patient.close()


def test_a_server_that_hangs_meets_a_deadline_then_the_breaker_and_comes_back(server):
    breaker = Breaker(2, 0.5)
    made = TritonInference(server.grpc, lambda: releases.SIDE, deadline=1.0, breaker=breaker)
    made.read(square(), ALL_PHASES)
    os.killpg(server.process.pid, signal.SIGSTOP)
    try:
        for _ in range(2):
            with pytest.raises(InferenceUnavailable):
                made.read(square(), ALL_PHASES)
        assert breaker.is_open
        with pytest.raises(InferenceUnavailable) as refusal:
            made.read(square(), ALL_PHASES)
        assert refusal.value.retry_after is not None
    finally:
        os.killpg(server.process.pid, signal.SIGCONT)
    made = again(made, breaker)
    assert not breaker.is_open
    made.close()


def test_a_server_that_is_gone_comes_back_to_the_same_client(server):
    breaker = Breaker(2, 0.2)
    made = TritonInference(
        server.grpc, lambda: releases.SIDE, deadline=5.0, breaker=breaker, shared_memory=True
    )
    for _ in range(2):
        made.read(square(), ALL_PHASES)
    server.process.kill()
    with pytest.raises(InferenceUnavailable):
        made.read(square(), ALL_PHASES)
    server.process.start()
    server.process.wait_ready()
    again(made, breaker)
    made.close()


def again(made, breaker):
    """Read until the breaker lets one through and it succeeds; the test's own time limit ends it."""
    while True:
        try:
            made.read(square(), ALL_PHASES)
            return made
        except InferenceUnavailable:
            threading.Event().wait(0.2)
