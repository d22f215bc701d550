"""Folders of results that are made once per set of inputs and shared by parallel runs."""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from gen.files import naming

__all__ = ["stored"]

_DIGEST = 16
"""Digits of a folder's name that come from its key."""


def stored(
    root: Path,
    label: str,
    key: Iterable[str],
    make: Callable[[Path], None],
    *,
    keep: int | None = None,
) -> Path:
    """Folder in ``root`` that ``make(folder)`` has filled for this ``key``, now or in an earlier run.

    Whoever asks for a folder that is being made waits for it. A folder whose making failed or was
    interrupted is made again, from empty.

    Parameters
    ----------
    root:
        Folder of all results; created if there is none.
    label:
        Readable start of the folder's name.
    key:
        Texts that determine the result: sources, commands, tool versions.
    make:
        Fills the folder, or raises.
    keep:
        How many folders with this label to keep, those used last; all if not given.
    """
    digest = hashlib.sha256()
    for text in key:
        digest.update(hashlib.sha256(text.encode()).digest())
    folder = root.resolve() / f"{label}-{digest.hexdigest()[:_DIGEST]}"
    done = folder / ".complete"
    if done.exists():
        _note_use(done)
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            with naming(folder):
                make(folder)
            _note_use(done)
    if keep is not None:
        _forget(root, label, keep)
    return folder


def _note_use(done: Path) -> None:
    """Make ``done`` as old as now: a file system's own clock ticks too slowly to tell two uses apart."""
    done.touch()
    now = time.time_ns()
    os.utime(done, ns=(now, now))


def _forget(root: Path, label: str, keep: int) -> None:
    """Remove the folders of ``label`` but for the ``keep`` that were used last."""
    done = root.glob(f"{label}-{_DIGEST * '[0-9a-f]'}/.complete")
    for old in sorted(done, key=lambda path: path.stat().st_mtime_ns, reverse=True)[keep:]:
        shutil.rmtree(old.parent, ignore_errors=True)
