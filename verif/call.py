"""Calling tools, whose objections are errors."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["ToolError", "call"]

_TAIL = 40
"""Last lines of what a tool printed, which its error quotes."""


class ToolError(RuntimeError):
    """A tool objects to what it was given; the message ends with its output."""


def call(
    command: Sequence[str | Path],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    silent: bool = False,
) -> str:
    """What ``command`` prints in ``folder``, on both outputs.

    Raises ``ToolError`` if it fails; with ``silent``, also if it prints anything.
    """
    words = list(map(str, command))
    result = subprocess.run(
        words,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode or (silent and result.stdout.strip()):
        tail = "\n".join(result.stdout.splitlines()[-_TAIL:])
        raise ToolError(f"{' '.join(words)} failed ({result.returncode}):\n{tail}")
    return result.stdout
