"""Icarus Verilog as a second simulator for the cocotb benches."""

import shutil
import subprocess
from pathlib import Path

from mixdit.sim.build_cache import cached_build
from mixdit.sim.design import Design

__all__ = ["TRACE", "build_for_icarus", "read_trace"]

TRACE = "trace"
"""Plusarg that names the file for a line per clock with the values of all ports; without it there is none."""


def build_for_icarus(design: Design) -> Path:
    """Folder with ``sim.vvp`` of ``design``, in which registers begin unknown.

    Raises ``FileNotFoundError`` without Icarus, ``CalledProcessError`` when it rejects the Verilog.
    """
    if shutil.which("iverilog") is None:
        raise FileNotFoundError(
            "iverilog is not on PATH: install it (Debian, Ubuntu: apt-get install iverilog)"
        )
    ports = ", ".join(f"{design.name}.{port}" for port in design.ports)
    # cocotb's runner tells Icarus to write no waveforms.
    tracer = f"""\
module tracer;
  reg [8191:0] path;
  integer file;
  initial if ($value$plusargs("{TRACE}=%s", path)) begin
    file = $fopen(path, "w");
    @(posedge {design.name}.clk);
    forever @(negedge {design.name}.clk) $fstrobe(file, "{" ".join("%b" for _ in design.ports)}", {ports});
  end
endmodule
"""
    command = [
        "iverilog",
        "-g2005",
        "-s",
        design.name,
        "-s",
        "tracer",
        "-o",
        "sim.vvp",
        "design.v",
        "tracer.v",
    ]

    def build(folder: Path) -> None:
        # Of the time scale that cocotb is told for Verilator, too.
        (folder / "design.v").write_text(f"`timescale 1ns/1ns\n{design.verilog}")
        (folder / "tracer.v").write_text(f"`timescale 1ns/1ns\n{tracer}")
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)

    return cached_build(f"{design.name}-icarus", [*command, tracer, design.verilog], build)


def read_trace(path: Path, design: Design) -> list[dict[str, str]]:
    """Value of each port, in binary digits, x and z, when all has settled at a fall of the clock."""
    return [dict(zip(design.ports, line.split(), strict=True)) for line in path.read_text().splitlines()]
