"""Folders of results that are made once per set of inputs and shared by parallel runs."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["stored"]


def stored(root: Path, label: str, key: Iterable[str], make: Callable[[Path], None]) -> Path:
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
    """
    digest = hashlib.sha256()
    for text in key:
        digest.update(hashlib.sha256(text.encode()).digest())
    folder = root.resolve() / f"{label}-{digest.hexdigest()[:16]}"
    done = folder / ".complete"
    if done.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
