import threading

from services.domain.errors import InferenceBusy, InferenceUnavailable
from services.inference.fake import FakeInference
from services.standalone.doctor import Doctor, reads


def looked(count):
    """A check that fails, and an event that is set after ``count`` looks."""
    seen, enough = [], threading.Event()

    def check():
        seen.append(1)
        if len(seen) >= count:
            enough.set()
        raise OSError

    return check, enough


def test_one_that_fails_again_and_again_is_named_once():
    check, enough = looked(4)
    doctor = Doctor({"triton": check, "gateway": lambda: True}, every=0.01, most=3)
    assert enough.wait(20)
    ill = doctor.ill()
    doctor.close()
    assert ill == ["triton"]
    assert doctor.ill() == []


def test_a_full_queue_is_not_an_illness_and_a_dead_model_is():
    inference = FakeInference()
    inference.error = InferenceBusy()
    assert reads(inference)()
    inference.error = InferenceUnavailable()
    doctor = Doctor({"triton": reads(inference)}, every=0.01, most=1)
    while not (ill := doctor.ill()):  # the test's own time limit ends it
        threading.Event().wait(0.01)
    doctor.close()
    assert ill == ["triton"]
