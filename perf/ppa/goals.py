"""What the designs should reach: the one place where goals stand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gen.synth.placement import LFE5U_85
from gen.synth.result import Result
from perf.ppa.engine import excess
from perf.ppa.standard import overhead

__all__ = ["GOALS", "TRIED", "Goal"]

Figure = Callable[..., float | None]
"""Of a run, or of two: ``run`` and ``beside``."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure to reach.

    Parameters
    ----------
    run:
        The run that it is about, a name of the standard set.
    item:
        What is measured.
    figure:
        The figure of that run.
    least:
        Whether the goal is a least value, not a most.
    goal, stretch:
        The goal, and the one beyond; None where there is none.
    unit:
        Unit, written after the figure.
    digits:
        Digits after the point.
    beside:
        A run that the figure compares with; None for a figure of ``run`` alone.
    """

    run: str
    item: str
    figure: Figure
    goal: float
    stretch: float | None = None
    least: bool = False
    unit: str = ""
    digits: int = 1
    beside: str | None = None

    def synthesized(self, results: Mapping[str, Result]) -> bool:
        """Whether its runs are among ``results``, placed or not."""
        return all(name in results for name in self._runs)

    def value(self, results: Mapping[str, Result]) -> float | None:
        """The figure among ``results``, by name; None where a run is not among them, or was not placed."""
        return self.figure(*(results[name] for name in self._runs)) if self.synthesized(results) else None

    @property
    def _runs(self) -> list[str]:
        return [name for name in (self.run, self.beside) if name]

    def reached(self, value: float, limit: float | None) -> bool:
        """Whether ``value`` is as good as ``limit``."""
        return limit is not None and (value >= limit if self.least else value <= limit)


def _lut_per_mac(r: Result) -> float | None:
    return r.lut_per_mac


def _fmax(r: Result) -> float | None:
    return r.trimmed.fmax_mhz if r.trimmed else None


def _plain_fmax(r: Result) -> float | None:
    return r.plain.fmax_mhz if r.plain else None


def _rate(r: Result) -> float | None:
    """M MAC/s per LUT in the fastest mode."""
    rates = r.mac_per_s_per_lut(r.trimmed)
    return max(rates.values()) / 1e6 if rates else None


def _ff_per_lut(r: Result) -> float | None:
    return r.area.ff / r.area.lut if r.area else None


def _percent_overhead(r: Result) -> float | None:
    share = overhead(r)
    return None if share is None else 100 * share


def _lut(r: Result) -> float | None:
    return r.area.lut if r.area else None


def _percent_of_device(r: Result) -> float | None:
    return 100 * max(r.area.lut / LFE5U_85.lut, r.area.ff / LFE5U_85.ff) if r.area else None


def _percent_over(r: Result, array: Result) -> float | None:
    share = excess(r, array, "lut")
    return None if share is None else 100 * share


def _levels(r: Result) -> float | None:
    return r.levels.registers.levels if r.levels and r.levels.registers else None


def _speed(run: str, goal: float, stretch: float | None, figure: Figure = _fmax, item: str = "Fmax") -> Goal:
    return Goal(
        run=run, item=item, figure=figure, goal=goal, stretch=stretch, least=True, unit=" MHz", digits=0
    )


def _size(run: str, lut: str, goal: float, stretch: float, figure: Figure = _lut_per_mac) -> Goal:
    return Goal(run=run, item=f"{lut} per MAC", figure=figure, goal=goal, stretch=stretch)


def _per_element(run: str, goal: float, stretch: float) -> Goal:
    return Goal(
        run=run, item="LUT4 per element", figure=lambda r: r.lut_per_element, goal=goal, stretch=stretch
    )


def _over(run: str, array: str, goal: float, stretch: float) -> Goal:
    return Goal(
        run=run,
        item="LUT4 over its array",
        figure=_percent_over,
        beside=array,
        goal=goal,
        stretch=stretch,
        unit=" %",
        digits=0,
    )


GOALS: Sequence[Goal] = (
    _size("pe", "LUT4", 51, 48),
    _speed("pe", 290, 310),
    Goal(
        run="pe",
        item="M MAC/s per LUT4",
        figure=_rate,
        goal=5.7,
        stretch=6.5,
        least=True,
        digits=2,
    ),
    Goal(run="pe", item="FF per LUT4", figure=_ff_per_lut, goal=1.3, stretch=1.1, digits=2),
    Goal(
        run="pe",
        item="TRELLIS_COMB per MAC, plain nextpnr",
        figure=lambda r: r.comb_per_mac(r.plain),
        goal=62,
    ),
    _speed("pe", 280, None, _plain_fmax, "Fmax, plain nextpnr"),
    _size("grid_2x2", "LUT4", 56, 52),
    _size("grid_4x4", "LUT4", 53, 52),
    _size("grid_8x8", "LUT4", 54, 52),
    _speed("grid_2x2", 240, 259),
    _speed("grid_4x4", 245, 260),
    _speed("grid_8x8", 200, 225),
    _size("array_4x4", "LUT4", 62, 60),
    _speed("array_4x4", 220, 240),
    _size("array_8x8", "LUT4", 57, 55),
    _speed("array_8x8", 175, 200),
    Goal(
        run="array_8x8",
        item="M MAC/s per LUT4",
        figure=_rate,
        goal=3.1,
        stretch=3.5,
        least=True,
        digits=2,
    ),
    Goal(run="engine_4x4", item="LUT4", figure=_lut, goal=25000, stretch=22000, digits=0),
    _speed("engine_4x4", 150, 200),
    _over("engine_4x4", "array_4x4", 60, 40),
    Goal(
        run="engine_8x8",
        item="LUT4 or flip-flops of an LFE5U-85F",
        figure=_percent_of_device,
        goal=85,
        unit=" %",
    ),
    _over("engine_8x8", "array_8x8", 20, 12),
    *(
        Goal(run=run, item="levels between registers", figure=_levels, goal=6, stretch=5, digits=0)
        for run in ("array_4x4", "engine_4x4", "array_16x16_xilinx_dsp", "engine_8x8_xilinx_dsp")
    ),
    _size("array_16x16_xilinx_dsp", "LUT6", 12, 10),
    _size("pe_generic", "LUT4", 80, 70),
    _speed("pe_generic", 220, 250),
    _size("pe_xilinx", "LUT6", 46, 40),
    _size("pe_xilinx_dsp", "LUT6", 22, 18),
    Goal(
        run="pe_xilinx_dsp",
        item="DSP48E2",
        figure=lambda r: r.area.dsp if r.area else None,
        goal=8,
        digits=0,
    ),
    _per_element("quantizer", 120, 80),
    _speed("quantizer", 200, 250),
    _per_element("converter", 25, 12),
    _speed("converter", 300, None),
    Goal(
        run="array_8x8",
        item="outside the elements: loaders, lanes, drain",
        figure=_percent_overhead,
        goal=12,
        stretch=8,
        unit=" %",
    ),
)
"""Every goal, in the order of the report. Fmax is with chain ends trimmed unless it says plain."""

TRIED: Mapping[tuple[str, str], str] = {
    ("pe", "TRELLIS_COMB per MAC, plain nextpnr"): "every carry chain has a feed-in and a feed-out cell"
    " that only the trimming step removes; fewer chains would take wider additions.",
    ("grid_2x2", "LUT4 per MAC"): "sign bytes found in one polarity; the exponent's subtraction and the"
    " carry of rounding in one addition. What is left of a column's converter is mostly shifter, a"
    " multiplexer per bit and step; it serves two rows only, and a further row costs much less.",
    ("array_4x4", "LUT4 per MAC"): "lanes that read ready-made passes, memories shared by two sub-blocks,"
    " references found while blocks arrive, a drain by turns. What is left beside the elements: a loader and"
    " its alignment on either side, a converter in each column, and the unpacking in each lane.",
    ("array_4x4", "Fmax"): "registers between a loader's alignment and its memories, and in front of a lane's"
    " largest exponent (145 MHz before both); copies of what drives many loads, which alone gave nothing."
    " What limits it now is two look-up tables behind a lane's memory, far from it: a register between is the"
    " next thing to try.",
    ("array_8x8", "LUT4 per MAC"): "as the array of 4x4.",
    ("array_8x8", "Fmax"): "neither placer of nextpnr ends on its 67,552 flip-flops, 81 % of the device's:"
    " heap looks for room around each one, static moves all in five minutes and then makes the places legal"
    " for more than an hour. With elements as macros (--macros), wrapped around in 10 columns of 7, static"
    " ends within ten minutes, at an estimate of 62 MHz, for what is not an element is left to the gaps"
    " between them and far apart; the router had 281,589 of 308,850 arcs to go after eleven minutes, and was"
    " stopped.",
    ("array_8x8", "M MAC/s per LUT4"): "as its Fmax.",
    ("engine_4x4", "LUT4"): "operands unpacked once and kept once, results as wide as the bus, a quantizer of"
    " that width, tile loop by operand, regions by first and last address, descriptor registers by byte:"
    " 47,911 LUT4 before. Descriptors in memory instead of registers (about 1,500), one walker for both"
    " operand readers (about 600), regions and queues of bursts in memory are not built.",
    ("engine_4x4", "Fmax"): "what much hangs on is known a cycle earlier, jobs are chosen in one cycle and"
    " begun in the next, enables for 256 bits of a pipeline each, copies of what drives many loads; then"
    " registers where results are placed and tiles issued, and deep memories with their own output registers"
    " (85 MHz before). Two thirds of each slow path are wires: nextpnr spreads the engine over the device."
    " With elements as macros it was no faster.",
    ("engine_4x4", "LUT4 over its array"): "as its LUT4.",
    ("engine_4x4", "levels between registers"): "16 levels before. Chains of 8 are left from the last"
    " slice of an addition to the count of addends and from the adder to the queue of tiles; of 7 in the"
    " finder of blocks, the sequencer, the row collector and the bytes that both operand readers ask for.",
    ("engine_8x8", "LUT4 or flip-flops of an LFE5U-85F"): "as the engine of 4x4; an 8x8 array alone takes"
    " three quarters of the device.",
    ("engine_8x8", "LUT4 over its array"): "as the engine of 4x4.",
    ("engine_8x8_xilinx_dsp", "levels between registers"): "as the engine of 4x4.",
    ("array_16x16_xilinx_dsp", "LUT6 per MAC"): "DSP blocks multiply and add within an element; what is"
    " left is its alignment and the drain.",
    ("converter", "LUT4 per element"): "registers that copy what had up to 128 loads took 3 LUT4.",
    ("converter", "Fmax"): "325 MHz was measured before none of its signals had more than 64 loads; what else"
    " changed since was not looked into.",
    ("grid_4x4", "Fmax"): "a drain by turns with a tree of ORs, exponents in two cycles, elements as macros,"
    " which differ from seed to seed.",
    ("grid_8x8", "Fmax"): "not placed, as the array of 8x8. Earlier grids, of fewer registers, were: two"
    " product stages with the static placer were slower than one stage with the heap placer. Either one"
    " spread the elements over the whole device.",
    ("array_8x8", "outside the elements: loaders, lanes, drain"): "block memories without bypass,"
    " skews in block memory, references of a few tiles only, slice multiplexers. What is left is a"
    " lane's unpacking of three formats and a converter per column and segment.",
}
"""For goals that are not reached, by run and item: what was tried. The report adds the limiting path."""
