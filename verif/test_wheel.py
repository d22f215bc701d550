"""The wheel: what it carries, and that it works beside folders of the same names."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from verif.needs import needs

ROOT = Path(__file__).parent.parent
PACKAGES = ("golden", "hw", "gen", "mixdit", "perf")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COMMANDS = PROJECT["entry-points"]["mixdit.commands"]

PAGE = ROOT / "docs/first-export.md"

BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A copy of what the wheel is made from; a build in the repository would pick up earlier builds."""
    folder = tmp_path_factory.mktemp("sources")
    for package in (*PACKAGES, "verif"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-P", "-c", BUILD, folder], cwd=sources, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_carries_all_of_five_packages_and_nothing_else(wheel, sources):
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {path for package in PACKAGES for path in (sources / package).rglob("*") if path.is_file()}
    assert names == {str(path.relative_to(sources)) for path in expected}
    assert {Path(name).suffix for name in names} >= {".py", ".c", ".cpp", ".h", ".safetensors"}


@pytest.mark.slow
def test_a_commit_has_one_wheel(tmp_path):
    """The same bytes, whatever the time, the folder and the user's mode of new files."""
    folders = [tmp_path / "here", tmp_path / "and" / "there"]
    for folder, umask in zip(folders, (0o022, 0o077), strict=True):
        command = [sys.executable, ROOT / "tools" / "make_wheel.py", folder]
        subprocess.run(command, check=True, capture_output=True, umask=umask, cwd=tmp_path)
    (one,), (other,) = (list(folder.glob("*.whl")) for folder in folders)
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Folder of the programs of an environment with the wheel, and without this repository on its path."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    programs = folder / "bin"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", programs / "python"]
    # With PYTHONPATH pip would find the packages installed: the repository holds their metadata.
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], check=True, env=clean)
    # What the wheel needs. Files *.pth there, such as that of an editable installation, are not read.
    (site,) = folder.glob("lib/*/site-packages")
    (site / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


def run(*command, folder):
    """What a command prints; it sees neither PYTHONPATH nor other variables of Python."""
    result = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def crowded(tmp_path):
    """A folder with packages of the same names as ours, and one of those that ours need, which all raise."""
    for name in (*PACKAGES, "numpy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise RuntimeError('the wrong {name}')\n")
    return tmp_path


@pytest.mark.slow
def test_command_works_beside_folders_of_the_same_names(installed, crowded):
    run(installed / "mixdit", "verilog", "--top", "mx_converter", "-o", "out", folder=crowded)
    assert (crowded / "out/mx_converter/mx_converter.v").is_file()
    for name in COMMANDS:
        assert "Usage: mixdit" in run(installed / "mixdit", name, "--help", folder=crowded)
    assert PROJECT["name"] in run(installed / "python", "-P", "-m", "gen", "--version", folder=crowded)
    shutil.rmtree(crowded / "gen")
    assert PROJECT["name"] in run(installed / "python", "-m", "gen", "--version", folder=crowded)


@pytest.mark.slow
def test_packages_are_imported_from_where_the_wheel_was_installed(installed, crowded):
    modules = (*PACKAGES, "mixdit.driver", "mixdit.sim")
    code = f"import {', '.join(modules)}; print(*(m.__file__ for m in ({', '.join(modules)})), sep='\\n')"
    places = run(installed / "python", "-P", "-c", code, folder=crowded).split()
    assert len(places) == len(modules)
    assert all(Path(place).is_relative_to(installed.parent) for place in places)


@pytest.mark.slow
@needs("iverilog")
def test_five_commands_of_the_first_page(installed, tmp_path):
    """As they stand, in an environment that has the wheel already: without the two that make it."""
    (tmp_path / "fresh").symlink_to(installed.parent)
    (block,) = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    commands = block.splitlines()
    assert [command.split()[0] for command in commands[:2]] == ["python3", "fresh/bin/pip"]
    assert len(commands) == 5
    for command in commands[2:]:
        printed = run("sh", "-c", command, folder=tmp_path)
    assert printed.splitlines()[-1].startswith("PASS my_array: ") or "\nPASS my_array: " in printed
