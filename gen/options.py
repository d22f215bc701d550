"""Command-line options: those that take one of several names, and those for the parameters of designs."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import typer

from gen.designs import DERIVED, DESIGNS, PARAMETERS
from hw.target.targets import TARGETS

__all__ = ["one_of", "with_parameter_options"]

_Command = Callable[..., None]


def one_of(
    option: str,
    meanings: Mapping[str, str],
    *,
    help: str,
    renamed: Mapping[str, str] | None = None,
    **more: Any,
) -> Any:
    """An option for typer that takes one of the names in ``meanings``, and completes them.

    Parameters
    ----------
    option:
        As ``--option``.
    meanings:
        What each name stands for: a line of its own in ``--help``.
    help:
        What the option is for.
    renamed:
        New names by old ones, which are refused.
    more:
        Of ``typer.Option``.
    """

    def check(value: str | None) -> str | None:
        if value is None or value in meanings:
            return value
        if renamed and value in renamed:
            raise typer.BadParameter(f"{option} {value} is called {renamed[value]} now")
        raise typer.BadParameter(f"{option} must be one of {', '.join(meanings)}, not {value!r}")

    def complete(incomplete: str) -> Iterable[str]:
        return [name for name in meanings if name.startswith(incomplete)]

    lines = [help, *(f"{name}: {meaning}" for name, meaning in meanings.items())]
    return typer.Option(option, help="\n\n".join(lines), callback=check, autocompletion=complete, **more)


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
    meaning = f"{PARAMETERS[name][0].upper()}{PARAMETERS[name][1:]}."
    defaults = {design.defaults()[name] for design in DESIGNS.values() if name in design.parameters}
    shown = DERIVED.get(name) or " or ".join(map(str, sorted(defaults)))
    settings: dict[str, Any] = {
        "show_default": show_default and shown,
        "rich_help_panel": "Parameters of the design; left out, its own defaults",
    }
    if name == "target":
        summaries = {target: TARGETS[target].summary for target in TARGETS}
        option = one_of("--target", summaries, help=meaning, **settings)
    else:
        option = typer.Option(help=meaning, **settings)
    kind = str if name == "target" else int
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )
