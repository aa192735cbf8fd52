"""Whether what a build left behind lets the next one do nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from edge.android.build import PROGRAM, settled

RULES = f"""rule copy
  command = cp $in $out
build {PROGRAM}: copy source
"""
ENVIRONMENT = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_a_build_is_settled_once_its_output_is_newer_than_its_source(tmp_path: Path) -> None:
    (tmp_path / "build.ninja").write_text(RULES)
    source = tmp_path / "source"
    source.write_text("1")
    assert not settled(tmp_path, ENVIRONMENT)
    subprocess.run(["ninja", "-C", str(tmp_path)], check=True, env=ENVIRONMENT)
    assert settled(tmp_path, ENVIRONMENT)
    later = time.time() + 3600
    os.utime(source, (later, later))
    subprocess.run(["ninja", "-C", str(tmp_path)], check=True, env=ENVIRONMENT)
    assert not settled(tmp_path, ENVIRONMENT), "each build would compile it again"
