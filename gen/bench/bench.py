"""The self-checking bench of any design."""

from typing import Any

from gen.bench.engine_bench import engine_bench
from gen.bench.stream_bench import stream_bench
from gen.bench.vectors import VECTORS

__all__ = ["bench"]


def bench(design: str, top: Any, name: str, *, initialized: bool) -> str:
    """Text of module ``{name}_tb``, which drives module ``name``: ``top`` of the design called ``design``.

    It ends by itself, prints a line that begins with PASS or FAIL, and writes a waveform of the ports. Any
    simulator of Verilog-2005 or later runs it. A design that is not ``initialized`` is reset first.
    """
    if design in VECTORS:
        return stream_bench(name, top, VECTORS[design](getattr(top, "core", top)), initialized)
    return engine_bench(name, top, initialized)
