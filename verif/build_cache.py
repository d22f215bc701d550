"""Builds that are made once per set of inputs and shared by parallel test processes."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["build_root", "cached_build"]


def build_root() -> Path:
    """Folder of all builds: ``$MIXDIT_SIM_BUILD``, else ``sim_build`` in the current folder."""
    return Path(os.environ.get("MIXDIT_SIM_BUILD", "sim_build")).resolve()


def cached_build(label: str, key: Iterable[str], build: Callable[[Path], None]) -> Path:
    """Folder in which ``build(folder)`` has completed for this ``key``, now or in an earlier run.

    Processes that ask for one build at the same time wait for the one that makes it; a build that
    failed or was interrupted is made again from an empty folder.

    Parameters
    ----------
    label:
        Readable start of the folder's name.
    key:
        Texts that determine the result: sources, arguments, tool version.
    build:
        Fills the folder, or raises.
    """
    digest = hashlib.sha256()
    for text in key:
        digest.update(hashlib.sha256(text.encode()).digest())
    folder = build_root() / f"{label}-{digest.hexdigest()[:16]}"
    done = folder / ".complete"
    if done.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build(folder)
            done.touch()
    return folder
