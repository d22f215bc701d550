"""What synthesis found about a design, and the figures that follow from it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median_low
from typing import Any

from gen.synth.chips import CHIPS
from gen.synth.families import Area, Family
from gen.synth.fan_out import FanOuts
from gen.synth.levels import Levels
from gen.synth.placement import Placement, WorstPath
from gen.synth.standard_cells import Memories
from gen.synth.subjects import Built
from gen.synth.synthesis import Part
from gen.synth.with_macros import Macros

__all__ = ["Result", "Timing"]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Placements of one netlist with several seeds.

    Parameters
    ----------
    seeds:
        The placement of each seed.
    """

    seeds: Mapping[int, Placement]

    @property
    def median(self) -> Placement:
        """The placement with the median Fmax, the lower one of two; with the first seed if it has none."""
        placements = list(self.seeds.values())
        known = [p.fmax_mhz for p in placements if p.fmax_mhz is not None]
        return next((p for p in placements if p.fmax_mhz == median_low(known)), placements[0])

    @property
    def fmax_mhz(self) -> float | None:
        """Median Fmax."""
        return self.median.fmax_mhz

    @property
    def comb(self) -> int:
        """Look-up tables placed, on ECP5 TRELLIS_COMB, which no seed changes."""
        return self.median.comb

    @property
    def worst_path(self) -> WorstPath | None:
        """The path that limits the median."""
        return self.median.worst_path


@dataclass(frozen=True, kw_only=True)
class Result:
    """One design on one family.

    Parameters
    ----------
    built:
        The design.
    family:
        The family.
    dsp:
        Whether products could go into DSP blocks.
    area:
        Its cells by Yosys; None if Yosys failed.
    plain, trimmed:
        nextpnr without and with the step in ``gen.synth.trim``; None where it was not run. For standard
        cells ``plain`` is their timing before layout, for a device of ``CHIPS`` all that nextpnr found.
    parts:
        Cells by kind of part, from a run that kept the modules apart; empty where it was not made.
    levels, fan_outs:
        The longest chains and the largest fan-outs of Yosys' netlist; None if Yosys failed.
    placed_fan_outs:
        The largest fan-outs where ``gen.synth.copies`` has made its copies, as nextpnr gets it trimmed; None
        for families other than ecp5.
    failures:
        Steps that failed, with the tool's message, one line each.
    tools:
        Versions of the tools.
    without:
        Modules that were left out.
    only:
        The one module that was taken, if not all. A part of a design is not rated by products.
    memories:
        Of standard cells, the design's memories.
    macros, no_macros:
        The processing elements that were placed as macros, of ``trimmed``, or why there is no room for
        them; both None where macros were not asked for.
    """

    built: Built
    family: Family
    dsp: bool
    area: Area | None
    plain: Timing | None = None
    trimmed: Timing | None = None
    parts: Sequence[Part] = ()
    levels: Levels | None = None
    fan_outs: FanOuts | None = None
    placed_fan_outs: FanOuts | None = None
    failures: Sequence[str] = ()
    tools: Sequence[str] = ()
    without: Sequence[str] = ()
    only: str | None = None
    memories: Memories | None = None
    macros: Macros | None = None
    no_macros: str | None = None

    @property
    def macs(self) -> float | None:
        """Multiply-accumulates per cycle in the fastest mode."""
        modes = self.built.macs_per_cycle
        return max(modes.values()) if modes and not (self.without or self.only) else None

    @property
    def lut_per_mac(self) -> float | None:
        """Look-up tables per multiply-accumulate and cycle, fastest mode."""
        return self.area.lut / self.macs if self.area and self.macs else None

    @property
    def um2_per_mac(self) -> float | None:
        """Square micrometres per multiply-accumulate and cycle, fastest mode; of standard cells only."""
        return self.area.um2 / self.macs if self.area and self.area.um2 and self.macs else None

    @property
    def lut_per_element(self) -> float | None:
        """Look-up tables per element and cycle, for a design without products."""
        elements = self.built.elements_per_cycle
        return self.area.lut / elements if self.area and elements else None

    def comb_per_mac(self, timing: Timing | None) -> float | None:
        """TRELLIS_COMB per multiply-accumulate and cycle."""
        return timing.comb / self.macs if timing and timing.comb and self.macs else None

    def mac_per_s_per_lut(self, timing: Timing | None) -> dict[str, float] | None:
        """Multiply-accumulates per second and look-up table, by precision mode."""
        if not (self.area and timing and timing.fmax_mhz and self.macs and self.built.macs_per_cycle):
            return None
        area = self.macros.netlist.area if self.macros and timing is self.trimmed else self.area
        per_mac = timing.fmax_mhz * 1e6 / area.lut
        return {mode: macs * per_mac for mode, macs in self.built.macs_per_cycle.items()}

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values. A name that ends in ``_trimmed`` is with the step in ``trim``."""
        counts = asdict(self.area) if self.area else {}
        return {
            "design": self.built.name,
            "digest": self.built.digest,
            "family": self.family.name,
            "target": self.built.parameters.get("target"),
            "parameters": dict(self.built.parameters),
            "without": list(self.without),
            "only": self.only,
            "dsp_allowed": self.dsp,
            "lut_counting": self.family.counting,
            **counts,
            "macs_per_cycle": dict(self.built.macs_per_cycle) if self.built.macs_per_cycle else None,
            "lut_per_mac": self.lut_per_mac,
            "lut_per_element": self.lut_per_element,
            "um2_per_mac": self.um2_per_mac,
            "memory_bits": asdict(self.memories) if self.memories else None,
            **self._timing_json(self.plain, ""),
            **self._timing_json(self.trimmed, "_trimmed"),
            "macros": self._macros_json(),
            "chip": self._chip_json(),
            "parts": {
                part.name: {
                    "number": part.number,
                    "lut": part.area.lut,
                    "ff": part.area.ff,
                    "ram": part.area.ram,
                }
                for part in self.parts
            },
            "levels": asdict(self.levels) if self.levels else None,
            "fan_out": asdict(self.fan_outs) if self.fan_outs else None,
            "placed_fan_out": asdict(self.placed_fan_outs) if self.placed_fan_outs else None,
            "failures": list(self.failures),
            "tools": list(self.tools),
        }

    def _macros_json(self) -> dict[str, Any] | None:
        if self.macros:
            area = self.macros.netlist.area
            return {**self.macros.to_json(), "design_lut": area.lut, "design_ff": area.ff}
        return {"number": 0, "reason": self.no_macros} if self.no_macros else None

    def _chip_json(self) -> dict[str, Any] | None:
        """What is known of a design on a device of ``CHIPS``, by the placement with the median Fmax."""
        chip = CHIPS.get(self.family.name)
        if not (chip and self.plain):
            return None
        placed = self.plain.median
        return {
            "name": chip.name,
            "luts": placed.comb_available,
            "bitstream_bytes": placed.bitstream_bytes,
            "seconds": placed.seconds,
        }

    def _timing_json(self, timing: Timing | None, suffix: str) -> dict[str, Any]:
        path = timing.worst_path if timing else None
        return {
            f"comb{suffix}": timing.comb or None if timing else None,
            f"comb_per_mac{suffix}": self.comb_per_mac(timing),
            f"fmax_mhz{suffix}": timing.fmax_mhz if timing else None,
            f"fmax_mhz_by_seed{suffix}": {s: p.fmax_mhz for s, p in timing.seeds.items()} if timing else {},
            f"worst_path{suffix}": asdict(path) if path else None,
            f"mac_per_s_per_lut{suffix}": self.mac_per_s_per_lut(timing),
        }
