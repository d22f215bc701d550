"""Write requirements.lock: versions, hashes and extras of every package that pyproject.toml brings along.

``renew_lock.py`` takes what pip picks today; ``renew_lock.py --keep`` keeps the versions that are locked.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from urllib.request import Request, urlopen

from locked_extras import locked_extras

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
INDEX = "https://pypi.org/simple/{}/"
HEADER = """\
# Every package that an extra of pyproject.toml brings along: its exact version, the SHA-256 of each file of
# it that pip may take, and the extras that need it. tools/setup_venv.py installs these files and no others.
# `make lock` writes this.
"""


def main() -> None:
    """Resolve all extras in a fresh environment and write down the outcome."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = wanted_by_extra(project)
    with tempfile.TemporaryDirectory() as folder:
        python = f"{folder}/bin/python"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text(locked_versions() if "--keep" in sys.argv[1:] else "")
        report = Path(folder) / "report.json"
        requirements = sorted({each for some in wanted.values() for each in some})
        print(f"resolving {len(requirements)} requirements ...", file=sys.stderr)
        pip = [
            python,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "-qq",
            "--dry-run",
            "--ignore-installed",
        ]
        options = ["--constraint", str(constraints), "--report", str(report)]
        subprocess.run([*pip, *options, *requirements], check=True)
        installed = json.loads(report.read_text())["install"]
    extras = locked_extras(wanted, [each["metadata"] for each in installed])
    lines = [entry(each, extras) for each in sorted(installed, key=lambda each: name_of(each).lower())]
    LOCK.write_text(HEADER + "".join(lines))
    print(f"requirements.lock: {len(lines)} packages", file=sys.stderr)


def wanted_by_extra(project: dict) -> dict[str, list[str]]:
    """Requirements of each extra; ``base`` has what is always needed, and what builds the project."""
    base = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    return {"base": base, **project["project"]["optional-dependencies"]}


def locked_versions() -> str:
    """Names and versions of the lock file as it stands, as pip's constraints."""
    return "\n".join(re.findall(r"^[\w.-]+==[^\s\\]+", LOCK.read_text(), re.MULTILINE)) + "\n"


def entry(installed: dict, extras: dict[str, set[str]]) -> str:
    """Lines of one package."""
    name = name_of(installed)
    # Without local versions such as torch's +cpu: which build a version is differs from machine to machine.
    version = installed["metadata"]["version"].partition("+")[0]
    hashes = {
        installed["download_info"]["archive_info"]["hashes"]["sha256"],
        *published_hashes(name, version),
    }
    files = "".join(f" \\\n    --hash=sha256:{each}" for each in sorted(hashes))
    return f"# {', '.join(sorted(extras[name]))}\n{name}=={version}{files}\n"


def name_of(installed: dict) -> str:
    """How a package writes its name."""
    return installed["metadata"]["name"]


def published_hashes(name: str, version: str) -> list[str]:
    """SHA-256 of the files of a version at the index that a supported Python can take."""
    normal = re.sub(r"[-_.]+", "-", name).lower()
    request = Request(INDEX.format(normal), headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urlopen(request) as answer:
        files = json.load(answer)["files"]
    mark = re.compile(
        rf"[^-]+-{re.escape(version)}(\.tar\.gz|\.zip|-.*(cp31[1-9]|py3|py2\.py3|abi3)-.*\.whl)"
    )
    return [each["hashes"]["sha256"] for each in files if mark.fullmatch(each["filename"])]


main()
