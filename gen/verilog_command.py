"""``mixdit verilog``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from gen.designs import DESIGNS, Design, ParameterError
from gen.files import write_files
from gen.module_names import check_name
from gen.options import one_of, with_parameter_options
from gen.package import Package
from gen.package_store import STORE, stored_package

__all__ = ["verilog"]

ALL = "all"

_TOPS = {**{name: design.summary for name, design in DESIGNS.items()}, ALL: "All of them."}


@with_parameter_options(show_defaults=True)
def verilog(
    parameters: Mapping[str, Any],
    top: Annotated[str, one_of("--top", _TOPS, help="What to export.")] = ALL,
    name: Annotated[
        str | None,
        typer.Option(help="Name of its module, in place of its own; files and parts begin with it."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to write; each design gets a folder in it.")
    ] = Path("build/verilog"),
    no_init: Annotated[
        bool, typer.Option("--no-init", help="No initial values, as for an ASIC: it must be reset first.")
    ] = False,
    store: Annotated[
        Path, typer.Option(help="Where designs are kept, so that none is converted twice.")
    ] = STORE,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was written as JSON instead of a table.")
    ] = False,
) -> None:
    """Write a design, or all of them, as Verilog-2005."""
    names = _names(top, name)
    tops = {name: design.top(_of(design, parameters, top)) for name, design in names.items()}
    packages = _make(names, tops, store, not no_init)
    written = [write_files(output / package.name, package.files) for package in packages]
    if as_json:
        print(json.dumps([_summary(output, package) for package in packages], indent=2))
    else:
        _print_table(output, packages, written)


def _names(top: str, name: str | None) -> Mapping[str, Design]:
    """The designs to export, by the names of their modules."""
    if top == ALL:
        if name is not None:
            raise ParameterError("name is for one design: choose it with --top")
        return DESIGNS
    try:
        return {check_name(top if name is None else name): DESIGNS[top]}
    except ValueError as error:
        raise ParameterError(str(error)) from error


def _of(design: Design, parameters: Mapping[str, Any], top: str) -> Mapping[str, Any]:
    """Those of ``parameters`` for ``design``: all, unless they were given for several designs."""
    if top != ALL:
        return parameters
    return {name: value for name, value in parameters.items() if name in design.parameters}


def _make(
    designs: Mapping[str, Design], tops: Mapping[str, Any], store: Path, initialized: bool
) -> list[Package]:
    columns = (SpinnerColumn(), TextColumn("converting {task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    packages = []
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        for name, top in tops.items():
            task = progress.add_task(name)
            packages.append(stored_package(designs[name], top, store, name, initialized))
            progress.remove_task(task)
    return packages


def _summary(output: Path, package: Package) -> dict[str, Any]:
    manifest = package.manifest
    return {
        "design": manifest["design"],
        "top": package.name,
        "directory": str(output / package.name),
        "parameters": {name: entry["value"] for name, entry in manifest["parameters"].items()},
        "latency": manifest["latency"]["cycles"],
        "files": {file["name"]: file["sha256"] for file in manifest["files"]},
    }


def _print_table(output: Path, packages: list[Package], written: list[list[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("design")
    table.add_column("Verilog", justify="right")
    table.add_column("files")
    table.add_column("parameters")
    for package, changed in zip(packages, written, strict=True):
        size = sum(len(text) for name, text in package.files.items() if name.endswith(".v"))
        values = package.manifest["parameters"].items()
        table.add_row(
            package.name,
            f"{size / 1000:.0f} kB",
            f"{len(package.files)} written" if changed else f"{len(package.files)} up to date",
            " ".join(f"{name}={entry['value']}" for name, entry in values),
        )
    console = Console()
    console.print(table)
    console.print(f"in {output}/", soft_wrap=True)
