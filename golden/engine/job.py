"""What a job makes of memory, bit for bit.

Of a product, in this order, every step for all of D:

1. ``golden.matmul`` with the engine's chunks of K;
2. times the scale row, ``golden.functions.multiply17``;
3. plus the bias row, ``golden.add_binary32``;
4. of that the function, ``Function``;
5. times the gate, a row or a column, ``golden.functions.multiply17``;
6. plus the old D, ``golden.add_binary32``;
7. as it is (binary32), rounded to bfloat16, or quantized along N with zeros behind column N.

Steps 2 to 6 are those that the job asks for, in any combination.

Bias and old D count as zero of their sign where they are subnormal. Of a reorder job, each step if it is
asked for:

1. rows divided by their last element, ``golden.functions.divide_by_column``, or

   normalized, ``golden.functions.norm.standardize``, a row with an infinity or NaN to NaN, or

   2 to the power of what is left without their maximum, ``golden.functions.exponential``;
2. permuted, ``D[:, i] = A[:, permutation[i]]``;
3. if normalized, times the gate row and plus the bias row, ``golden.functions.norm.modulate``, where a row
   that is not there counts as 1.0 or 0.0;
4. as in step 7 above, with every NaN 0x7FC00000.

Nothing but the rows of D is written. Jobs overlap in time where nobody can tell: memory is as if they ran
strictly one after the other, each on what those before wrote.

A job is out of range, `JobResult.out_of_range`, where what D should be cannot be held: 2**x of a product
that is not below what ``golden.functions.exp2`` takes, a row divided by what is no
``golden.functions.division.is_divisor``, a row to be normalized that has an infinity or NaN, or one of
exponentials without a number as maximum. -infinity as a logit is a mask, and not out of range by itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.engine.check import Region, check, regions, vector_lengths
from golden.engine.descriptor import Descriptor, Operation
from golden.engine.errors import ErrorCode
from golden.engine.function import Function
from golden.engine.matrix import floats_from_rows, floats_to_rows, from_rows, to_rows
from golden.engine.memory_format import FLOAT_FORMATS, INDEX_BYTES, MemoryFormat
from golden.engine.norm import Norm
from golden.engine.parameters import EngineParameters
from golden.formats import BLOCK_SIZE, MX9
from golden.functions import divide_by_column, exponential, multiply17
from golden.functions.division import is_divisor
from golden.functions.exp2 import exp2_in_range
from golden.functions.exponential import has_largest
from golden.functions.norm import modulate, standardize
from golden.matmul import matmul
from golden.quantization import quantize
from golden.rounding import add_binary32, canonical_nan, flush
from golden.tensor import Tensor, concat


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """What became of a job.

    Parameters
    ----------
    code:
        Why it was refused, or `ErrorCode.NONE`.
    out_of_range:
        Whether it set ``range`` in INTERRUPT_STATUS: something in D is not what it should be, see above.
    """

    code: ErrorCode = ErrorCode.NONE
    out_of_range: bool = False


def run(
    memory: NDArray[np.uint8], descriptor: Descriptor, parameters: EngineParameters, origin: int = 0
) -> ErrorCode:
    """`run_job`, whose ``code`` it returns."""
    return run_job(memory, descriptor, parameters, origin).code


def run_job(
    memory: NDArray[np.uint8], descriptor: Descriptor, parameters: EngineParameters, origin: int = 0
) -> JobResult:
    """Run a job on ``memory``, in place.

    Parameters
    ----------
    memory:
        uint8 ``[size]``, the bytes from address ``origin`` on.
    descriptor:
        The job.
    parameters:
        The engine that runs it.
    origin:
        Address of ``memory[0]``.

    Returns
    -------
    JobResult
        Why it was refused, and whether it was out of range. After `ErrorCode.PERMUTATION`, D is undefined;
        here it is untouched.

    Raises
    ------
    IndexError
        The job touches an address outside ``memory``.
    """
    d = descriptor
    if code := check(d, parameters):
        return JobResult(code=code)
    found = regions(d)
    views = {name: _rows_of(memory, region, origin) for name, region in found.items()}
    d_format = MemoryFormat(d.d_format)
    vectors = _vectors(d, views)
    in_range = np.asarray(True)
    if d.operation == Operation.REORDER:
        values = floats_from_rows(views["A"], MemoryFormat(d.a_format))
        if d.divide:
            in_range = is_divisor(values[:, -1])
            values = divide_by_column(values[:, :-1], values[:, -1:])
        if d.norm == Norm.EXPONENTIAL:
            in_range = has_largest(values)
            values = exponential(values)
        elif d.norm:
            in_range = np.isfinite(values)
            epsilon = np.uint32(d.epsilon).view(np.float32)
            values = standardize(values, epsilon=epsilon, mean=d.norm == Norm.LAYER)
        if d.permute:
            order = views["B"].copy().view(f"<u{INDEX_BYTES}")[0]
            if (order >= d.n).any():
                return JobResult(code=ErrorCode.PERMUTATION)
            values = values[:, order]
        if d.norm and d.norm != Norm.EXPONENTIAL:
            values = modulate(values, scale=vectors.get("gate", 1.0), shift=vectors.get("bias", 0.0))
        values = canonical_nan(values)
    else:
        a = from_rows(views["A"], MemoryFormat(d.a_format), d.k, d.a_mx9_blocks)
        b = from_rows(views["B"], MemoryFormat(d.b_format), d.k, d.b_mx9_blocks)
        values = matmul(a, b, fraction_bits=parameters.fraction_bits, k_blocks=parameters.k_blocks)
        if d.scale:
            values = multiply17(values, vectors["scale"])
        if d.bias:
            values = add_binary32(values, flush(vectors["bias"]))
        if d.function == Function.EXP2:
            in_range = exp2_in_range(values)
        values = Function(d.function)(values)
        if d.gate:
            values = multiply17(values, vectors["gate"][:, None] if d.gate_by_row else vectors["gate"])
        if d.accumulate:
            values = add_binary32(values, flush(floats_from_rows(views["D"], d_format)))
    views["D"][:] = encode(values, d_format, d.d_mx9_blocks)
    return JobResult(out_of_range=not in_range.all())


def encode(values: NDArray[np.float32], fmt: MemoryFormat, mx9_blocks: int = 0) -> NDArray[np.uint8]:
    """Rows of D from float32 ``[M, N]``: uint8 ``[M, row_bytes]``."""
    if fmt in FLOAT_FORMATS:
        return floats_to_rows(values, fmt)
    return to_rows(quantize_rows(values, fmt, mx9_blocks))


def quantize_rows(values: NDArray[np.float32], fmt: MemoryFormat, mx9_blocks: int = 0) -> Tensor:
    """Float32 ``[M, N]`` as blocks along N, the first ``mx9_blocks`` in MX9, the others in ``fmt``."""
    block = fmt.block_format
    if block is None:
        raise ValueError(f"fmt must be a block format, not {fmt.name}")
    head = min(values.shape[1], mx9_blocks * BLOCK_SIZE)
    if head == 0:
        return quantize(values, block)
    if head == values.shape[1]:
        return quantize(values, MX9)
    return concat([quantize(values[:, :head], MX9), quantize(values[:, head:], block)])


def _vectors(d: Descriptor, views: dict[str, NDArray[np.uint8]]) -> dict[str, NDArray[np.float32]]:
    """A job's vectors by name, float32 ``[N]``, or ``[M]`` for a gate by row."""
    if "BIAS" not in views:
        return {}
    lengths = vector_lengths(d)
    (floats,) = floats_from_rows(views["BIAS"], MemoryFormat.BINARY32)
    return dict(zip(lengths, np.split(floats, np.cumsum(list(lengths.values()))[:-1]), strict=True))


def _rows_of(memory: NDArray[np.uint8], region: Region, origin: int) -> NDArray[np.uint8]:
    """A view of a region's rows, uint8 ``[rows, row_bytes]``."""
    start = region.address - origin
    if start < 0 or region.end - origin > len(memory):
        raise IndexError(
            f"{region.name} takes {region.address:#x} to {region.end - 1:#x}, but memory has"
            f" {origin:#x} to {origin + len(memory) - 1:#x}"
        )
    return np.lib.stride_tricks.as_strided(
        memory[start : region.end - origin], (region.rows, region.row_bytes), (region.pitch, 1)
    )
