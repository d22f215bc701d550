"""The lock file: complete, as installed, and what is not one of its files is not installed."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.utils import canonicalize_name

from gen.extras import PURPOSES

ROOT = Path(__file__).parent.parent
ENTRY = re.compile(
    r"# (?P<extras>[\w, ]+)\n(?P<name>[\w.-]+)==(?P<version>[\w.]+)(?P<hashes>( \\\n    \S+)+)\n"
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

sys.path.append(str(ROOT / "tools"))
from locked_extras import locked_extras  # noqa: E402


@pytest.fixture(scope="module")
def entries():
    text = (ROOT / "requirements.lock").read_text()
    found = list(ENTRY.finditer(text))
    comments, _, _ = text.partition(found[0][0])
    assert comments + "".join(each[0] for each in found) == text
    return {each["name"]: each for each in found}


def test_every_package_has_hashes(entries):
    for name, entry in entries.items():
        hashes = entry["hashes"].replace("\\", "").split()
        assert hashes, name
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), name


def test_says_what_pyproject_asks_for(entries):
    wanted = {"base": PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]}
    wanted |= PROJECT["project"]["optional-dependencies"]
    assert set(wanted) - {"base"} <= {*PURPOSES}
    for extra, requirements in wanted.items():
        for requirement in requirements:
            name, _, version = requirement.partition("==")
            (entry,) = [
                entries[each] for each in entries if canonicalize_name(each) == canonicalize_name(name)
            ]
            assert entry["version"] == version
            assert extra in entry["extras"].split(", ")


def test_extras_are_those_of_the_installed_packages(entries):
    packages = []
    for name in entries:
        try:
            found = distribution(name)
        except PackageNotFoundError:  # of an extra that is not installed here
            continue
        packages.append({"name": name, "requires_dist": found.requires or []})
    base = PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]
    wanted = {"base": base, "sim": PROJECT["project"]["optional-dependencies"]["sim"]}
    for name, extras in locked_extras(wanted, packages).items():
        assert extras == {*entries[name]["extras"].split(", ")} & {"base", "sim"}, name
        if extras:
            assert distribution(name).version.partition("+")[0] == entries[name]["version"]


def test_a_package_through_others_and_their_extras():
    packages = [
        {"name": "A_b", "requires_dist": ["c[fast]>=1", 'w; sys_platform == "none"']},
        {"name": "c", "requires_dist": ['d; extra == "fast"', 'e; extra == "slow"', "a-b"]},
        {"name": "d"},
        {"name": "e"},
    ]
    found = locked_extras({"base": ["a-b==1"], "more": ["d"]}, packages)
    assert found == {"A_b": {"base"}, "c": {"base"}, "d": {"base", "more"}, "e": set()}
    with pytest.raises(KeyError):
        locked_extras({"base": ["f"]}, packages)


@pytest.fixture
def project(tmp_path):
    """A project with one package to install, which lies in a folder."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup_venv.py", tmp_path / "tools")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "own"\nversion = "1"\n')
    wheel = tmp_path / "wheels" / "thing-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with ZipFile(wheel, "w") as archive:
        archive.writestr("thing.py", "")
        archive.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("thing-1.0.dist-info/RECORD", "")
    return tmp_path


@pytest.mark.parametrize("good", [True, False])
def test_a_file_that_is_not_locked_is_not_installed(project, good):
    (wheel,) = (project / "wheels").iterdir()
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest() if good else "0" * 64
    (project / "requirements.lock").write_text(
        f"# Comment.\n# base\nthing==1.0 \\\n    --hash=sha256:{digest}\n"
    )
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)}
    command = [sys.executable, "tools/setup_venv.py", "base"]
    run = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    installed = [*project.glob(".venv/lib/python*/site-packages/thing.py")]
    assert len(installed) == good, run.stderr
    if not good:
        assert run.returncode == 1
        assert "DO NOT MATCH THE HASHES" in run.stderr
        assert "make: pip could not install" in run.stderr
