from __future__ import annotations

from pathlib import Path

import pytest

from gateway.uploads.partial_upload import UploadFiles
from services.domain.errors import NotFound, UploadLocked


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    files = UploadFiles(tmp_path)
    files.create("u")
    with files.open("u") as part:
        part.start(0)
        part.write(b"hello")
        part.sync()
        with pytest.raises(UploadLocked), files.open("u"):
            pass
    with files.open("u") as part:
        part.start(2)
        part.write(b"y")
    assert files.path("u").read_bytes() == b"hey", "bytes beyond the durable offset are gone"
    with pytest.raises(NotFound), files.open("v"):
        pass
