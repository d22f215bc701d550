"""What a design can be built for: the choice changes area and speed, never a bit of a result.

A new target is an entry in ``TARGETS``. Forms of its own cells go into a file of the vendor, as ``ecp5`` and
``xilinx``, each a function like the twin in ``generic``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hw.target import ecp5, generic, xilinx

__all__ = ["TARGETS", "Target", "check_target"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target: the form that each primitive has on it.

    Parameters
    ----------
    summary:
        What it is for, in a sentence.
    family:
        The FPGA family whose cells it places, by its name for synthesis; None places no cells.
    cells:
        The cells that it places.
    carry_chain:
        Adds, for ``hw.target.carry_sum``.
    adder_inputs:
        Inputs that a bit of an addition has without further logic. 4 are enough to choose and add, 5 to
        choose, invert and add.
    multiply_add:
        Multiplies sub-blocks, for ``hw.target.multiply_add``; None has products made of additions.
    choose:
        Chooses between two values, for ``hw.target.multiplexer``.
    block_memory:
        Keeps words, for ``hw.target.block_memory``.
    """

    summary: str = ""
    family: str | None = None
    cells: tuple[str, ...] = ()
    carry_chain: Callable = generic.carry_chain
    adder_inputs: int = 5
    multiply_add: Callable | None = None
    choose: Callable = generic.choose
    block_memory: Callable = generic.block_memory


TARGETS = {
    "generic": Target(summary="Plain Verilog, for any FPGA, ASIC or simulator."),
    "ecp5": Target(
        summary="Lattice ECP5: carry cells, wide multiplexers, block memories.",
        family="ecp5",
        cells=("CCU2C", "DP16KD", "LUT4", "PFUMX"),
        carry_chain=ecp5.carry_chain,
        adder_inputs=4,
        choose=ecp5.choose,
        block_memory=ecp5.block_memory,
    ),
    "xilinx": Target(
        summary="AMD UltraScale+: carry cells.",
        family="xilinx",
        cells=("CARRY8", "LUT6_2"),
        carry_chain=partial(xilinx.carry_chain, cell="CARRY8"),
    ),
    "xilinx7": Target(
        summary="AMD 7 series: carry cells.",
        family="xilinx7",
        cells=("CARRY4", "LUT6_2"),
        carry_chain=partial(xilinx.carry_chain, cell="CARRY4"),
    ),
    "generic_dsp": Target(
        summary="Plain Verilog whose products are written as *, for DSP blocks.",
        multiply_add=generic.multiply_add,
    ),
    "xilinx_dsp": Target(
        summary="AMD UltraScale+: carry cells, and products in DSP blocks.",
        family="xilinx",
        cells=("CARRY8", "DSP48E2", "LUT6_2"),
        carry_chain=partial(xilinx.carry_chain, cell="CARRY8"),
        multiply_add=xilinx.multiply_add,
    ),
}
"""Every target by name."""


def check_target(target):
    """Raise ValueError unless ``target`` is one of ``TARGETS``."""
    if target not in TARGETS:
        raise ValueError(f"target must be one of {', '.join(TARGETS)}, not {target!r}")
