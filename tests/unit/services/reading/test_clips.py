"""Of a clip the best frame of each plane is measured."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import releases

from services.domain.errors import InvalidModelOutput, ReleaseRefused
from services.reading.clips import Glance, best_frames
from services.reading.confidence import Platt, Thresholds
from services.reading.subgraph import cut
from services.reading.survey import Survey, survey_side

RULES = Thresholds()


def glance(plane: int, sure: float = 4.0, scope: float = 6.0, quality: float = 3.0) -> Glance:
    logits = np.zeros(4, np.float32)
    logits[plane] = sure
    return Glance(logits, scope, quality)


def chosen(*glances: Glance, limit: int = 8) -> list[int]:
    return best_frames(range(1, len(glances) + 1), glances, RULES, limit)


def test_one_frame_of_each_plane_that_the_clip_shows() -> None:
    sweep = [glance(n // 5) for n in range(20)]
    sweep[7] = glance(1, sure=6.0)
    sweep[12] = glance(2, quality=9.0)
    answer = chosen(*sweep)
    assert len(answer) == 4
    assert [(number - 1) // 5 for number in answer] == [0, 1, 2, 3]
    assert {8, 13} < set(answer)


def test_scope_and_quality_count() -> None:
    assert chosen(glance(0), glance(0, scope=-3.0), glance(0, quality=-1.0)) == [1]
    assert chosen(glance(0, scope=-9.0), glance(1, quality=-9.0)) == []


def test_neighbours_that_agree_are_worth_more_than_a_flash() -> None:
    flash = [glance(1), glance(0, sure=4.2), glance(1), glance(1)]
    steady = [glance(0, sure=4.0)] * 5
    assert [n for n in chosen(*flash, *steady) if n == 2] == []
    assert chosen(glance(0)) == [1]


def test_the_surest_planes_where_there_is_no_room_for_all() -> None:
    assert chosen(glance(0, sure=2.0), glance(1, sure=6.0), glance(2, sure=3.0), limit=1) == [2]
    assert chosen(glance(0), limit=0) == chosen() == []


def test_the_releases_own_calibration_decides() -> None:
    seen = [glance(0, scope=0.0), glance(1, scope=2.0)]
    strict = Thresholds(scope_platt=Platt(10.0, -15.0))
    assert best_frames([3, 9], seen, strict, 8) == [9]


def test_a_glance_is_the_graph_itself_on_a_smaller_square() -> None:
    graph = releases.graph()
    small = Survey(graph, releases.SIDE)
    assert small.side == survey_side(releases.SIDE) == 32
    dim, bright = small.run([np.full((32, 32), level, np.uint8) for level in (51, 255)])
    assert dim.plane == pytest.approx(np.array([1.2, -0.4, -0.4, -0.4, -0.4]))
    assert (bright.scope, bright.quality) == (6.0, 6.0)
    with pytest.raises(InvalidModelOutput):
        small.run([np.zeros((64, 64), np.uint8)])


def test_a_part_of_a_graph_holds_what_it_needs_and_no_more() -> None:
    graph = releases.graph()
    part = cut(graph, ["QUALITY"])
    assert len(part) < len(graph) / 4  # without the masks' constants
    session = onnxruntime.InferenceSession(part)
    assert [o.name for o in session.get_outputs()] == ["QUALITY"]
    assert (
        session.run(None, {"IMAGE": np.full((3, 40, 56), 255, np.uint8)})[0].tolist() == [[6]] * 3
    )


@pytest.mark.parametrize("data", [b"", b"no graph at all", releases.graph()[:-7]])
def test_what_is_no_graph_is_refused(data: bytes) -> None:
    with pytest.raises(ReleaseRefused):
        Survey(data, releases.SIDE)
