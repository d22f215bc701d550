"""The step through nextpnr for devices on which every port gets a pin, to the bitstream."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from gen.store import stored
from gen.synth.carry_inputs import open_constant_carry_inputs
from gen.synth.families import Family
from gen.synth.placement import Placement, read_report
from gen.synth.synthesis import Netlist
from gen.synth.tools import GOWIN_PACK, NEXTPNR_GOWIN, NEXTPNR_NEXUS, PRJOXIDE, Tool
from gen.synth.wrapper import PINS, WRAPPED, wrap

__all__ = ["CHIPS", "Chip", "place_on_chip"]


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A device, and how designs come onto it in the wrapper of ``wrapper``.

    Parameters
    ----------
    name:
        Its ordering code.
    sites:
        Its pins for ``PINS``, in their order.
    pin:
        A line of the file with constraints, with ``{site}`` and ``{port}``.
    nextpnr, arguments:
        What places and routes, with ``CONSTRAINTS``, and its arguments but for clock and seed.
    pack, pack_arguments:
        What writes the bitstream, and its arguments.
    bitstream:
        The file that it writes.
    size:
        Bytes of that file's content that go into the device.
    luts, ffs:
        What nextpnr's report calls look-up tables and flip-flops; the first of each is a kind that the
        others take the places of.
    prepare:
        A step on the netlist's module before.
    """

    name: str
    sites: tuple[str, ...]
    pin: str
    nextpnr: Tool
    arguments: tuple[str, ...]
    pack: Tool
    pack_arguments: tuple[str, ...]
    bitstream: str
    size: Callable[[bytes], int]
    luts: tuple[str, ...]
    ffs: tuple[str, ...]
    prepare: Callable[[dict[str, Any]], object] = lambda module: None

    @property
    def constraints(self) -> str:
        """The file with the places of the pins."""
        pins = zip(self.sites, PINS, strict=True)
        return "".join(self.pin.format(site=site, port=port) + "\n" for site, port in pins)

    @property
    def tools(self) -> list[Tool]:
        """Tools that it takes."""
        return [self.nextpnr, self.pack]


_CONSTRAINTS = "pins.txt"


def _bits_in_text(content: bytes) -> int:
    """Bytes of a bitstream that is written in the digits 0 and 1, with comments."""
    lines = (line for line in content.splitlines() if not line.startswith(b"//"))
    return sum(line.count(b"0") + line.count(b"1") for line in lines) // 8


CHIPS: Mapping[str, Chip] = {
    "nexus": Chip(
        name="LIFCL-40-9BG400C",
        sites=("L13", "E17", "F13", "G13", "F14"),
        pin="ldc_set_location -site {{{site}}} [get_ports {port}]",
        nextpnr=NEXTPNR_NEXUS,
        arguments=(
            *("--device", "LIFCL-40-9BG400C", "--pdc", _CONSTRAINTS, "--fasm", "routed.fasm"),
            *("--router", "router1"),  # router2 finds no way from the clock's pin in some small designs
        ),
        pack=PRJOXIDE,
        pack_arguments=("pack", "routed.fasm", "design.bit"),
        bitstream="design.bit",
        size=len,
        luts=("OXIDE_COMB",),
        ffs=("OXIDE_FF",),
        prepare=open_constant_carry_inputs,
    ),
    "gowin5": Chip(
        name="GW5AST-LV138PG484AC1/I0",
        sites=("V22", "AB11", "L5", "F15", "A19"),
        pin='IO_LOC "{port}" {site};',
        nextpnr=NEXTPNR_GOWIN,
        arguments=(
            *("--device", "GW5AST-LV138PG484AC1/I0", "--vopt", "family=GW5AST-138C"),
            *("--vopt", f"cst={_CONSTRAINTS}", "--write", "routed.json"),
        ),
        pack=GOWIN_PACK,
        # Some of the pins belong to the processor's bus while the device starts.
        pack_arguments=("--cpu_as_gpio", "-d", "GW5AST-138C", "-o", "design.fs", "routed.json"),
        bitstream="design.fs",
        size=_bits_in_text,
        luts=("LUT4", "ALU"),
        ffs=("DFF",),
    ),
}
"""The device of each family that is placed so."""


def place_on_chip(
    netlist: Netlist, top: str, *, family: Family, seed: int, frequency_mhz: float, store: Path
) -> Placement:
    """Place and route ``netlist`` with top ``top`` on its family's device, to a bitstream.

    Results are kept in the folder ``store``. Raises ``SynthesisError``.
    """
    chip = CHIPS[family.name]
    wrapped = json.loads(wrap(netlist, top, family=family, store=store).read_text())
    chip.prepare(wrapped["modules"][WRAPPED])
    text = json.dumps(wrapped)
    arguments = [*chip.arguments, "--timing-allow-fail", "--freq", str(frequency_mhz), "--seed", str(seed)]

    def make(folder: Path) -> None:
        (folder / "netlist.json").write_text(text)
        (folder / _CONSTRAINTS).write_text(chip.constraints)
        started = monotonic()
        files = ["--json", "netlist.json", "--report", "report.json"]
        chip.nextpnr.run([*arguments, *files], folder)
        chip.pack.run(chip.pack_arguments, folder)
        made = {
            "seconds": round(monotonic() - started, 1),
            "bytes": chip.size((folder / chip.bitstream).read_bytes()),
        }
        (folder / "made.json").write_text(json.dumps(made))
        for large in ("netlist.json", "routed.json", "routed.fasm"):
            (folder / large).unlink(missing_ok=True)

    identities = [tool.identity for tool in chip.tools]
    key = [*identities, *arguments, *chip.pack_arguments, chip.constraints, text]
    folder = stored(store, f"{top}-{family.name}-placed-{seed}", key, make)
    made = json.loads((folder / "made.json").read_text())
    report = json.loads((folder / "report.json").read_text())
    placement = read_report(report, family=family.name, luts=chip.luts, ffs=chip.ffs)
    return replace(placement, bitstream_bytes=made["bytes"], seconds=made["seconds"])
