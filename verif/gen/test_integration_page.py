"""Every command of the page on importing the Verilog runs as it stands, task by task."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
    """What the folders of all tasks have in common: ``.venv``, and exported designs."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / ".venv").symlink_to(Path(sys.prefix))
    return folder


@pytest.mark.sweep
@pytest.mark.parametrize("task", tasks())
def test_commands_of_the_page_run(task, desk, environment, tmp_path):
    (tmp_path / ".venv").symlink_to(desk / ".venv")
    (tmp_path / "build").mkdir()
    (tmp_path / "build/export").symlink_to(desk)
    run = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", tasks()[task]],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:]
