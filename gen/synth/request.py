"""What is asked of the flow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gen.synth.chips import CHIPS, Chip
from gen.synth.families import Family
from gen.synth.subjects import Subject
from gen.synth.tools import NEXTPNR_ECP5, OPENSTA, YOSYS, Program, Tool

__all__ = ["Request"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A design to take through the flow.

    Parameters
    ----------
    subject:
        The design.
    family:
        The FPGA family, or the standard cells.
    parameters:
        The design's parameters, where they differ from its defaults.
    dsp:
        Let products go into DSP blocks.
    seeds:
        Seeds to place it with, 1 and up; none for Yosys alone. A family without an open tool for
        placement is never placed; standard cells are timed once, before layout. One of ``CHIPS`` is placed in
        a wrapper, without trimming, and packed into a bitstream.
    frequency_mhz:
        Clock frequency that placement strives for.
    placer:
        nextpnr's placer, one of ``PLACERS``.
    plain:
        Also place Yosys' netlist as it is, not only with chain ends trimmed.
    by_part:
        Also count cells by kind of part.
    without:
        Modules of the design that are left out: what remains has the ports of their instances.
    only:
        The one module of the design to take; None for all of it.
    macros:
        Place processing elements as macros, for the netlist with trimmed chain ends, if the device has room.
    """

    subject: Subject
    family: Family
    parameters: Mapping[str, Any] = field(default_factory=dict)
    dsp: bool = False
    seeds: int = 3
    frequency_mhz: float = 300
    placer: str = "heap"
    plain: bool = True
    by_part: bool = False
    without: Sequence[str] = ()
    only: str | None = None
    macros: bool = False

    @property
    def chip(self) -> Chip | None:
        """The device that it is placed on in a wrapper."""
        return CHIPS.get(self.family.name)

    @property
    def placed(self) -> bool:
        """Whether it is placed and routed."""
        return self.family.timing and self.seeds > 0

    @property
    def timed(self) -> bool:
        """Whether it is timed without being placed."""
        return self.family.library is not None and self.seeds > 0

    @property
    def steps(self) -> int:
        """Runs of a tool that it takes, but for macros."""
        netlists = 1 if self.chip else 1 + self.plain
        return 1 + self.by_part + self.timed + (netlists * self.seeds if self.placed else 0)

    @property
    def tools(self) -> list[Tool | Program]:
        """Tools that it takes."""
        places = self.chip.tools if self.chip else [NEXTPNR_ECP5]
        return [YOSYS, *(places if self.placed else []), *([OPENSTA] if self.timed else [])]
