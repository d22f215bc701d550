"""Yosys as a native library, where WebAssembly has not enough memory."""

from collections.abc import Sequence

__all__ = ["run"]


def run(arguments: Sequence[str]) -> int:
    """Run the commands that ``arguments`` hold, one string for all; an error of these ends the process."""
    from pyosys import libyosys

    (script,) = arguments
    libyosys.run_pass(script, libyosys.Design())
    return 0
