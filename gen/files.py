"""Writing files: whole or not at all, whatever ends the program meanwhile."""

import csv
import errno
import io
import json
import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["check_writable", "csv_text", "naming", "replacing", "write_files", "write_text"]


def write_files(directory: Path, files: Mapping[str, str]) -> list[str]:
    """Make ``directory`` hold ``files`` (text by name), and return the names of those that changed.

    New text is first written beside the old, so that an error leaves every old file whole; files that
    are the same already keep their time. Files of an earlier export that are not in ``files`` are
    removed (the old ``manifest.json`` names them); what the user put there stays. Raises ``OSError``.
    """
    changed = [name for name, text in files.items() if not _holds(directory / name, text)]
    if not changed:
        return []
    directory.mkdir(parents=True, exist_ok=True)
    with _uninterrupted(), naming(directory), _staging(directory) as staging:
        for name in changed:
            with naming(directory / name):
                (staging / name).write_text(files[name], encoding="utf-8", newline="\n")
        for name in _exported(directory) - files.keys():
            (directory / name).unlink(missing_ok=True)
        for name in changed:
            os.replace(staging / name, directory / name)
    return changed


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as comma-separated values, under a line with the names of the first; empty without rows."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def write_text(path: Path, text: str) -> None:
    """Make ``path`` hold ``text``, in a folder that is made for it if there is none. Raises ``OSError``."""
    with replacing(path) as new:
        new.write_text(text, encoding="utf-8", newline="\n")


def check_writable(path: Path) -> None:
    """Make the folder of ``path`` before long work; ``OSError`` unless files can be written there.

    What is no file, ``/dev/stdout`` say, is left alone; a folder at ``path`` is an error.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.is_file() or not path.exists():
        with naming(path), _staging(path.resolve().parent):
            pass


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, whose file becomes that of ``path`` at the end; at an error ``path`` is left alone.

    Its folder is made if there is none. What is no file, ``/dev/stdout`` say, is written to itself.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming(path):
        if path.exists() and not path.is_file():
            yield path
        else:
            target = path.resolve()  # a link stays one
            with _staging(target.parent) as staging:
                yield staging / target.name
                os.replace(staging / target.name, target)


@contextmanager
def _staging(directory: Path) -> Iterator[Path]:
    """A folder for files on their way to ``directory``, gone at the end."""
    with tempfile.TemporaryDirectory(dir=directory, prefix=".export-") as staging:
        yield Path(staging)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have an ``OSError`` say that it is about ``path``: that of a full disk names no file, others ours."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and ".export-" in str(error.filename or ".export-"):
            error.filename = str(path)
        raise


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until the end."""
    if threading.current_thread() is not threading.main_thread():  # which signals never interrupt
        yield
        return
    came: list[int] = []
    usual = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        if came:
            signal.raise_signal(signal.SIGINT)


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except FileNotFoundError:
        return False


def _exported(directory: Path) -> set[str]:
    """Names of the files of the export that ``directory`` holds."""
    try:
        manifest = json.loads((directory / "manifest.json").read_bytes())
        names = {Path(file["name"]).name for file in manifest["files"]}
    except (FileNotFoundError, ValueError, LookupError, TypeError, RecursionError):
        return set()
    return {name for name in names if os.path.isfile(directory / name)}  # no name is an error for it
