"""The cells of each family that Yosys makes, by type, with the pins of the vendors' libraries."""

from collections.abc import Mapping

from gen.synth.cells import Cell, Fixed, Kind, Path

__all__ = ["CELLS"]

_THROUGH = (Path(inputs=".*", outputs=".*"),)
_LUT = Cell(kind=Kind.LUT, paths=_THROUGH)
_CONSTANT = Cell(kind=Kind.CONSTANT)


def _luts(*names: str) -> dict[str, Cell]:
    return dict.fromkeys(names, _LUT)


def _mux(*names: str, data: str) -> dict[str, Cell]:
    """Multiplexers that join the outputs of look-up tables, or of each other, beside them."""
    wires = (Fixed(pins=data, kinds=(Kind.LUT, Kind.MUX)),)
    return dict.fromkeys(names, Cell(kind=Kind.MUX, paths=_THROUGH, fixed=wires))


def _chain(carry_in: str, carry_out: str) -> Fixed:
    """The wire from one carry cell to the next."""
    return Fixed(pins=carry_in, kinds=(Kind.CARRY,), sources=carry_out)


def _registers(*names: str, clock: str, reset: str, enable: str = "CE") -> dict[str, Cell]:
    return dict.fromkeys(names, Cell(kind=Kind.REGISTER, clock=clock, reset=reset, enable=enable))


_ECP5: dict[str, Cell] = {
    **_luts("LUT4"),
    **_registers("TRELLIS_FF", clock="CLK", reset="LSR"),
    "CCU2C": Cell(
        kind=Kind.CARRY,
        paths=(Path(inputs="[ABCD]0|CIN", outputs="S0"), Path(inputs=".*", outputs="S1|COUT")),
        fixed=(_chain("CIN", "COUT"),),
    ),
    **_mux("PFUMX", data="[AB]LUT"),
    **_mux("L6MUX21", data="D[01]"),
    "TRELLIS_DPR16X4": Cell(
        kind=Kind.MEMORY,
        paths=(Path(inputs=r"RAD\[.\]", outputs=r"DO\[.\]"),),
        clock="WCK",
        enable="WRE",
    ),
    **dict.fromkeys(
        ("DP16KD", "PDPW16KD"),
        Cell(
            kind=Kind.MEMORY,
            clock="CLK[ABRW]",
            reset="RST[AB]?",
            enable="(CE|OCE|WE|CS|BE).*",
            address=r"AD[ABRW]\d+",
        ),
    ),
    "MULT18X18D": Cell(
        kind=Kind.MULTIPLIER,
        paths=tuple(
            Path(
                inputs=rf"{side}\d+|SRI{side}\d+|SIGNED{side}",
                outputs=r"P\d+|SIGNEDP",
                before=(f"REG_INPUT{side}_CLK",),
                inside=("REG_PIPELINE_CLK",),
                behind=("REG_OUTPUT_CLK",),
            )
            for side in "AB"
        ),
        clock="CLK.",
        reset="RST.",
        enable="CE.",
    ),
}


def _amd_carry(bits: int) -> Cell:
    """Sum and carry of each bit; the look-up table in front of S, and of DI by O5, is in the same slice."""
    middle = r"|CI_TOP" if bits == 8 else ""
    return Cell(
        kind=Kind.CARRY,
        paths=tuple(
            path
            for bit in range(bits)
            for path in (
                Path(
                    inputs=rf"CI|CYINIT{middle if bit >= 4 else ''}|S\[[0-{bit}]\]|DI\[[0-{bit}]\]",
                    outputs=rf"CO\[{bit}\]",
                ),
                Path(
                    inputs=rf"CI|CYINIT{middle if bit >= 4 else ''}|S\[[0-{bit}]\]"
                    + (rf"|DI\[[0-{bit - 1}]\]" if bit else ""),
                    outputs=rf"O\[{bit}\]",
                ),
            )
        ),
        fixed=(
            _chain("CI", rf"CO\[{bits - 1}\]"),
            Fixed(pins=r"S\[.\]", kinds=(Kind.LUT,)),
            Fixed(pins=r"DI\[.\]", kinds=(Kind.LUT,), sources="O5"),
        ),
    )


def _amd_block_memory() -> Cell:
    return Cell(
        kind=Kind.MEMORY,
        clock="CLK.*",
        reset="RST.*",
        enable="EN.*|REGCE.*|WE.*",
        address=r"ADDR(ARD|BWR)ADDR\[\d+\]",
    )


def _dsp48() -> Cell:
    """Its pre-adder, multiplier and adder count as one; the parameters say which registers are between."""

    def path(inputs: str, before: str, *inside: str) -> Path:
        outputs = r"(P|PCOUT|CARRYOUT|XOROUT)(\[\d+\])?|PATTERNB?DETECT|OVERFLOW|UNDERFLOW|CARRYCASCOUT"
        return Path(
            inputs=inputs,
            outputs=rf"{outputs}|MULTSIGNOUT",
            before=(before,) if before else (),
            inside=inside,
            behind=("PREG",),
        )

    return Cell(
        kind=Kind.MULTIPLIER,
        paths=(
            path(r"A(CIN)?\[\d+\]", "AREG", "ADREG", "MREG"),
            path(r"B(CIN)?\[\d+\]", "BREG", "MREG"),
            path(r"D\[\d+\]", "DREG", "ADREG", "MREG"),
            path(r"INMODE\[\d\]", "INMODEREG", "MREG"),
            path(r"C\[\d+\]", "CREG"),
            path(r"OPMODE\[\d\]", "OPMODEREG"),
            path(r"ALUMODE\[\d\]", "ALUMODEREG"),
            path("CARRYIN", "CARRYINREG"),
            path(r"CARRYINSEL\[\d\]", "CARRYINSELREG"),
            path(r"PCIN\[\d+\]|CARRYCASCIN|MULTSIGNIN", ""),
        ),
        fixed=(Fixed(pins=r"PCIN\[\d+\]|CARRYCASCIN|MULTSIGNIN", kinds=(Kind.MULTIPLIER,)),),
        registered=True,
        clock="CLK",
        reset="RST.*",
        enable="CE.*",
    )


def _lut_memory(*paths: tuple[str, str], clock: str = "WCLK", enable: str = "WE") -> Cell:
    """A memory in look-up tables: what is read follows the address at once."""
    ways = tuple(Path(inputs=inputs, outputs=outputs) for inputs, outputs in paths)
    return Cell(kind=Kind.MEMORY, paths=ways, clock=clock, enable=enable)


def _lettered(letters: str) -> Cell:
    """A memory of several tables, each with an address."""
    return _lut_memory(*((rf"ADDR{x}(\[\d\])?", rf"DO{x}(\[\d\])?") for x in letters))


_DUAL = _lut_memory((r"A(\d|\[\d\])", "SPO"), (r"DPRA(\d|\[\d\])", "DPO"))
_SINGLE = _lut_memory((r"A(\d|\[\d\])", "O"))

_AMD: dict[str, Cell] = {
    **_luts(*(f"LUT{inputs}" for inputs in range(1, 7)), "LUT6_2", "INV"),
    **_registers("FDRE", "FDSE", "FDCE", "FDPE", clock="C", reset="R|S|CLR|PRE"),
    **_mux("MUXF7", "MUXF8", "MUXF9", data="I[01]"),
    **dict.fromkeys(("RAM32X1D", "RAM64X1D", "RAM128X1D", "RAM256X1D"), _DUAL),
    **dict.fromkeys(("RAM32X1S", "RAM64X1S", "RAM128X1S", "RAM256X1S", "RAM512X1S"), _SINGLE),
    **dict.fromkeys(("RAM32M", "RAM64M"), _lettered("ABCD")),
    **dict.fromkeys(("RAM32M16", "RAM64M8"), _lettered("ABCDEFGH")),
    **dict.fromkeys(("SRL16E", "SRLC32E"), _lut_memory((r"A(\d|\[\d\])", "Q"), clock="CLK", enable="CE")),
}

_ULTRASCALE: dict[str, Cell] = {
    **_AMD,
    "CARRY4": _amd_carry(4),
    "CARRY8": _amd_carry(8),
    **dict.fromkeys(("RAMB18E2", "RAMB36E2"), _amd_block_memory()),
    "DSP48E2": _dsp48(),
}

_SERIES_7: dict[str, Cell] = {
    **_AMD,
    "CARRY4": _amd_carry(4),
    **dict.fromkeys(("RAMB18E1", "RAMB36E1"), _amd_block_memory()),
    "DSP48E1": _dsp48(),
}

_NEXUS: dict[str, Cell] = {
    **_luts("LUT4", "INV", "WIDEFN9"),  # the last are two tables and a multiplexer in one cell
    **_registers("FD1P3BX", "FD1P3JX", clock="CK", reset="PD", enable="SP"),
    **_registers("FD1P3DX", "FD1P3IX", clock="CK", reset="CD", enable="SP"),
    "CCU2": Cell(
        kind=Kind.CARRY,
        paths=(Path(inputs="[ABCD]0|CIN", outputs="S0"), Path(inputs=".*", outputs="S1|COUT")),
        fixed=(_chain("CIN", "COUT"),),
    ),
    "DPR16X4": _lut_memory((r"RAD\[\d\]", r"DO\[\d\]"), clock="WCK", enable="WRE"),
    **dict.fromkeys(
        ("PDPSC16K", "PDP16K", "DP16K"),
        Cell(
            kind=Kind.MEMORY,
            clock="CLK[ABRW]?",
            reset="RST[AB]?",
            enable=r"(CE|WE)[ABRW]|CS[ABRW]\[\d\]",
            address=r"AD[ABRW]\[\d+\]",
        ),
    ),
    **dict.fromkeys(("VLO", "VHI"), _CONSTANT),
}

_GOWIN_MULTIPLIER = Cell(
    kind=Kind.MULTIPLIER,
    paths=tuple(
        Path(
            inputs=rf"(SI)?{side}\[\d+\]|{side}S(IGN|EL)",
            outputs=r"DOUT\[\d+\]",
            before=(f"{side}REG",),
            inside=("PIPE_REG",),
            behind=("OUT_REG", "OUT0_REG", "OUT1_REG"),
        )
        for side in "AB"
    ),
    clock="CLK",
    reset="RESET",
    enable="CE",
)

_GOWIN_5: dict[str, Cell] = {
    **_luts(*(f"LUT{inputs}" for inputs in range(1, 5)), "INV"),
    **_registers(
        *(f"DFF{edge}{reset}" for edge in ("", "N") for reset in ("", "E", "S", "SE", "R", "RE", "P", "PE")),
        *("DFFC", "DFFCE", "DFFNC", "DFFNCE"),
        clock="CLK",
        reset="SET|RESET|CLEAR|PRESET",
    ),
    "ALU": Cell(kind=Kind.CARRY, paths=_THROUGH, fixed=(_chain("CIN", "COUT"),)),
    **_mux(*(f"MUX2_LUT{inputs}" for inputs in range(5, 9)), data="I[01]"),
    "RAM16SDP4": _lut_memory((r"RAD\[\d\]", r"DO\[\d\]"), clock="CLK", enable="WRE"),
    **dict.fromkeys(
        ("SDPB", "SDPX9B", "DPB", "DPX9B", "SP", "SPX9"),
        Cell(
            kind=Kind.MEMORY,
            clock="CLK[AB]?",
            reset="RESET[AB]?",
            enable=r"O?CE[AB]?|WRE[AB]?|BLKSEL[AB]?\[\d\]",
            address=r"AD[AB]?\[\d+\]",
        ),
    ),
    **dict.fromkeys(("GND", "VCC"), _CONSTANT),
}

_GOWIN: dict[str, Cell] = {
    **_GOWIN_5,
    **dict.fromkeys(("MULT9X9", "MULT18X18", "MULT36X36"), _GOWIN_MULTIPLIER),
}

CELLS: Mapping[str, Mapping[str, Cell]] = {
    "ecp5": _ECP5,
    "xilinx": _ULTRASCALE,
    "xilinx7": _SERIES_7,
    "nexus": _NEXUS,
    "gowin": _GOWIN,
    "gowin5": _GOWIN_5,
}
"""The cells of each family, by type."""
