"""The engine in a system made by LiteX; needs LiteX, and the folder of an export.

``gemm``: the engine as a LiteX module, and what wires it to a system's buses and interrupt. ``exported``: the
export that it is made of. ``soc``: a small system with an engine, to begin with.
"""

from mixdit.litex.exported import ExportError
from mixdit.litex.gemm import MixDiTGemm, add_mixdit_gemm

__all__ = ["ExportError", "MixDiTGemm", "add_mixdit_gemm"]
