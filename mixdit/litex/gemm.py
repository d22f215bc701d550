"""The engine as a module of LiteX."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from litex.gen import LiteXModule
from litex.soc.integration.soc import SoCRegion
from litex.soc.interconnect.axi import AXI2AXILite, AXIInterface, AXILiteInterface
from migen import ClockSignal, Instance, ResetSignal, Signal

from mixdit.litex.exported import ExportedEngine, ExportError, Port

REGISTER_BYTES = 0x1000

_CHANNELS = ("aw", "ar", "w", "b", "r")


class MixDiTGemm(LiteXModule):
    """An exported engine in the clock domain ``sys``, and its Verilog in the platform's sources.

    Parameters
    ----------
    platform:
        The platform that the system is built for.
    package:
        Folder of the export, such as ``build/verilog/mixdit_gemm``.
    address_width, dma_address_width:
        Address bits of ``bus`` and ``dma``, those of the buses that they go to. Where the engine has more,
        its upper ones are dropped; where it has fewer, it reaches the low part of memory.

    Attributes
    ----------
    bus: AXILiteInterface
        Its registers, 4 KiB.
    dma: AXIInterface
        Its memory port.
    irq: Signal
        Its interrupt, a level. Software enables and clears it in the engine's registers; ``ev`` hands it to
        LiteX, without event registers of LiteX's own.

    Raises
    ------
    ExportError
        The folder holds no export of an engine, or one with ports that this module does not know.
    """

    def __init__(
        self, platform: Any, package: str | Path, address_width: int = 32, dma_address_width: int = 32
    ) -> None:
        engine = ExportedEngine.read(package)
        self.top = engine.top
        self.bus = AXILiteInterface(data_width=32, address_width=address_width)
        self.dma = AXIInterface(data_width=engine.data_bits, address_width=dma_address_width)
        self.irq = Signal()
        self.ev = SimpleNamespace(irq=self.irq)

        pins: dict[str, Any] = {}
        for port in engine.ports:
            self._connect(pins, port)
        self.specials += Instance(engine.top, **pins)
        for source in engine.sources:
            platform.add_source(str(source), language="verilog")

    def _connect(self, pins: dict[str, Any], port: Port) -> None:
        """Add a port to the instance's pins; by a wire where LiteX's signal is wider or narrower."""
        signal = self._signal(port.name)
        if signal is None:
            raise ExportError(f"{self.top} has a port {port.name}, which LiteX's buses have no place for")
        receives = port.direction == "input"
        wire = signal
        if len(signal) != port.width:
            wire = Signal(port.width)
            self.comb += wire.eq(signal) if receives else signal.eq(wire)
        pins[f"{'i' if receives else 'o'}_{port.name}"] = wire

    def _signal(self, port: str) -> Any:
        """What a port stands for, None if nothing."""
        single = {"clk": ClockSignal("sys"), "rst": ResetSignal("sys"), "irq": self.irq}
        if port in single:
            return single[port]
        for prefix, interface in (("s_axil_", self.bus), ("m_axi_", self.dma)):
            for channel in _CHANNELS:
                if port.startswith(prefix + channel):
                    return getattr(getattr(interface, channel), port.removeprefix(prefix + channel), None)
        return None


def add_mixdit_gemm(
    soc: Any, package: str | Path, *, name: str = "mixdit_gemm", origin: int | None = None
) -> None:
    """Add an exported engine to a system, as its submodule ``name``: registers, memory and interrupt.

    Registers become a region of 4 KiB called ``name``, which LiteX's ``generated/mem.h`` and ``csr.json``
    list. The memory port goes to the bus for DMA where the CPU has a coherent one, else to the main bus:
    directly if that is AXI of the same width, else beat by beat. The interrupt goes to a CPU that has
    interrupts.

    Parameters
    ----------
    soc:
        The system, an ``SoCCore`` say, not yet finalized.
    package:
        Folder of the export.
    name:
        Of the module, the region and the interrupt; engines of one system need different ones.
    origin:
        Address of the registers; by default LiteX finds a place among its I/O regions.

    Raises
    ------
    ExportError
        See `MixDiTGemm`.
    ValueError
        The engine's memory port is wider or narrower than the bus can take.
    """
    memory = getattr(soc, "dma_bus", soc.bus)
    engine = MixDiTGemm(soc.platform, package, soc.bus.address_width, memory.address_width)
    width = engine.dma.data_width
    if width < memory.data_width:
        raise ValueError(
            f"the engine's memory port of {width} bits is narrower than the bus, which has"
            f" {memory.data_width}: export it with --data-bits {memory.data_width}, or more"
        )
    soc.add_module(name=name, module=engine)
    region = SoCRegion(origin=origin, size=REGISTER_BYTES, cached=False)
    soc.bus.add_slave(name=name, slave=engine.bus, region=region)
    memory.add_master(name=name, master=_memory_master(engine, memory))
    if soc.irq.enabled:
        soc.irq.add(name, use_loc_if_exists=True)


def _memory_master(engine: MixDiTGemm, memory: Any) -> Any:
    """The memory port as the bus takes it.

    LiteX's converters of AXI to narrower AXI count beats in 8 bits, too few for the engine's longest bursts;
    those of AXI-Lite have no bursts.
    """
    dma = engine.dma
    if memory.standard == "axi" and memory.data_width == dma.data_width:
        return dma
    single = AXILiteInterface(data_width=dma.data_width, address_width=memory.address_width)
    engine.beats = AXI2AXILite(dma, single)
    return single
