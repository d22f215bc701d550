"""Command-line options: those that take one of several names, and those for the parameters of designs."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
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


def with_parameter_options(
    *,
    show_defaults: bool,
    names: Sequence[str] = tuple(PARAMETERS),
    lists: bool = False,
    defaults: Mapping[str, str] | None = None,
) -> Callable[[_Command], _Command]:
    """Decorator of a command for typer: an option for every parameter of any design.

    The command has an argument ``parameters``, a mapping of names to values. It gets those that were given
    on the command line; left out, every design keeps its own default.

    Parameters
    ----------
    show_defaults:
        Whether ``--help`` shows the defaults of ``DESIGNS``.
    names:
        Of the parameters that have an option.
    lists:
        Whether an option takes several values with commas between them: the mapping is to tuples, without
        repetitions.
    defaults:
        What ``--help`` shows for parameters that the command itself has defaults for.
    """

    def decorate(command: _Command) -> _Command:
        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            given = {name: arguments.pop(name) for name in names}
            if lists:
                given = {n: text if text is None else _values(n, text) for n, text in given.items()}
            command(**arguments, parameters={n: value for n, value in given.items() if value is not None})

        own = inspect.signature(command)
        others = [parameter for parameter in own.parameters.values() if parameter.name != "parameters"]
        options = [_option(name, show_defaults, lists, (defaults or {}).get(name)) for name in names]
        run.__signature__ = own.replace(parameters=[*others, *options])  # type: ignore[attr-defined]
        return run

    return decorate


def _values(name: str, text: str) -> tuple[Any, ...]:
    """Values of a parameter with commas between them, each once."""
    option, words = f"--{name.replace('_', '-')}", [word.strip() for word in text.split(",")]
    if name == "target":
        if unknown := [word for word in words if word not in TARGETS]:
            raise typer.BadParameter(f"{option} must be some of {', '.join(TARGETS)}, not {unknown[0]!r}")
        return tuple(dict.fromkeys(words))
    try:
        return tuple(dict.fromkeys(map(int, words)))
    except ValueError as error:
        raise typer.BadParameter(f"{option} must be integers with commas between, not {text!r}") from error


def _option(name: str, show_default: bool, several: bool, default: str | None) -> inspect.Parameter:
    meaning = f"{PARAMETERS[name][0].upper()}{PARAMETERS[name][1:]}."
    defaults = {design.defaults()[name] for design in DESIGNS.values() if name in design.parameters}
    shown = DERIVED.get(name) or " or ".join(map(str, sorted(defaults)))
    settings: dict[str, Any] = {
        "show_default": default or (show_default and shown),
        "rich_help_panel": "Parameters of the design; left out, its own defaults",
    }
    if several:
        option: Any = typer.Option(help=meaning, metavar="LIST", **settings)
    elif name == "target":
        summaries = {target: TARGETS[target].summary for target in TARGETS}
        option = one_of("--target", summaries, help=meaning, **settings)
    else:
        option = typer.Option(help=meaning, **settings)
    kind = str if several or name == "target" else int
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )
