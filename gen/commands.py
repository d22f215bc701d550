"""``mixdit verilog``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from gen.designs import DESIGNS, PARAMETERS, Design, ParameterError
from gen.files import write_files
from gen.package import Package, make_package

__all__ = ["verilog"]

ALL = "all"


def _option(name: str) -> Any:
    """Option for a parameter; left out, every design keeps its own default."""
    defaults = {str(design.defaults()[name]) for design in DESIGNS.values() if name in design.parameters}
    text = PARAMETERS[name]
    return typer.Option(help=f"{text[0].upper()}{text[1:]}.", show_default=" or ".join(sorted(defaults)))


def verilog(
    top: Annotated[str, typer.Option(help=f"What to export: {', '.join(DESIGNS)} or {ALL}.")] = ALL,
    rows: Annotated[int | None, _option("rows")] = None,
    cols: Annotated[int | None, _option("cols")] = None,
    drain_rows: Annotated[int | None, _option("drain_rows")] = None,
    k_blocks: Annotated[int | None, _option("k_blocks")] = None,
    fraction_bits: Annotated[int | None, _option("fraction_bits")] = None,
    product_stages: Annotated[int | None, _option("product_stages")] = None,
    target: Annotated[str | None, _option("target")] = None,
    adder_lanes: Annotated[int | None, _option("adder_lanes")] = None,
    arrays: Annotated[int | None, _option("arrays")] = None,
    stationary_tiles: Annotated[int | None, _option("stationary_tiles")] = None,
    data_bits: Annotated[int | None, _option("data_bits")] = None,
    address_bits: Annotated[int | None, _option("address_bits")] = None,
    queue_depth: Annotated[int | None, _option("queue_depth")] = None,
    reorder_columns: Annotated[int | None, _option("reorder_columns")] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to write; each design gets a folder in it.")
    ] = Path("build/verilog"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was written as JSON instead of a table.")
    ] = False,
) -> None:
    """Write a design, or all of them, as Verilog-2005."""
    given = {
        "rows": rows,
        "cols": cols,
        "drain_rows": drain_rows,
        "k_blocks": k_blocks,
        "fraction_bits": fraction_bits,
        "product_stages": product_stages,
        "target": target,
        "adder_lanes": adder_lanes,
        "arrays": arrays,
        "stationary_tiles": stationary_tiles,
        "data_bits": data_bits,
        "address_bits": address_bits,
        "queue_depth": queue_depth,
        "reorder_columns": reorder_columns,
    }
    parameters = {name: value for name, value in given.items() if value is not None}
    packages = _make({design.name: design.top(_of(design, parameters, top)) for design in _chosen(top)})
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


def _of(design: Design, parameters: dict[str, Any], top: str) -> dict[str, Any]:
    """Those of ``parameters`` for ``design``: all, unless they were given for several designs."""
    if top != ALL:
        return parameters
    return {name: value for name, value in parameters.items() if name in design.parameters}


def _make(tops: dict[str, Any]) -> list[Package]:
    columns = (SpinnerColumn(), TextColumn("converting {task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    packages = []
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        for name, top in tops.items():
            task = progress.add_task(name)
            packages.append(make_package(DESIGNS[name], top))
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
