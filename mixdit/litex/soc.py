"""A small system with an engine, to begin with; ``python -m mixdit.litex.soc`` writes its Verilog.

It has no CPU: pins bring in an AXI4-Lite bus, from which something outside does what a CPU would. Memory is
on chip.
"""

import argparse
from pathlib import Path
from typing import Any

from litex.build.generic_platform import Pins
from litex.build.io import CRG
from litex.build.lattice import LatticePlatform
from litex.soc.integration.builder import Builder
from litex.soc.integration.soc_core import SoCCore
from litex.soc.interconnect.axi import AXILiteInterface

from mixdit.litex.gemm import add_mixdit_gemm

REGISTERS = 0x3000_0000
"""Address of the engine's registers."""

MEMORY = 0x4000_0000
"""Address of the memory."""


class GemmSoC(SoCCore):
    """An engine, memory, and pins ``host`` and ``irq``.

    Parameters
    ----------
    platform:
        With ``clk``, ``host`` and ``irq`` among its pins.
    package:
        Folder of the engine's export.
    memory_bytes:
        Size of the memory.
    bus:
        Standard of the bus: ``"wishbone"``, ``"axi-lite"`` or ``"axi"``.
    bus_width:
        Bits of its data.
    """

    def __init__(
        self, platform: Any, package: str | Path, memory_bytes: int, bus: str, bus_width: int
    ) -> None:
        self.crg = CRG(platform.request("clk"))
        super().__init__(
            platform,
            clk_freq=50e6,
            bus_standard=bus,
            bus_data_width=bus_width,
            cpu_type=None,
            integrated_sram_size=0,
            integrated_main_ram_size=memory_bytes,
            with_uart=False,
            with_timer=False,
        )
        add_mixdit_gemm(self, package, origin=REGISTERS)
        self.comb += platform.request("irq").eq(self.mixdit_gemm.irq)
        host = AXILiteInterface(data_width=32, address_width=32)
        self.comb += host.connect_to_pads(platform.request("host"), mode="slave")
        self.bus.add_master(name="host", master=host)


def platform() -> Any:
    """An ECP5, whose pins have no places yet."""
    host = AXILiteInterface(data_width=32, address_width=32).get_ios("host")
    return LatticePlatform(
        "LFE5U-45F-6BG381C", [("clk", 0, Pins(1)), ("irq", 0, Pins(1)), *host], toolchain="trellis"
    )


def main() -> None:
    """Write the system's Verilog, and what its software includes."""
    parser = argparse.ArgumentParser(prog="python -m mixdit.litex.soc", description=main.__doc__)
    parser.add_argument("package", type=Path, help="folder of the engine's export")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/litex"), help="folder to write")
    parser.add_argument("--memory-bytes", type=int, default=1 << 16, help="size of the memory (%(default)s)")
    parser.add_argument("--bus", choices=["wishbone", "axi-lite", "axi"], default="wishbone")
    parser.add_argument("--bus-width", type=int, choices=[32, 64, 128, 256, 512], default=32)
    options = parser.parse_args()
    try:
        soc = GemmSoC(platform(), options.package, options.memory_bytes, options.bus, options.bus_width)
    except ValueError as error:
        parser.error(str(error))
    Builder(soc, output_dir=str(options.output), compile_software=False).build(
        run=False, build_name="gemm_soc"
    )


if __name__ == "__main__":
    main()
