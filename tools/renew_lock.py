"""Write requirements.lock: what pip picks today for every extra of pyproject.toml."""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# Exact versions of everything that any extra of pyproject.toml brings along. `make` hands this file
# to pip as its constraints. `make lock` writes it.
"""


def main() -> None:
    """Resolve all extras in a fresh environment and write down the outcome."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {*project["dependencies"]}.union(*project["optional-dependencies"].values())
    with tempfile.TemporaryDirectory() as venv:
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        pip = [f"{venv}/bin/python", "-m", "pip", "--disable-pip-version-check"]
        print(f"resolving {len(wanted)} requirements ...", file=sys.stderr)
        subprocess.run([*pip, "install", "-qq", *sorted(wanted)], check=True)
        # With --all, or pip leaves setuptools out under Python 3.11.
        freeze = [*pip, "freeze", "--all", "--exclude", "pip"]
        frozen = subprocess.run(freeze, check=True, capture_output=True, text=True).stdout
    # Without local versions such as torch's +cpu: which build a version is differs from machine to machine.
    pins = [line.partition("+")[0] for line in frozen.splitlines() if re.fullmatch(r"[\w.-]+==\S+", line)]
    (ROOT / "requirements.lock").write_text(HEADER + "\n".join(pins) + "\n")
    print(f"requirements.lock: {len(pins)} packages", file=sys.stderr)


main()
