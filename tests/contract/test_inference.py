"""One suite on the fake, the in-process runner and the real model server."""

import os
import signal

import numpy as np
import pytest
import releases
import servers

from services.domain.errors import InferenceUnavailable, InvalidModelOutput, NotFound
from services.inference.fake import FakeInference
from services.inference.inprocess import InProcessInference
from services.inference.port import Inference
from services.inference.triton import TritonInference
from services.reading.contract import ALL_PHASES
from services.reading.releases.registry import activate, go_back, trust_of
from services.reading.survey import survey_side
from services.standalone import triton

needs_triton = pytest.mark.skipif(bool(triton.missing()), reason=triton.missing())


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("releases")
    releases.build(folder, "1.0.0")
    activate(folder, "fada-test-1.0.0", trust_of(folder))
    releases.build(folder, "1.1.0")
    return folder


@pytest.fixture(scope="module")
def server(store, tmp_path_factory):
    with servers.triton_server(tmp_path_factory.mktemp("triton"), store) as started:
        yield started


@pytest.fixture(
    params=[
        "fake",
        "inprocess",
        pytest.param("triton", marks=needs_triton),
        pytest.param("shared", marks=needs_triton),
    ]
)
def inference(request, store):
    made: Inference
    if request.param == "fake":
        made = FakeInference(planes=5, masks=1, boxes=2)
    elif request.param == "inprocess":
        made = InProcessInference(store)
    else:
        server = request.getfixturevalue("server")
        made = TritonInference(
            server.grpc, lambda: releases.SIDE, shared_memory=request.param == "shared"
        )
    yield made
    made.close()


def squares(*levels, side=releases.SIDE):
    return [np.full((side, side), level, np.uint8) for level in levels]


def test_answers_come_in_order_and_in_the_contracts_shapes(inference):
    for _ in range(2):  # shared memory is used for the masks from the second call on
        answers = inference.read(squares(255, 51, 255), ALL_PHASES, request_id="r")
    assert len(answers) == 3
    for answer in answers:
        assert answer.plane.shape == (5,)
        assert answer.masks.shape == (1, 32, 32)
        assert answer.boxes.shape == (2, 5)
        assert answer.keypoints.shape == (4, 3)
        assert answer.masks.dtype == answer.boxes.dtype == np.float32
        assert np.isfinite(answer.masks).all()
        assert answer.masks[0, 16, 16] > answer.masks[0, 0, 0]
        assert len(answer.release.split()) == 3
        assert answer.seconds["vision"] >= 0
    assert answers[0].plane[0] > answers[1].plane[0]
    assert np.array_equal(answers[0].masks, answers[2].masks)


def test_more_than_one_batch(inference):
    answers = inference.read(squares(*range(5, 255, 10)), ALL_PHASES)
    levels = [float(a.plane[0]) for a in answers]
    assert len(levels) == 25
    assert levels == sorted(levels)


def test_nothing_asked_nothing_answered(inference):
    assert inference.read([], ALL_PHASES) == []


def test_glances_come_in_order_beside_whole_readings(inference):
    side = survey_side(releases.SIDE)
    inference.read(squares(255), ALL_PHASES)
    glances = inference.survey(squares(*range(5, 255, 10), side=side))
    levels = [float(g.plane[0]) for g in glances]
    assert len(levels) == 25
    assert levels == sorted(levels)
    assert inference.survey([]) == []
    assert inference.read(squares(255), ALL_PHASES)[0].masks.shape == (1, 32, 32)


@pytest.mark.parametrize("kind", ["inprocess", pytest.param("triton", marks=needs_triton)])
def test_a_glance_at_another_size_is_an_answer_that_is_not_usable(kind, store, request):
    made: Inference = InProcessInference(store)
    if kind == "triton":
        made = TritonInference(request.getfixturevalue("server").grpc, lambda: releases.SIDE)
    with pytest.raises(InvalidModelOutput):
        made.survey(squares(9, side=48))
    made.close()


def test_a_map_says_where_a_finding_comes_from(inference):
    image = np.zeros((releases.SIDE, releases.SIDE), np.uint8)
    image[40:48, 8:16] = 255
    heat = inference.heat("plane", image)
    assert heat.shape == (8, 8)
    assert heat.argmax() // 8 >= 4
    assert (heat.min(), heat.max()) == (0, 1)


@pytest.mark.parametrize("kind", ["inprocess", pytest.param("triton", marks=needs_triton)])
def test_a_map_of_what_no_release_knows_is_not_found(kind, store, request):
    made: Inference = InProcessInference(store)
    if kind == "triton":
        made = TritonInference(request.getfixturevalue("server").grpc, lambda: releases.SIDE)
    with pytest.raises(NotFound):
        made.heat("heart", squares(9)[0])
    made.close()


def test_the_canary_is_a_real_inference(inference):
    inference.canary()


def test_another_release_answers_without_a_lost_call_and_the_first_again(store, request):
    made: list[Inference] = [InProcessInference(store)]
    if not triton.missing():
        server = request.getfixturevalue("server")
        made.append(TritonInference(server.grpc, lambda: releases.SIDE))
    trust = trust_of(store)

    def who():
        return {i.read(squares(9), ALL_PHASES)[0].release.split()[1] for i in made}

    assert who() == {"1.0.0"}
    activate(store, "fada-test-1.1.0", trust)
    assert who() == {"1.1.0"}
    go_back(store, trust)
    assert who() == {"1.0.0"}
    for one in made:
        one.close()


def test_the_level_of_a_head_comes_from_releases_that_read_it_alone(store, request):
    made: list[Inference] = [InProcessInference(store)]
    if not triton.missing():
        server = request.getfixturevalue("server")
        made.append(TritonInference(server.grpc, lambda: releases.SIDE))
    trust = trust_of(store)
    releases.build(store, "1.2.0", subplanes=True)
    for one in made:
        assert one.read(squares(255), ALL_PHASES)[0].subplane is None
    activate(store, "fada-test-1.2.0", trust)
    for one in made:
        dim, bright = one.read(squares(51, 255), ALL_PHASES)
        assert dim.subplane is not None
        assert dim.subplane.tolist() == pytest.approx([0.2, 0.4, 1.2])
        assert bright.subplane is not None
        assert bright.subplane.tolist() == [1, 2, 6]
    go_back(store, trust)
    for one in made:
        assert one.read(squares(255), ALL_PHASES)[0].subplane is None
        one.close()


@pytest.mark.parametrize("kind", ["inprocess", pytest.param("triton", marks=needs_triton)])
def test_an_image_for_another_release_is_sent_back_to_be_prepared_again(kind, store, request):
    made: Inference = InProcessInference(store)
    if kind == "triton":
        made = TritonInference(request.getfixturevalue("server").grpc, lambda: releases.SIDE)
    with pytest.raises(InferenceUnavailable, match="squares of 64"):
        made.read(squares(9, side=48), ALL_PHASES)
    made.close()


@needs_triton
def test_a_dead_model_process_is_healed(server):
    made = TritonInference(server.grpc, lambda: releases.SIDE)
    made.canary()
    os.kill(server.stub(), signal.SIGKILL)
    assert len(made.read(squares(255), ALL_PHASES)) == 1
    made.close()


@pytest.mark.parametrize("kind", ["inprocess", pytest.param("triton", marks=needs_triton)])
def test_numbers_that_are_none_fail_visibly(kind, tmp_path):
    releases.build(tmp_path / "releases", broken="BOXES")
    if kind == "inprocess":
        with pytest.raises(InvalidModelOutput):
            InProcessInference(tmp_path / "releases").read(squares(9), ALL_PHASES)
        return
    with servers.triton_server(tmp_path / "triton", tmp_path / "releases") as own:
        made = TritonInference(own.grpc, lambda: releases.SIDE)
        with pytest.raises(InvalidModelOutput):
            made.read(squares(9), ALL_PHASES)
        made.close()
