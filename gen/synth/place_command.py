"""``mixdit place``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gen.designs import DESIGNS, Design, ParameterError
from gen.files import write_files
from gen.options import one_of, with_parameter_options
from gen.synth.command import STORE
from gen.synth.families import FAMILIES
from gen.synth.floorplan import NoFloorplanError
from gen.synth.place_files import place_files
from gen.synth.progress import progress
from gen.synth.tools import NEXTPNR_ECP5, YOSYS
from gen.synth.with_macros import Macros, with_macros
from gen.verilog import to_verilog
from hw.target.targets import TARGETS

__all__ = ["place"]

_FAMILY = FAMILIES["ecp5"]

_TOPS = {name: design.summary for name, design in DESIGNS.items() if "rows" in design.parameters}
"""The designs that have processing elements."""

_TARGETS = [name for name, target in TARGETS.items() if target.family == _FAMILY.name or name == "generic"]


@with_parameter_options(show_defaults=True)
def place(
    parameters: Mapping[str, Any],
    top: Annotated[str, one_of("--top", _TOPS, help="What to place.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to write; the design gets a folder in it.")
    ] = Path("build/place"),
    freq: Annotated[float, typer.Option(min=1, help="Clock in MHz that placement strives for.")] = 300,
    store: Annotated[Path, typer.Option(help="Where results are kept for the next time.")] = STORE,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write a design for nextpnr on LFE5U-85F with its elements placed; --target is ecp5 if left out."""
    assert all(tool.identity for tool in (YOSYS, NEXTPNR_ECP5))
    design, values = DESIGNS[top], {"target": "ecp5", **parameters}
    if values["target"] not in _TARGETS:
        raise ParameterError(f"--target must be one of {', '.join(_TARGETS)}, not {values['target']!r}")
    macros = _macros(design, values, freq, store)
    written = write_files(output / top, place_files(top, _command(top, values, freq), macros, freq))
    if as_json:
        summary = {"directory": str(output / top), "written": written, "macros": macros.to_json()}
        print(json.dumps(summary, indent=2))
        return
    console = Console()
    line = f"{top}: {len(macros.places)} elements of {macros.element.summary}"
    console.print(line, highlight=False, soft_wrap=True)
    console.print(f"in {output / top}/{'' if written else ', up to date'}", highlight=False, soft_wrap=True)


def _macros(design: Design, values: Mapping[str, Any], frequency_mhz: float, store: Path) -> Macros:
    with progress(2) as done:
        verilog = to_verilog(design.top(values), design.name)
        done(f"{design.name}: Verilog")
        try:
            macros = with_macros(
                verilog, design.name, family=_FAMILY, frequency_mhz=frequency_mhz, store=store
            )
        except NoFloorplanError as error:
            raise ParameterError(f"{design.name} cannot be placed: {error}") from error
        done(f"{design.name}: elements as macros")
    return macros


def _command(top: str, values: Mapping[str, Any], frequency_mhz: float) -> str:
    options = "".join(f" --{name.replace('_', '-')} {value}" for name, value in values.items())
    return f"mixdit place --top {top} --freq {frequency_mhz:g}{options}"
