"""Settings that are more than a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.domain.errors import InvalidInput
from services.settings import Settings


@pytest.mark.parametrize("url", ["originals", "s3://bucket", "file://host/x", "file:relative"])
def test_the_setting_names_a_folder_or_is_refused(url):
    with pytest.raises(InvalidInput, match="FADA_ORIGINALS"):
        _ = Settings(originals=url).originals_folder


def test_a_folder_with_a_space_in_its_name():
    folder = Path("/data/of this hub")
    assert Settings(originals=folder.as_uri()).originals_folder == folder


def test_without_a_folder_originals_lie_in_the_object_store():
    assert Settings(originals="").originals_folder is None
