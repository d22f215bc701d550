"""The command ``mixdit``."""

import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from amaranth.hdl import UnusedElaboratable
from typer.exceptions import TyperException

import gen
from gen.designs import ParameterError
from gen.registers_command import registers
from gen.synth.command import synth
from gen.synth.tools import SynthesisError
from gen.verilog_command import verilog
from gen.widths import TruncationError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``mixdit`` with ``arguments``, by default those of the process, and exit.

    Exit codes: 0, 2 for arguments or parameters that cannot be used, 1 for any other failure that the
    user can mend. Both failures say why in one line on stderr.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # Designs are also built to check their parameters, or to find them in the store.
    warnings.simplefilter("ignore", UnusedElaboratable)
    try:
        status = _application(arguments)(args=arguments, prog_name="mixdit", standalone_mode=False)
    except (TyperException, ParameterError) as error:
        message = error.format_message() if isinstance(error, TyperException) else str(error)
        _fail(message, 2)
    except (MissingExtraError, SynthesisError, TruncationError, OSError) as error:
        _fail(str(error), 1)
    except typer.Abort:
        _fail("interrupted", 130)
    sys.exit(status if isinstance(status, int) else 0)


class MissingExtraError(RuntimeError):
    """A command needs an extra that is not installed; the message says how to get it."""


def _fail(message: str, status: int) -> None:
    print("mixdit:", " ".join(message.split()), file=sys.stderr)
    sys.exit(status)


def _application(arguments: Sequence[str]) -> typer.Typer:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    app.callback(invoke_without_command=True)(_root)
    app.command("verilog")(verilog)
    app.command("registers")(registers)
    app.command("synth")(synth)
    given = next((argument for argument in arguments if not argument.startswith("-")), None)
    for point in sorted(entry_points(group="mixdit.commands")):
        if given == point.name:
            app.command(point.name)(_load(point))
        elif given is None:  # for the list in --help
            app.command(point.name, help=_help(point))(_root)
    return app


def _root(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version."),
) -> None:
    """Open hardware for mixed MX6/MX9 matrix products."""
    if version:
        print(f"mixdit-rtl {gen.__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


def _load(point: EntryPoint) -> Callable[..., Any]:
    try:
        command: Callable[..., Any] = point.load()
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{point.name} needs the Python package {error.name!r}: `{_setup(point)}` installs it in the"
            f" repository's .venv, `pip install 'mixdit-rtl[{','.join(point.extras)}]'` elsewhere"
        ) from error
    return command


def _help(point: EntryPoint) -> str:
    try:
        text = _load(point).__doc__ or ""
    except MissingExtraError:
        return f"[dim](not installed: `{_setup(point)}` does it)[/dim]"
    return text.strip().partition("\n")[0]


def _setup(point: EntryPoint) -> str:
    return " ".join(["python3 tools/setup_venv.py base", *point.extras])
