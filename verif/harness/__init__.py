"""A fast driver of the Verilated array: a C++ loop around the model, NumPy arrays in and out.

``build``: compiles the shared library; ``harness.cpp``: the loop; ``panels``: cutting operands into
tiles; ``array``: tiles and whole products.
"""

from verif.harness.array import ArrayHarness, HarnessError, Product, Run, Stalls
from verif.harness.panels import Panel, panels

__all__ = ["ArrayHarness", "HarnessError", "Panel", "Product", "Run", "Stalls", "panels"]
