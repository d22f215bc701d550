"""The command ``mixdit``: it runs, and where it fails it says why in one line."""

import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Timer
from typing import Any

__all__ = ["main"]

_INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors of writing."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``mixdit`` with ``arguments``, by default those of the process, and exit.

    Exit codes: 0, 2 for arguments or parameters that cannot be used, 130 after Ctrl-C, 1 for any other
    failure that the user can mend. All failures say why in one line on stderr, but for a closed pipe.
    """
    if arguments is None:
        sys.unraisablehook = _interrupt_again
        if isinstance(sys.stdout, io.TextIOWrapper):  # names that a terminal cannot show are written in ASCII
            sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status, message = _run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        status, message = _INTERRUPTED, "interrupted"
    if arguments is None:  # all is done
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if message:
        print("mixdit:", " ".join(message.split()), file=sys.stderr)
    sys.exit(status)


def _run(arguments: Sequence[str]) -> tuple[Any, str]:
    """Exit code, and what to say."""
    status: Any
    try:
        try:
            # Here, not above: it takes most of a second, in which the user may change their mind.
            from gen.application import run_command

            status = run_command(list(arguments))
        except SystemExit as exit_:
            status = exit_.code
        sys.stdout.flush()
    except ModuleNotFoundError as error:
        from gen.extras import MissingPackageError, is_foreign

        if not is_foreign(error.name):
            raise
        return 1, str(MissingPackageError("mixdit", str(error.name)))
    except BrokenPipeError:
        _discard_output()
        return 1, ""
    except OSError as error:
        return 1, _reason(error)
    except Exception as error:
        if not hasattr(error, "exit_status"):  # not meant for the user
            raise
        return error.exit_status, str(error)
    return status or 0, "interrupted" if status == _INTERRUPTED else ""


def _reason(error: OSError) -> str:
    """What an operating system's error says, with the place where it happened."""
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if error.errno in _FULL:  # errors of files have their names
        _discard_output()
        return f"standard output: {error.strerror}"
    return str(error)


def _discard_output() -> None:
    """What could not be printed goes nowhere: at its end Python would try again, and complain."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt_again(unraisable: Any) -> None:
    """Interrupt once more where Python could not end the program, in a destructor for example."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        again = Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)
