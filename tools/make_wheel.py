"""Make the wheel of a commit, the same bytes wherever and whenever: ``make_wheel.py FOLDER [COMMIT]``."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Build what git has of the commit, in a folder of its own: times are the commit's, modes git's."""
    folder, commit = Path(sys.argv[1]).resolve(), (sys.argv[2:] or ["HEAD"])[0]
    git = ["git", "-C", str(ROOT)]
    seconds = subprocess.run([*git, "log", "-1", "--format=%ct", commit], check=True, capture_output=True)
    archive = subprocess.run(
        [*git, "-c", "tar.umask=0022", "archive", commit], check=True, capture_output=True
    )
    os.umask(0o022)
    with tempfile.TemporaryDirectory() as sources:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(sources, filter="tar")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
        subprocess.run(
            [*pip, "--wheel-dir", str(folder), sources],
            check=True,
            env={**os.environ, "SOURCE_DATE_EPOCH": seconds.stdout.decode().strip()},
        )


main()
