"""The array that ``mixdit demo`` and ``mixdit sample`` simulate."""

from mixdit.sim import ArrayHarness

__all__ = ["K_BLOCKS", "simulated_array"]

K_BLOCKS = 72
"""Blocks of 16 along K that it sums up in one go: the default of the exported array."""


def simulated_array(rows: int = 8, cols: int = 8, k_blocks: int = K_BLOCKS) -> ArrayHarness:
    """An array of this size.

    Raises ``mixdit.sim.toolchain.ToolchainError`` or ``mixdit.sim.verilate.BuildError``.
    """
    return ArrayHarness(rows=rows, cols=cols, k_blocks=k_blocks)
