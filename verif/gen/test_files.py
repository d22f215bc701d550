"""Writing leaves either the new files or the old ones, and nothing of the user's is touched."""

import json
import os

import pytest

from gen.files import write_files


def tree(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def manifest(*names):
    return json.dumps({"files": [{"name": name} for name in names]})


def test_writes_only_what_changed(tmp_path):
    folder = tmp_path / "a" / "b"
    first = {"x.v": "1\n", "y.v": "2\n"}
    assert write_files(folder, first) == ["x.v", "y.v"]
    os.utime(folder / "x.v", (1, 1))
    second = {"x.v": "1\n", "y.v": "3\n"}
    assert write_files(folder, second) == ["y.v"]
    assert (folder / "x.v").stat().st_mtime == 1
    assert tree(folder) == second


def test_removes_what_an_earlier_export_left_but_nothing_else(tmp_path):
    (tmp_path / "mine.v").write_text("kept")
    write_files(tmp_path, {"old.v": "1", "manifest.json": manifest("old.v")})
    new = {"new.v": "2", "manifest.json": manifest("new.v")}
    write_files(tmp_path, new)
    assert tree(tmp_path) == {**new, "mine.v": "kept"}


def test_manifest_cannot_reach_outside(tmp_path):
    (tmp_path / "mine.v").write_text("kept")
    folder = tmp_path / "export"
    write_files(folder, {"manifest.json": manifest("../mine.v")})
    write_files(folder, {"manifest.json": manifest()})
    assert (tmp_path / "mine.v").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "folder", "a\0b", "a" * 300])
def test_names_of_an_earlier_export_that_are_no_files(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "manifest.json").write_text(manifest(name))
    assert write_files(tmp_path, {"new.v": "1"}) == ["new.v"]
    assert (tmp_path / "folder").is_dir()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"files": [{}]}', "[" * 100_000])
def test_damaged_manifest_is_replaced(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    assert write_files(tmp_path, {"manifest.json": manifest()}) == ["manifest.json"]


def test_failure_leaves_the_old_files(tmp_path):
    old = {"x.v": "1", "y.v": "2", "manifest.json": manifest("x.v", "y.v")}
    write_files(tmp_path, old)
    with pytest.raises(OSError, match="No such file"):
        write_files(tmp_path, {"x.v": "3", "no/such/folder.v": "4", "manifest.json": manifest("x.v")})
    assert tree(tmp_path) == old
