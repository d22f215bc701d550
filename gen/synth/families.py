"""The FPGA families and standard cells: how Yosys maps to them, and how their cells are counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gen.synth.errors import SynthesisError
from gen.synth.liberty import OSU018, Library

__all__ = ["FAMILIES", "RENAMED", "Area", "Family"]


@dataclass(frozen=True, kw_only=True)
class Area:
    """Cells that a design takes.

    Parameters
    ----------
    lut:
        Look-up tables, all of them: see ``Family.counting``.
    carry, mux, ff, dsp, ram:
        Carry cells, wide multiplexers between look-up tables, flip-flops, DSP blocks, block memories.
    cells:
        Every cell by its type.
    um2:
        Of standard cells, their area in square micrometres: ``lut`` is it in NAND gates.
    """

    lut: int
    carry: int
    mux: int
    ff: int
    dsp: int
    ram: int
    cells: Mapping[str, int]
    um2: float | None = None


@dataclass(frozen=True, kw_only=True)
class Family:
    """An FPGA family, or a library of standard cells.

    Parameters
    ----------
    name:
        Its name on the command line; ``hw.target`` calls the target with its cells the same.
    title:
        Its name in reports.
    lut_name:
        What its look-up tables are called.
    synthesis:
        Yosys command that maps to it, without hierarchy.
    by_module:
        The same with the modules kept apart.
    with_pads:
        The same with a buffer at each port; for families that are placed with their pins.
    luts, carries, muxes, ffs, dsps, rams:
        Weight of each cell type in the counts of ``Area``. A cell of another type that is not in
        ``free`` is an error, so that nothing goes uncounted. Without ``dsps`` there is no ``--dsp``.
    free:
        Types of cells that take none of these.
    counting:
        What ``Area.lut`` is, in words.
    timing:
        Whether there is an open tool that places it; without one there is no Fmax.
    library:
        The standard cells, if it is such a library: they are mapped to by ``standard_cells``, weighed by
        their area, and timed before layout.
    """

    name: str
    title: str
    lut_name: str
    synthesis: str
    by_module: str
    luts: Mapping[str, int]
    carries: Mapping[str, int]
    muxes: Mapping[str, int]
    ffs: tuple[str, ...]
    dsps: tuple[str, ...]
    rams: tuple[str, ...]
    counting: str
    free: tuple[str, ...] = field(default=())
    with_pads: str = ""
    timing: bool = False
    library: Library | None = None

    @property
    def models(self) -> str:
        """Folder of Yosys' files that has its cells' simulation models: its command is called like it."""
        return self.synthesis.split()[0].removeprefix("synth_")

    def area(self, cells: Mapping[str, int]) -> Area:
        """Counts of ``cells`` (number by type). Raises ``SynthesisError`` for a type it does not know."""

        def total(weights: Mapping[str, int]) -> int:
            return sum(weights.get(kind, 0) * number for kind, number in cells.items())

        def number(prefixes: tuple[str, ...]) -> int:
            return sum(number for kind, number in cells.items() if kind.startswith(prefixes))

        if self.library:
            return self._standard_cells(self.library, cells)
        weighted = {*self.luts, *self.carries, *self.muxes}
        prefixes = (*self.ffs, *self.dsps, *self.rams, *self.free, "$scopeinfo")
        if unknown := [kind for kind in cells if kind not in weighted and not kind.startswith(prefixes)]:
            raise SynthesisError(f"{self.name}: no rule for counting cells of type {', '.join(unknown)}")
        return Area(
            lut=total(self.luts),
            carry=total(self.carries),
            mux=total(self.muxes),
            ff=number(self.ffs),
            dsp=number(self.dsps),
            ram=number(self.rams),
            cells=dict(sorted((kind, n) for kind, n in cells.items() if not kind.startswith("$"))),
        )

    def _standard_cells(self, library: Library, cells: Mapping[str, int]) -> Area:
        if unknown := [kind for kind in cells if not library.areas.get(kind)]:
            raise SynthesisError(f"{self.name}: no area of cells of type {', '.join(unknown)}")
        um2 = sum(library.areas[kind] * number for kind, number in cells.items())
        return Area(
            lut=round(um2 / library.areas[library.gate]),
            carry=0,
            mux=0,
            ff=sum(number for kind, number in cells.items() if kind in library.flip_flops),
            dsp=0,
            ram=0,
            cells=dict(sorted(cells.items())),
            um2=um2,
        )


_XILINX_LUTS = {
    **{f"LUT{inputs}": 1 for inputs in range(1, 7)},
    "LUT6_2": 1,
    "INV": 1,
    "SRL16E": 1,
    "SRLC32E": 1,
    "RAM32X1S": 1,
    "RAM64X1S": 1,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM128X1S": 2,
    "RAM256X1S": 4,
    "RAM128X1D": 4,
    "RAM256X1D": 8,
    "RAM512X1S": 8,
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32M16": 8,
    "RAM64M8": 8,
}


def _xilinx(name: str, device: str, title: str, carries: tuple[str, ...], dsp: str) -> Family:
    """A family of AMD's, which Yosys calls ``device``."""
    return Family(
        name=name,
        title=title,
        lut_name="LUT6",
        synthesis=f"synth_xilinx -family {device} -noiopad -noclkbuf -flatten",
        by_module=f"synth_xilinx -family {device} -noiopad -noclkbuf",
        luts=_XILINX_LUTS,
        carries=dict.fromkeys(carries, 1),
        muxes={"MUXF7": 1, "MUXF8": 1, "MUXF9": 1},
        ffs=("FD",),
        dsps=(dsp,),
        rams=("RAMB18E", "RAMB36E"),
        counting="LUT1 to LUT6, LUT6_2 and inverters, one each (Yosys packs no two into one), plus those"
        " used as memories and shift registers",
    )


def _gowin(
    name: str, title: str, options: str = "", *, dsps: tuple[str, ...] = (), timing: bool = False
) -> Family:
    """A family of Gowin's, which ``options`` choose."""
    return Family(
        name=name,
        title=title,
        lut_name="LUT4",
        synthesis=f"synth_gowin{options} -noiopads",
        by_module=f"synth_gowin{options} -noiopads -noflatten",
        with_pads=f"synth_gowin{options}",
        luts={**{f"LUT{inputs}": 1 for inputs in range(1, 5)}, "ALU": 1, "INV": 1, "RAM16SDP4": 4},
        carries={"ALU": 1},
        muxes={f"MUX2_LUT{inputs}": 1 for inputs in range(5, 9)},
        ffs=("DFF",),
        dsps=dsps,
        rams=("SDPB", "SDPX9B", "DPB", "DPX9B", "SPX9", "SP"),
        counting="LUT1 to LUT4 + ALU + inverters + 4 x RAM16SDP4",
        free=("GND", "VCC"),
        timing=timing,
    )


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            name="ecp5",
            title="Lattice ECP5",
            lut_name="LUT4",
            synthesis="synth_ecp5",
            by_module="synth_ecp5 -noflatten",
            luts={"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4},
            carries={"CCU2C": 1},
            muxes={"PFUMX": 1, "L6MUX21": 1},
            ffs=("TRELLIS_FF",),
            dsps=("MULT18X18D", "ALU54B"),
            rams=("DP16KD", "PDPW16KD"),
            counting="LUT4 + 2 x CCU2C + 4 x TRELLIS_DPR16X4",
            timing=True,
        ),
        # Yosys knows no CARRY8: what it maps itself is CARRY4, which AMD's tools accept and pair.
        _xilinx("xilinx", "xcup", "AMD UltraScale+", ("CARRY4", "CARRY8"), "DSP48E2"),
        _xilinx("xilinx7", "xc7", "AMD 7 series", ("CARRY4",), "DSP48E1"),
        Family(
            name="nexus",
            title="Lattice Nexus",
            lut_name="LUT4",
            synthesis="synth_nexus -noiopad",
            by_module="synth_nexus -noiopad -noflatten",
            with_pads="synth_nexus",
            luts={"LUT4": 1, "WIDEFN9": 2, "CCU2": 2, "INV": 1, "DPR16X4": 4},
            carries={"CCU2": 1},
            muxes={},
            ffs=("FD1P3",),
            dsps=(),
            rams=("PDPSC16K", "PDP16K", "DP16K"),
            counting="LUT4 + inverters + 2 x WIDEFN9 + 2 x CCU2 + 4 x DPR16X4",
            free=("VLO", "VHI"),
            timing=True,
        ),
        _gowin("gowin", "Gowin GW2A", dsps=("MULT", "PADD", "MULTADDALU", "ALU54D")),
        _gowin("gowin5", "Gowin GW5A", " -family gw5a", timing=True),
        Family(
            name="osu018",
            title="OSU 0.18 um standard cells",
            lut_name="NAND2",
            synthesis="synth",
            by_module="synth",
            luts={},
            carries={},
            muxes={},
            ffs=(),
            dsps=(),
            rams=(),
            counting="the area of all cells in that of NAND2X1, 24 um2",
            library=OSU018,
        ),
    )
}
"""Every family by name."""

RENAMED: Mapping[str, str] = {"xcup": "xilinx", "xc7": "xilinx7"}
"""Names that families had before they had those of the targets."""
