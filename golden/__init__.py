"""The golden model: NumPy code that defines every bit the hardware produces.

``formats``: the formats and the constants that hardware reads from them. ``bfloat16``: floats of 16 bits.
``floats``: formats of single floats.
``tensor``: block tensors, in one format or mixed along K.
``quantization``: binary32 to blocks and back. ``conversion``: blocks of one format as blocks of another.
``packing``: blocks in memory and in stream slots.
``passes``: operands as the 4-bit-magnitude passes that the array multiplies.
``dot``: exact dot products of blocks. ``matmul``: products of matrices with the hardware's accumulators; of
``operand``, ``stepwise`` and ``rounding``.
``reference``: the same rules in plain Python integers, one element at a time, for tests.
``functions``: what a transformer block does besides products.
``engine``: what an engine does to memory. ``drain_rows``: a default of its array.
"""

from golden.conversion import convert, stream_parts
from golden.dot import BlockDot, block_dot
from golden.formats import FORMATS, MX4, MX6, MX9, MXINT8, Format, accumulator_bits
from golden.matmul import FRACTION_BITS, matmul
from golden.packing import SLOT_BYTES, format_codes, pack, pack_blocks, slots, unpack
from golden.passes import Passes, reference_exponents, split_passes
from golden.quantization import dequantize, quantize
from golden.rounding import add_binary32, round_to_binary32
from golden.tensor import MixedTensor, MXTensor, Tensor, concat

__all__ = [
    "FORMATS",
    "FRACTION_BITS",
    "MX4",
    "MX6",
    "MX9",
    "MXINT8",
    "SLOT_BYTES",
    "BlockDot",
    "Format",
    "MXTensor",
    "MixedTensor",
    "Passes",
    "Tensor",
    "accumulator_bits",
    "add_binary32",
    "block_dot",
    "concat",
    "convert",
    "dequantize",
    "format_codes",
    "matmul",
    "pack",
    "pack_blocks",
    "quantize",
    "reference_exponents",
    "round_to_binary32",
    "slots",
    "split_passes",
    "stream_parts",
    "unpack",
]
