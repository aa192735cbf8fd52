"""The steps of the Dockerfiles are read as a builder reads them."""

from __future__ import annotations

import pytest

from bench.rooms.images import FILES, ROOT, StepFailed, stages


@pytest.mark.parametrize("name", FILES)
def test_every_dockerfile_is_understood(name: str) -> None:
    parts = stages((ROOT / "docker" / f"{name}.Dockerfile").read_text())
    last = dict(parts[-1].steps)
    assert {"ENTRYPOINT", "CMD", "HEALTHCHECK", "USER"} <= last.keys()
    assert all(stage.base for stage in parts)


def test_lines_that_go_on_and_comments() -> None:
    (stage,) = stages(
        "# a comment\nFROM debian:12 AS build\nRUN one \\\n    # inside\n    && two\n"
    )
    assert (stage.name, stage.base) == ("build", "debian:12")
    ((instruction, value),) = stage.steps
    assert (instruction, value.split()) == ("RUN", ["one", "&&", "two"])


def test_a_step_before_from_is_refused() -> None:
    with pytest.raises(StepFailed):
        stages("RUN true\n")
