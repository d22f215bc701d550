"""What a design can be built for: the choice changes area and speed, never a bit of a result."""

from dataclasses import dataclass

__all__ = ["TARGETS", "Target", "check_target"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target.

    Parameters
    ----------
    carry:
        Cell of the carry chains (``hw.target.carry_sum``); None leaves additions to synthesis.
    products:
        Cell that multiplies sub-blocks: ``DSP48E2``, or ``*`` for whatever synthesis
        makes of a multiplication; None has products made of additions.
    """

    carry: str | None = None
    products: str | None = None


TARGETS = {
    "generic": Target(),
    "ecp5": Target(carry="CCU2C"),
    "xilinx": Target(carry="CARRY8"),
    "xilinx7": Target(carry="CARRY4"),
    "generic_dsp": Target(products="*"),
    "xilinx_dsp": Target(carry="CARRY8", products="DSP48E2"),
}
"""Every target by name."""


def check_target(target):
    """Raise ValueError unless ``target`` is one of ``TARGETS``."""
    if target not in TARGETS:
        raise ValueError(f"target must be one of {', '.join(TARGETS)}, not {target!r}")
