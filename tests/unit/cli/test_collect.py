from cli.collect import collect


def names(*places):
    return [p.name for p in collect([str(p) for p in places]).files]


def test_folders_files_and_patterns_each_once(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "a.dcm").touch()
    (tmp_path / "b" / "c.PNG").touch()
    (tmp_path / "b" / "notes.txt").touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "d.dcm").touch()
    assert names(tmp_path) == ["a.dcm", "c.PNG"]
    assert names(tmp_path / "*.dcm", tmp_path / "a.dcm", tmp_path) == ["a.dcm", "c.PNG"]
    assert names(tmp_path / "b" / "notes.txt") == ["notes.txt"]  # named by hand: the hub decides


def test_dicom_without_a_suffix_is_found(tmp_path):
    (tmp_path / "IM000001").write_bytes(b"\0" * 128 + b"DICM" + b"more")
    (tmp_path / "README").write_bytes(b"words")
    assert names(tmp_path) == ["IM000001"]


def test_what_is_not_there_is_nothing(tmp_path):
    assert names(tmp_path / "none.dcm") == []


def test_what_is_left_out_is_named_with_its_reason(tmp_path):
    (tmp_path / "a.dcm").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden.dcm").touch()
    skipped = collect([str(tmp_path), str(tmp_path / "*.zip")]).skipped
    reasons = {entry.name.rpartition("/")[2]: entry.reason for entry in skipped}
    assert reasons == {
        "notes.txt": "no DICOM, PNG, JPEG or ZIP",
        ".hidden.dcm": "hidden",
        "*.zip": "nothing is there",
    }
