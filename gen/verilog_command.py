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
from gen.options import with_parameter_options
from gen.package import Package
from gen.package_store import STORE, stored_package

__all__ = ["verilog"]

ALL = "all"


@with_parameter_options(show_defaults=True)
def verilog(
    parameters: Mapping[str, Any],
    top: Annotated[str, typer.Option(help=f"What to export: {', '.join(DESIGNS)} or {ALL}.")] = ALL,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to write; each design gets a folder in it.")
    ] = Path("build/verilog"),
    store: Annotated[
        Path, typer.Option(help="Where designs are kept, so that none is converted twice.")
    ] = STORE,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was written as JSON instead of a table.")
    ] = False,
) -> None:
    """Write a design, or all of them, as Verilog-2005."""
    packages = _make(
        {design.name: design.top(_of(design, parameters, top)) for design in _chosen(top)}, store
    )
    written = [write_files(output / package.design.name, package.files) for package in packages]
    if as_json:
        print(json.dumps([_summary(output, package) for package in packages], indent=2))
    else:
        _print_table(output, packages, written)


def _chosen(top: str) -> list[Design]:
    if top == ALL:
        return list(DESIGNS.values())
    if top not in DESIGNS:
        raise ParameterError(f"no design is called {top!r}: choose from {', '.join(DESIGNS)}, {ALL}")
    return [DESIGNS[top]]


def _of(design: Design, parameters: Mapping[str, Any], top: str) -> Mapping[str, Any]:
    """Those of ``parameters`` for ``design``: all, unless they were given for several designs."""
    if top != ALL:
        return parameters
    return {name: value for name, value in parameters.items() if name in design.parameters}


def _make(tops: Mapping[str, Any], store: Path) -> list[Package]:
    columns = (SpinnerColumn(), TextColumn("converting {task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    packages = []
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        for name, top in tops.items():
            task = progress.add_task(name)
            packages.append(stored_package(DESIGNS[name], top, store))
            progress.remove_task(task)
    return packages


def _summary(output: Path, package: Package) -> dict[str, Any]:
    manifest = package.manifest
    return {
        "design": manifest["design"],
        "directory": str(output / package.design.name),
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
            package.design.name,
            f"{size / 1000:.0f} kB",
            f"{len(package.files)} written" if changed else f"{len(package.files)} up to date",
            " ".join(f"{name}={entry['value']}" for name, entry in values),
        )
    console = Console()
    console.print(table)
    console.print(f"in {output}/", soft_wrap=True)
