"""Command-line options for the parameters of designs, made from their table."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from gen.designs import DESIGNS, PARAMETERS

__all__ = ["with_parameter_options"]

_Command = Callable[..., None]


def with_parameter_options(*, show_defaults: bool) -> Callable[[_Command], _Command]:
    """Decorator of a command for typer: an option for every parameter of any design.

    The command has an argument ``parameters``, a mapping of names to values. It gets those that were given
    on the command line; left out, every design keeps its own default.

    Parameters
    ----------
    show_defaults:
        Whether ``--help`` shows the defaults of ``DESIGNS``.
    """

    def decorate(command: _Command) -> _Command:
        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            given = {name: arguments.pop(name) for name in PARAMETERS}
            command(**arguments, parameters={n: value for n, value in given.items() if value is not None})

        own = inspect.signature(command)
        others = [parameter for parameter in own.parameters.values() if parameter.name != "parameters"]
        options = [_option(name, show_defaults) for name in PARAMETERS]
        run.__signature__ = own.replace(parameters=[*others, *options])  # type: ignore[attr-defined]
        return run

    return decorate


def _option(name: str, show_default: bool) -> inspect.Parameter:
    meaning = PARAMETERS[name]
    defaults = {design.defaults()[name] for design in DESIGNS.values() if name in design.parameters}
    option = typer.Option(
        help=f"{meaning[0].upper()}{meaning[1:]}.",
        show_default=show_default and " or ".join(map(str, sorted(defaults))),
        rich_help_panel="Parameters of the design; left out, its own defaults",
    )
    kind = type(min(defaults))
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )
