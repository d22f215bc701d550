"""Exports as users have them: a design under its own name, another size of it, and systems of both."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["SIZES", "Exported", "bench_of", "system_of"]

SIZES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "mx_quantizer": ({}, {}),
    "mx_dequantizer": ({}, {}),
    "mx_converter": ({}, {}),
    "mx_array": (
        {"rows": 2, "cols": 1, "drain_rows": 1, "k_blocks": 4},
        {"rows": 1, "cols": 2, "drain_rows": 1, "k_blocks": 2, "fraction_bits": 16},
    ),
    "mx_stream": (
        {"rows": 1, "cols": 2, "drain_rows": 1, "k_blocks": 2},
        {"rows": 2, "cols": 1, "drain_rows": 2, "k_blocks": 2, "fraction_bits": 16},
    ),
    "mixdit_gemm": (
        {"rows": 1, "cols": 1, "drain_rows": 1, "k_blocks": 2, "data_bits": 64},
        {"rows": 1, "cols": 2, "drain_rows": 1, "k_blocks": 2, "data_bits": 64, "fraction_bits": 16},
    ),
}
"""Parameters of two small exports of each design. Those without a size are exported twice."""


@dataclass(frozen=True)
class Exported:
    """A package in its folder.

    Parameters
    ----------
    folder:
        Where it is.
    name:
        Name of its top module.
    """

    folder: Path
    name: str

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What it says about itself."""
        return json.loads((self.folder / "manifest.json").read_text())

    @property
    def core(self) -> str:
        """Its name for FuseSoC."""
        return f"mixdit:rtl:{self.name}"

    @property
    def sources(self) -> list[Path]:
        """Verilog of the design, and models of the cells that it places."""
        listed = (self.folder / f"{self.name}_sim.f").read_text().split()
        return [self.folder / name for name in listed if name != self.bench.name]

    @property
    def bench(self) -> Path:
        """Its bench, with a module of the same name."""
        return self.folder / f"{self.name}_tb.v"


def system_of(designs: Sequence[Exported], folder: Path) -> tuple[list[Path], str]:
    """Files besides the designs' own, and top: of one design itself, of two a module that places both."""
    if len(designs) == 1:
        return [], designs[0].name
    ports, instances = [], []
    for n, design in enumerate(designs):
        connections = []
        for port in design.manifest["ports"]:
            ports.append(f"  {port['direction']} wire [{port['width'] - 1}:0] d{n}_{port['name']}")
            connections.append(f"    .{port['name']}(d{n}_{port['name']})")
        instances.append(f"  {design.name} d{n} (\n" + ",\n".join(connections) + "\n  );\n")
    file = folder / "both.v"
    file.write_text("module both (\n" + ",\n".join(ports) + "\n);\n" + "".join(instances) + "endmodule\n")
    return [file], "both"


def bench_of(designs: Sequence[Exported], folder: Path) -> tuple[list[Path], str]:
    """The same for simulation. Two benches run side by side, until both have finished."""
    if len(designs) == 1:
        return [designs[0].bench], designs[0].bench.stem
    files = []
    for design in designs:
        head, _, body = design.bench.read_text().partition(f"\nmodule {design.name}_tb;\n")
        file = folder / design.bench.name
        body = body.replace("$finish;", "finished = 1'b1;")
        file.write_text(f"{head}\nmodule {design.name}_tb;\n  reg finished = 1'b0;\n{body}")
        files.append(file)
    top = folder / "both_tb.v"
    instances = "".join(f"  {file.stem} b{n}();\n" for n, file in enumerate(files))
    finished = " && ".join(f"b{n}.finished" for n in range(len(files)))
    waits = f"  initial begin\n    wait ({finished});\n    $finish;\n  end\n"
    top.write_text(f"module both_tb;\n{instances}{waits}endmodule\n")
    return [*files, top], top.stem
