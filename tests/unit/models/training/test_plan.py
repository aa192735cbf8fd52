import pytest

from models.training.plan import Stage, learning_rate, parse_stage


def test_the_rate_warms_up_and_ends_annealed():
    assert learning_rate(0.0, 1.0) < 0.05
    assert abs(learning_rate(0.02, 1.0) - 1.0) < 1e-6
    assert abs(learning_rate(1.0, 1.0) - 0.01) < 1e-6


def test_a_stage_is_start_size_batch():
    assert parse_stage("0.5:384:12") == Stage(0.5, 384, 12)
    assert parse_stage("0.5:384:12:finish") == Stage(0.5, 384, 12, "finish")
    for other in ("0.5:384", "0.5:384:12:nothing", "0.5:384:12:all:finish"):
        with pytest.raises(ValueError, match=r"stage|unpack"):
            parse_stage(other)
