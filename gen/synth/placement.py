"""The step through nextpnr: a netlist for ECP5 to placed cells, routes and Fmax."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.store import stored
from gen.synth.cell_tables import CELLS
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
        TRELLIS_COMB and TRELLIS_FF that it used; 0 of what is timed before it is placed.
    comb_available:
        How many TRELLIS_COMB the device has.
    fmax_mhz:
        Highest clock frequency; None for a design without a path between registers.
    worst_path:
        What limits it.
    """

    comb: int = 0
    ff: int = 0
    comb_available: int = 0
    fmax_mhz: float | None
    worst_path: WorstPath | None


def place(
    netlist: Netlist,
    *,
    trim: bool,
    seed: int,
    frequency_mhz: float,
    store: Path,
    placer: str = "heap",
) -> Placement:
    """Place and route ``netlist``, after `trim_carry_chains` with ``trim``. Raises ``SynthesisError``.

    ``placer`` is one of ``PLACERS``.
    """
    text = netlist.path.read_text()
    if trim:
        cells = json.loads(text)
        trim_carry_chains(cells)
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


def read_report(report: Mapping[str, Any]) -> Placement:
    """What a JSON report of nextpnr says about a design with at most one clock."""
    if len(report["fmax"]) > 1:
        raise SynthesisError(f"designs have one clock, not {len(report['fmax'])}")
    fmax = [clock["achieved"] for clock in report["fmax"].values()]
    paths = [p for p in report["critical_paths"] if p["from"] == p["to"] != "<async>"]
    use = report["utilization"]
    return Placement(
        comb=use["TRELLIS_COMB"]["used"],
        ff=use["TRELLIS_FF"]["used"],
        comb_available=use["TRELLIS_COMB"]["available"],
        fmax_mhz=fmax[0] if fmax else None,
        worst_path=_worst_path(paths[0]["path"]) if paths else None,
    )


def _worst_path(steps: list[dict[str, Any]]) -> WorstPath:
    kinds = [step["type"] for step in steps]
    return WorstPath(
        start=register_name(steps[0]["to"]["cell"], CELLS["ecp5"]),
        end=register_name(steps[-1]["to"]["cell"], CELLS["ecp5"]),
        levels=kinds.count("logic"),
        logic_ns=sum(step["delay"] for step in steps if step["type"] != "routing"),
        routing_ns=sum(step["delay"] for step in steps if step["type"] == "routing"),
    )
