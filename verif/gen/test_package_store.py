"""Packages kept from earlier exports: taken when nothing changed, made anew when anything did."""

import itertools
import time
from types import SimpleNamespace

import pytest

from gen import package_store, store
from gen.designs import DESIGNS
from gen.package import make_package
from gen.package_store import stored_package
from gen.store import stored

CONVERTER = DESIGNS["mx_converter"]


@pytest.fixture
def made(monkeypatch):
    """Designs that were made, not taken from the store, in order."""
    names = []

    def make(design, top, name, initialized):
        names.append(design.name)
        return make_package(design, top, name, initialized)

    monkeypatch.setattr(package_store, "make_package", make)
    return names


@pytest.fixture
def export(tmp_path):
    """``export(parameters...)``: the converter's package, with a store of its own."""
    return lambda initialized=True, **parameters: stored_package(
        CONVERTER, CONVERTER.top(parameters), tmp_path / "store", "mx_converter", initialized
    )


def test_second_package_is_the_first_and_is_not_made(export, made):
    first, second = export(), export()
    assert first == second == make_package(CONVERTER, CONVERTER.top({}), "mx_converter")
    assert made == ["mx_converter"]


def test_other_parameters_are_another_package(export, made):
    assert export() != export(target="ecp5")
    assert len(made) == 2


def test_without_initial_values_it_is_another_package(export, made):
    assert export().manifest["initial_values"]
    assert not export(initialized=False).manifest["initial_values"]
    assert len(made) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("golden", "module.py"),
        ("hw", "module.py"),
        ("gen", "module.py"),
        ("gen", "c.c"),
        ("gen", "c.h"),
        ("gen", "v.v"),
    ],
)
def test_changed_source_makes_it_anew(package, name, export, made, monkeypatch, tmp_path):
    (tmp_path / package / "deep").mkdir(parents=True)
    source = tmp_path / package / "deep" / name
    source.write_text("x = 1\n")
    fake = SimpleNamespace(__file__=str(tmp_path / package / "__init__.py"))
    monkeypatch.setattr(package_store, package, fake)
    export()
    source.write_text("x = 2\n")
    export()
    source.rename(source.with_name(f"renamed{source.suffix}"))
    export()
    export()
    assert len(made) == 3


def test_other_version_makes_it_anew(export, made, monkeypatch):
    export()
    monkeypatch.setattr(package_store, "version", lambda name: "1")
    export()
    assert len(made) == 2


def test_store_that_cannot_be_written_is_left_out(tmp_path, made):
    (tmp_path / "file").write_text("")
    package = stored_package(CONVERTER, CONVERTER.top({}), tmp_path / "file", "mx_converter")
    assert package == make_package(CONVERTER, CONVERTER.top({}), "mx_converter")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"manifest.json": 1}', '{"manifest.json": "null"}', '{"manifest.json": "{"}']
)
def test_damaged_store_is_left_out(text, export, made, tmp_path):
    first = export()
    (kept,) = tmp_path.glob("store/*/files.json")
    kept.write_text(text)
    assert export() == first
    assert len(made) == 2


def test_uses_within_a_tick_of_the_file_system_have_an_order(tmp_path, monkeypatch):
    now = itertools.count(time.time_ns())
    monkeypatch.setattr(store.time, "time_ns", lambda: next(now))
    test_folders_used_last_are_kept(tmp_path)


def test_folders_used_last_are_kept(tmp_path):
    for key in "abcabd":
        stored(tmp_path, "x", [key], lambda folder: (folder / "made").touch(), keep=3)
        stored(tmp_path, "x-y", [key], lambda folder: None)
    made = []
    for key in "abd":
        stored(tmp_path, "x", [key], made.append, keep=3)
        stored(tmp_path, "x-y", [key], made.append)
    assert made == []
    stored(tmp_path, "x", ["c"], lambda folder: made.append("c"), keep=3)
    assert made == ["c"]
