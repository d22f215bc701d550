"""Every file, module and signal that the documentation and the packages' docstrings name exists."""

import ast
import re
from pathlib import Path

import pytest

from gen.designs import DESIGNS, PARAMETERS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("golden", "hw", "gen", "mixdit", "perf", "verif")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = sorted(path.parent for package in PACKAGES for path in (ROOT / package).rglob("__init__.py"))
FILES = {path.name for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()}
SOURCES = (".py", ".c", ".cpp", ".h", ".v")


def has_word(path: Path, word: str) -> bool:
    return re.search(rf"\b{word}\b", path.read_text()) is not None


def is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


def is_defined(name: str) -> bool:
    """Whether ``name`` is a module, a package, something that one of them has, or a group of entry points."""
    path = ROOT / name.replace(".", "/")
    owner = (
        path.parent.with_suffix(".py")
        if path.parent.with_suffix(".py").is_file()
        else path.parent / "__init__.py"
    )
    return (
        is_module(name)
        or path.is_dir()
        or (owner.is_file() and has_word(owner, path.name))
        or f'[project.entry-points."{name}"]' in (ROOT / "pyproject.toml").read_text()
        or any(f'group="{name}"' in source.read_text() for source in (ROOT / "gen").rglob("*.py"))
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_what_exists(page):
    text = page.read_text()
    for name in re.findall(r"`([\w./-]+)`", text):
        first = name.split("/")[0].split(".")[0]
        if "/" in name and first in PACKAGES:
            assert (ROOT / name).exists(), name
        elif first in PACKAGES and "." in name and not name.endswith(SOURCES):
            assert is_defined(name), name
        elif name.endswith(SOURCES[:-1]) and "/" not in name and not name.startswith(tuple(DESIGNS)):
            assert name in FILES, name
    for name in re.findall(r"python -m ([\w.]+)", text):
        assert is_module(name), name


def test_the_glossary_names_what_its_files_define():
    rows = re.findall(
        r"^\| ([^|]+) \| [^|]+ \| (`[^|]+`) \|$", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE
    )
    assert len(rows) > 80
    for terms, files in rows:
        paths = [ROOT / name for name in re.findall(r"`([^`]+)`", files)]
        for term in re.findall(r"`([^`]+)`", terms):
            assert any(has_word(path, term) for path in paths), f"{term} is not in {files}"


@pytest.mark.parametrize("picture", sorted((ROOT / "docs").glob("*.svg")), ids=lambda path: path.name)
def test_pictures_name_files(picture):
    """Bold names, and all words like_this, are files, folders, designs, their ports or parameters."""
    ports = {*DESIGNS, *(interface for design in DESIGNS.values() for interface in design.interfaces)}
    known = {Path(name).stem for name in FILES} | {path.name for path in FOLDERS} | ports | {*PARAMETERS}
    texts = re.findall(r"<text[^>]*>([^<]+)<", picture.read_text())
    bold = re.findall(r'class="(?:file|folder)[^"]*">([^<]+)<', picture.read_text())
    names = {name.rstrip("/").split("/")[-1] for name in re.split(r", ", ", ".join(bold))}
    names |= {name for text in texts for name in re.findall(r"[a-z]+_[a-z_]+", text)}
    assert len(names) > 10
    wrong = names - known - {"irq", "memory", "pe_r_c", "pe_"}
    assert not wrong, wrong


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_of_packages_name_their_files(folder):
    """All of them, but for tests; and nothing else."""
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    assert docstring, "a package says in a docstring what it holds"
    named = set(re.findall(r"``([\w.]+)``", docstring))
    held = {path.name if path.suffix in SOURCES[1:] else path.stem for path in folder.iterdir()}
    wrong = named - held - set(PACKAGES)
    assert not wrong, f"named, but not there: {wrong}"
    if folder.relative_to(ROOT).parts[0] != "verif":
        hidden = {name for name in held if name in ("__init__", "__pycache__") or name.startswith(".")}
        missing = held - hidden - named
        assert not missing, f"there, but not named: {missing}"
