"""The model server busy, hanging and gone (cases 23 and 24)."""

import fcntl
import os
import pathlib
import shutil
import signal
import struct
import termios
import threading
import time

import numpy as np
import pydicom
import pytest
import releases
import servers

from services.domain.errors import InferenceBusy, InferenceUnavailable, ModelCrashed
from services.inference.connect import side_of
from services.inference.triton import Breaker, TritonInference
from services.reading.contract import ALL_PHASES, Phase
from services.reading.images.picture import square
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


def bright():
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
    outcomes = together(8, lambda: impatient.read(bright(), ALL_PHASES))
    refused = [o for o in outcomes if isinstance(o, Exception)]
    assert refused
    assert {type(o) for o in refused} == {InferenceBusy}
    assert len(refused) < 8
    impatient.read(bright(), ALL_PHASES)  # eight refusals did not open the breaker
    impatient.close()


def test_with_patience_all_are_answered(server):
    patient = TritonInference(server.grpc, lambda: releases.SIDE, pauses=(0.4,) * 20)
    outcomes = together(5, lambda: patient.read(bright(), ALL_PHASES))
    assert [type(o) for o in outcomes] == [list] * 5
    patient.close()


def test_a_server_that_hangs_meets_a_deadline_then_the_breaker_and_comes_back(server):
    breaker = Breaker(2, 0.5)
    made = TritonInference(server.grpc, lambda: releases.SIDE, deadline=1.0, breaker=breaker)
    made.read(bright(), ALL_PHASES)
    os.killpg(server.process.pid, signal.SIGSTOP)
    try:
        for _ in range(2):
            with pytest.raises(InferenceUnavailable):
                made.read(bright(), ALL_PHASES)
        assert breaker.is_open
        with pytest.raises(InferenceUnavailable) as refusal:
            made.read(bright(), ALL_PHASES)
        assert refusal.value.retry_after is not None
    finally:
        os.killpg(server.process.pid, signal.SIGCONT)
    again(made, server)
    assert not breaker.is_open
    made.close()


def test_a_server_that_is_gone_comes_back_to_the_same_client(server):
    breaker = Breaker(2, 0.2)
    made = TritonInference(
        server.grpc, lambda: releases.SIDE, deadline=5.0, breaker=breaker, shared_memory=True
    )
    for _ in range(2):
        made.read(bright(), ALL_PHASES)
    server.process.kill()
    with pytest.raises(InferenceUnavailable):
        made.read(bright(), ALL_PHASES)
    server.process.start()
    server.process.wait_ready()
    again(made, server)
    made.close()


def test_a_text_model_that_aborts_fails_one_image_and_not_the_servers_model(tmp_path):
    """The bundled release, whose words are llama.cpp's: its process dies in the middle of an answer."""
    store = triton.ROOT / "models" / "releases"
    side = side_of(store)
    asked = (Phase.INTERPRET,)
    with servers.triton_server(tmp_path, store) as server:
        # Where the heads are in doubt no words are asked for: a real image is read.
        dataset = pydicom.dcmread(triton.ROOT / "samples" / "head-27w.dcm")
        dataset.decompress()
        image = [square(dataset.pixel_array, side).pixels]
        made = TritonInference(server.grpc, lambda: side)
        before = made.read(image, asked)[0].interpretation
        assert before
        stub, child = server.stub(), text_process(server)
        os.kill(child, signal.SIGSTOP)

        def die():
            while not waiting_bytes(child):  # the question has come, and nobody answers it
                time.sleep(0.02)
            os.kill(child, signal.SIGABRT)
            os.kill(child, signal.SIGCONT)

        threading.Thread(target=die, daemon=True).start()
        with pytest.raises(ModelCrashed) as death:
            made.read(image, asked)
        assert death.value.retryable
        assert made.read(image, asked)[0].interpretation == before
        assert server.stub() == stub
        made.close()


def text_process(server):
    """The child of the model's process in which llama.cpp runs."""
    for command in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            pid = int(command.parent.name)
            if b"llama_program" in command.read_bytes() and os.getpgid(pid) == server.process.pid:
                return pid
        except OSError:
            continue
    raise AssertionError("the text model has no process")


def waiting_bytes(pid):
    """How much lies in the pipe that is its standard input."""
    pipe = os.open(f"/proc/{pid}/fd/0", os.O_RDONLY | os.O_NONBLOCK)
    try:
        return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]
    finally:
        os.close(pipe)


def again(made, server):
    """Read until it succeeds, as workers do. A server that died is started again, as `fada up` does."""
    refusal, until = None, time.monotonic() + 120
    while time.monotonic() < until:
        try:
            made.read(bright(), ALL_PHASES)
            return
        except InferenceUnavailable as error:
            refusal = error
        if not server.process.alive():
            server.process.start()
            server.process.wait_ready()
        time.sleep(0.2)
    raise AssertionError(
        f"{refusal!r} {getattr(refusal, '__cause__', None)!r}\n{server.process.tail()}"
    )
