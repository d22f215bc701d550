"""The hardware, in Amaranth. Widths and constants come from ``golden``.

Designs with streams of packets, exported as Verilog (``gen``):

``quantizer``, ``dequantizer``, ``converter``: blocks from binary32, to binary32, of another format
(``stages``, ``pipeline``, ``free_pipeline`` and ``block`` are their pieces).
``array``: the matrix engine's core, from streams of blocks to streams of binary32; ``array_quantizer``: to
streams of blocks.

The array's parts, from the operands to the results:

``tile_loader``, ``operand_lane``: receive blocks, keep them, split them into passes, align exponents.
``sequencer``: which block meets which, and when.
``grid``: the systolic grid of ``processing_element``, each a ``block_dot`` (with DSP blocks a ``packed_dot``
of ``packed_operand``) and an ``aligned_accumulator``, with ``drain_segment`` and ``drain_cell``, which ends
in ``aligned_to_float``.

``targets``: what a design can be built for. ``carry_sum`` has all adders of the array and ``multiply_add``
all multipliers, each a behavioural twin with forms in cells: ``carry_chain_ecp5``,
``carry_chain_xilinx``, ``dsp48e2``.

``gemm``: the engine around arrays, with AXI ports (``axi``).

Shared: ``layouts`` of payloads, ``axi_stream`` ports, ``delay``, ``shared_module`` (one Verilog module for
many instances).
"""

from hw.array import Array
from hw.axi_stream import AXIStreamTop
from hw.converter import Converter
from hw.dequantizer import Dequantizer
from hw.layouts import FormatCode
from hw.quantizer import Quantizer
from hw.sequencer import TileStatus

__all__ = ["AXIStreamTop", "Array", "Converter", "Dequantizer", "FormatCode", "Quantizer", "TileStatus"]
