"""Functions that tests call in other processes."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any


def square(number: int, folder: str = "") -> int:
    """Its square; a file in the folder, if one is given, notes each call."""
    if folder:
        note(folder, number)
    return number * number


def note(folder: str, number: int) -> None:
    """Leave a file whose name begins with the number, with the process's."""
    path = Path(folder) / f"{number}-{time.monotonic_ns()}"
    path.with_suffix(".new").write_text(str(os.getpid()))
    path.with_suffix(".new").rename(path)


def times(folder: Path, number: int) -> int:
    """How often `note` was called with the number."""
    return len(list(folder.glob(f"{number}-*[0-9]")))


def wait_for_file(number: int, folder: str, name: str) -> int:
    """Its square, once there is such a file in the folder."""
    note(folder, number)
    while not (Path(folder) / name).exists():
        time.sleep(0.01)
    return number * number


def killed_once(number: int, folder: str) -> int:
    """Its square the second time; the first time ends its process."""
    note(folder, number)
    if times(Path(folder), number) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def killed(number: int, folder: str) -> None:
    """Ends its process."""
    note(folder, number)
    os.kill(os.getpid(), signal.SIGKILL)


def with_tool(folder: str) -> None:
    """Call a tool that takes ten minutes, and note its process."""
    with subprocess.Popen(["sleep", "600"]) as tool:
        note(folder, tool.pid)


def failing(number: int) -> None:
    """Raise an error."""
    raise KeyError(number)


def not_sent(number: int) -> Any:
    """Something that no other process can take."""
    return lambda: number
