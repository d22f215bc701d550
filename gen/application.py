"""The commands of ``mixdit``: those of this package, and those that others add by entry points."""

import os
import warnings
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_args

import typer
from typer.exceptions import TyperException

import gen
from gen.extras import MissingPackageError, is_foreign

__all__ = ["application", "run_command"]

_GROUP = "mixdit.commands"

OWN = [
    EntryPoint(name, value, _GROUP)
    for name, value in (
        ("verilog", "gen.verilog_command:verilog"),
        ("targets", "gen.targets_command:targets"),
        ("registers", "gen.registers_command:registers"),
        ("synth", "gen.synth.command:synth [synth]"),
        ("place", "gen.synth.place_command:place [synth]"),
        ("doctor", "gen.doctor_command:doctor"),
    )
]
"""The commands of this package. In brackets, as in pyproject.toml, the extra that one needs when it runs."""


class CallError(ValueError):
    """The command line cannot be used; the message, one line, says why."""

    exit_status = 2


def run_command(arguments: list[str]) -> int | None:
    """Run ``mixdit`` with ``arguments``; returns the exit code, None for 0.

    Errors for the user have an attribute ``exit_status``, and a message of one line. Others are
    ``OSError``, or a fault of this project.
    """
    # Designs are also built to check their parameters, or to find them in the store.
    warnings.filterwarnings("ignore", r"(?s).* created but never used")
    points = [*OWN, *sorted(entry_points(group=_GROUP))]
    given = _given(arguments, [point.name for point in points])
    try:
        app = application([point for point in points if given in (None, point.name)])
        status = app(args=arguments, prog_name="mixdit", standalone_mode=False)
    except TyperException as error:
        raise CallError(_complaint(error)) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except ModuleNotFoundError as error:
        if not is_foreign(error.name):
            raise
        extras = next((point.extras for point in points if point.name == given), [])
        raise MissingPackageError(given or "mixdit", str(error.name), extras) from error
    return status if isinstance(status, int) else None


def application(points: Sequence[EntryPoint]) -> typer.Typer:
    """``mixdit`` with these commands. One of several that cannot be loaded is only listed."""
    app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode="rich")
    app.callback(invoke_without_command=True)(_root)
    for point in points:
        try:
            app.command(point.name)(point.load())
        except ModuleNotFoundError as error:
            if len(points) == 1:
                raise
            app.command(point.name, help=f"[dim](needs the Python package {error.name!r})[/dim]")(_root)
    return app


def _complaint(error: TyperException) -> str:
    """What is wrong with the call: the option, what it must be, and what it is."""
    if type(error) is not typer.BadParameter:
        return error.format_message()
    faults: Any = getattr(error.__cause__, "errors", None)
    if error.param is None or faults is None:
        return error.message
    wanted = error.param.type_descriptor
    kind = wanted.annotation if isinstance(wanted.annotation, type) else get_args(wanted.annotation)[0]
    must = {int: "an integer", float: "a number"}.get(kind, "valid")
    if wanted.choices is not None:
        must = f"one of {', '.join(map(str, wanted.choices))}"
    low, high = wanted.parameter_info.min, wanted.parameter_info.max
    if high is not None:
        must += f" from {low} to {high}"
    elif low is not None:
        must += f" of at least {low}"
    return f"{max(error.param.opts, key=len)} must be {must}, not {faults()[0]['input']!r}"


def _given(arguments: Sequence[str], names: Sequence[str]) -> str | None:
    """The command that is called, or whose line a shell completes; None if none is, or there is none such."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS")
    words = line.split()[1:] if line and "_MIXDIT_COMPLETE" in os.environ else arguments
    first = next((word for word in words if not word.startswith("-")), None)
    return first if first in names else None


def _root(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version."),
) -> None:
    """Open hardware for mixed MX6/MX9 matrix products."""
    if version:
        print(f"mixdit-rtl {gen.__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
