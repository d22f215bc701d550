"""The step through nextpnr: a netlist for ECP5 to placed cells, routes and Fmax."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.store import stored
from gen.synth.cell_tables import CELLS
from gen.synth.copies import copy_drivers
from gen.synth.errors import SynthesisError
from gen.synth.families import Area
from gen.synth.names import register_name
from gen.synth.synthesis import Netlist
from gen.synth.tools import NEXTPNR_ECP5
from gen.synth.trim import trim_carry_chains

__all__ = [
    "DEVICE",
    "LFE5U_85",
    "OPTIONS",
    "PLACERS",
    "Device",
    "Placement",
    "WorstPath",
    "place",
    "read_report",
]

DEVICE = ("--85k", "--speed", "6", "--package", "CABGA756")
"""LFE5U-85F-6 in its largest package."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """What a device has, in the units of ``Area``.

    Parameters
    ----------
    name:
        The device.
    lut, ff, ram:
        Its look-up tables, flip-flops and block memories.
    """

    name: str
    lut: int
    ff: int
    ram: int

    def holds(self, area: Area) -> bool:
        """Whether a design of this size can fit, were every cell of the device usable."""
        return area.lut <= self.lut and area.ff <= self.ff and area.ram <= self.ram


LFE5U_85 = Device(name="LFE5U-85F", lut=83640, ff=83640, ram=208)
"""The device that ``DEVICE`` chooses."""

PLACERS: Mapping[str, str] = {
    "heap": "The usual one.",
    "static": "Slower, but it finishes on designs that nearly fill the device.",
}
"""nextpnr's placers."""

OPTIONS = (
    *("--out-of-context", "--lpf-allow-unconstrained", "--timing-allow-fail", "--threads", "1"),
    # Twice the default weight of critical paths: the elements of an array are spread less.
    *("--placer-heap-timingweight", "20"),
)
"""How nextpnr is called, besides device, clock and seed."""


@dataclass(frozen=True, kw_only=True)
class WorstPath:
    """The register-to-register path that limits Fmax.

    Parameters
    ----------
    start, end:
        The registers, by their names in the design.
    levels:
        Cells passed between them.
    logic_ns, routing_ns:
        Delay in cells, setup and clock-to-output included, and in wires.
    """

    start: str
    end: str
    levels: int
    logic_ns: float
    routing_ns: float

    def __str__(self) -> str:
        return (
            f"{self.start} -> {self.end}: {self.levels} cells,"
            f" {self.logic_ns:.2f} ns logic + {self.routing_ns:.2f} ns routing"
        )


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What nextpnr or OpenSTA found.

    Parameters
    ----------
    comb, ff:
        Look-up tables and flip-flops that it used, on ECP5 TRELLIS_COMB and TRELLIS_FF, in a wrapper those of
        the wrapper, too; 0 of what is timed before it is placed.
    comb_available:
        How many look-up tables the device has.
    fmax_mhz:
        Highest clock frequency; None for a design without a path between registers.
    worst_path:
        What limits it.
    bitstream_bytes:
        Size of the bitstream; None where none was made.
    seconds:
        How long placing, routing and packing took; None where it was not taken.
    """

    comb: int = 0
    ff: int = 0
    comb_available: int = 0
    fmax_mhz: float | None
    worst_path: WorstPath | None
    bitstream_bytes: int | None = None
    seconds: float | None = None


def place(
    netlist: Netlist,
    *,
    trim: bool,
    seed: int,
    frequency_mhz: float,
    store: Path,
    placer: str = "heap",
) -> Placement:
    """Place and route ``netlist``, with ``trim`` after `trim_carry_chains` and `copy_drivers`.

    Raises ``SynthesisError``.

    ``placer`` is one of ``PLACERS``.
    """
    text = netlist.path.read_text()
    if trim:
        cells = json.loads(text)
        trim_carry_chains(cells)
        copy_drivers(cells)
        text = json.dumps(cells)
    arguments = [*DEVICE, *OPTIONS, "--placer", placer, "--freq", str(frequency_mhz), "--seed", str(seed)]

    def make(folder: Path) -> None:
        (folder / "netlist.json").write_text(text)
        files = ["--json", "netlist.json", "--report", "report.json"]
        NEXTPNR_ECP5.run([*arguments, *files], folder)
        (folder / "netlist.json").unlink()

    label = f"{netlist.folder.name.partition('-')[0]}-{'trimmed' if trim else 'placed'}-{seed}"
    folder = stored(store, label, [NEXTPNR_ECP5.identity, *arguments, text], make)
    return read_report(json.loads((folder / "report.json").read_text()))


def read_report(
    report: Mapping[str, Any],
    *,
    family: str = "ecp5",
    luts: Sequence[str] = ("TRELLIS_COMB",),
    ffs: Sequence[str] = ("TRELLIS_FF",),
) -> Placement:
    """What a JSON report of nextpnr says about a design with at most one clock.

    ``luts`` and ``ffs`` are what it calls look-up tables and flip-flops of ``family``; of several the first
    says how many there are.
    """
    if len(report["fmax"]) > 1:
        raise SynthesisError(f"designs have one clock, not {len(report['fmax'])}")
    fmax = [clock["achieved"] for clock in report["fmax"].values()]
    paths = [p for p in report["critical_paths"] if p["from"] == p["to"] != "<async>"]
    use = report["utilization"]
    return Placement(
        comb=sum(use[kind]["used"] for kind in luts),
        ff=sum(use[kind]["used"] for kind in ffs),
        comb_available=use[luts[0]]["available"],
        fmax_mhz=fmax[0] if fmax else None,
        worst_path=_worst_path(paths[0]["path"], CELLS[family]) if paths else None,
    )


def _worst_path(steps: list[dict[str, Any]], kinds_of_cells: Iterable[str]) -> WorstPath:
    kinds = [step["type"] for step in steps]
    return WorstPath(
        start=register_name(steps[0]["to"]["cell"], kinds_of_cells),
        end=register_name(steps[-1]["to"]["cell"], kinds_of_cells),
        levels=kinds.count("logic"),
        logic_ns=sum(step["delay"] for step in steps if step["type"] != "routing"),
        routing_ns=sum(step["delay"] for step in steps if step["type"] == "routing"),
    )
