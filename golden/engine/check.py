"""Whether an engine takes a descriptor: the hardware's check, in the order of its error codes."""

from collections.abc import Iterator
from dataclasses import dataclass

from golden.engine.descriptor import DIMENSION_LIMIT, Descriptor, Operation
from golden.engine.errors import ErrorCode
from golden.engine.function import Function
from golden.engine.memory_format import (
    FLOAT_BYTES,
    INDEX_BYTES,
    MIXABLE_FORMATS,
    OPERAND_FORMATS,
    QUANTIZED_FORMATS,
    REORDER_FORMATS,
    RESULT_FORMATS,
    MemoryFormat,
    row_bytes,
)
from golden.engine.norm import EPSILON_LIMIT, LONGEST_ROW, Norm
from golden.engine.parameters import EngineParameters
from golden.formats import BLOCK_SIZE


@dataclass(frozen=True)
class Region:
    """Where a matrix lies: ``rows`` rows of ``row_bytes`` at ``address + r * pitch``."""

    name: str
    address: int
    pitch: int
    rows: int
    row_bytes: int
    alignment: int

    @property
    def end(self) -> int:
        """Address behind its last byte."""
        return self.address + (self.rows - 1) * self.pitch + self.row_bytes

    def overlaps(self, other: "Region") -> bool:
        """Whether the regions meet, gaps between rows counted as part of them."""
        return self.address < other.end and other.address < self.end


def regions(d: Descriptor) -> dict[str, Region]:
    """Memory that a job touches by matrix: A, B (or the permutation), D, BIAS; no entry for one not used.

    BIAS is all of the job's vectors, as one row.
    """
    found = {}

    def add(name: str, rows: int, pitch: int, code: int, elements: int, mx9_blocks: int = 0) -> None:
        fmt = MemoryFormat(code)
        size = row_bytes(fmt, elements, mx9_blocks)
        found[name] = Region(name, getattr(d, f"{name.lower()}_address"), pitch, rows, size, fmt.alignment)

    if d.operation == Operation.PRODUCT:
        add("A", d.m, d.a_pitch, d.a_format, d.k, d.a_mx9_blocks)
        add("B", d.n, d.b_pitch, d.b_format, d.k, d.b_mx9_blocks)
    else:
        add("A", d.m, d.a_pitch, d.a_format, d.n + d.divide)
        if d.permute:
            found["B"] = Region("B", d.b_address, 0, 1, INDEX_BYTES * d.n, INDEX_BYTES)
    add("D", d.m, d.d_pitch, d.d_format, d.n, d.d_mx9_blocks)
    if lengths := vector_lengths(d):
        size = FLOAT_BYTES * sum(lengths.values())
        found["BIAS"] = Region("BIAS", d.bias_address, 0, 1, size, FLOAT_BYTES)
    return found


def vector_lengths(d: Descriptor) -> dict[str, int]:
    """Elements of a job's vectors, by name, one right behind the other in memory: scale, bias, gate."""
    lengths = {"scale": d.n, "bias": d.n, "gate": d.m if d.gate_by_row else d.n}
    return {name: length for name, length in lengths.items() if getattr(d, name)}


def check(d: Descriptor, parameters: EngineParameters) -> ErrorCode:
    """The first fault in the order of the codes, `ErrorCode.NONE` for a job that the engine runs."""
    return next(_faults(d, parameters), ErrorCode.NONE)


def _faults(d: Descriptor, parameters: EngineParameters) -> Iterator[ErrorCode]:
    product = d.operation == Operation.PRODUCT
    if any(d.reserved) or any(_unused(d)):
        yield ErrorCode.RESERVED_BITS
    if not product and (d.operation != Operation.REORDER or parameters.reorder_columns == 0):
        yield ErrorCode.OPERATION
    sizes = (d.m, d.n, d.k) if product else (d.m, d.n)
    if not all(1 <= size <= DIMENSION_LIMIT for size in sizes):
        yield ErrorCode.SIZE
    if not product and d.n > min(parameters.reorder_columns, LONGEST_ROW if d.norm else DIMENSION_LIMIT):
        yield ErrorCode.SIZE
    if d.a_format not in (OPERAND_FORMATS if product else REORDER_FORMATS):
        yield ErrorCode.A_FORMAT
    if product and d.b_format not in OPERAND_FORMATS:
        yield ErrorCode.B_FORMAT
    # An engine without functions writes no floats of rows.
    all_formats = product or parameters.function_lanes > 0
    d_formats: tuple[MemoryFormat, ...] = RESULT_FORMATS if all_formats else QUANTIZED_FORMATS
    if d.accumulate:
        d_formats = (MemoryFormat.BINARY32,)
    if d.d_format not in d_formats:
        yield ErrorCode.D_FORMAT
    for name, length in (("a", d.k), ("b", d.k), ("d", d.n)):
        count = getattr(d, f"{name}_mx9_blocks")
        most = -(-length // BLOCK_SIZE) if getattr(d, f"{name}_format") in MIXABLE_FORMATS else 0
        if count > most:
            yield ErrorCode[f"{name.upper()}_MX9_BLOCKS"]
    found = regions(d)
    for name, region in found.items():
        if region.address % region.alignment or region.pitch % region.alignment:
            yield ErrorCode[f"{name}_ALIGNMENT"]
    for name, region in found.items():
        # The vectors and the permutation have no pitch.
        if region.pitch < region.row_bytes and name != "BIAS" and (product or name != "B"):
            yield ErrorCode[f"{name}_PITCH"]
    for name, region in found.items():
        if region.end > 1 << parameters.address_bits:
            yield ErrorCode[f"{name}_RANGE"]
    for name, region in found.items():
        if name != "D" and region.overlaps(found["D"]):
            yield ErrorCode[f"OVERLAP_{name}"]
    if d.function not in list(Function):
        yield ErrorCode.FUNCTION
    if d.norm and (d.norm not in list(Norm) or d.divide or d.epsilon >= EPSILON_LIMIT):
        yield ErrorCode.FUNCTION
    if d.norm == Norm.EXPONENTIAL and (d.bias or d.gate or d.epsilon):
        yield ErrorCode.FUNCTION
    if (d.function or d.scale or d.gate or d.divide or d.norm) and parameters.function_lanes == 0:
        yield ErrorCode.FUNCTION


def _unused(d: Descriptor) -> Iterator[int]:
    """Fields that the operation does not use, which must be 0."""
    if not (d.scale or d.bias or d.gate):
        yield d.bias_address
    if not d.gate:
        yield d.gate_by_row
    if not d.norm:
        yield d.epsilon
    if d.operation == Operation.PRODUCT:
        yield from (d.permute, d.divide, d.norm)
    elif d.operation == Operation.REORDER:
        if not d.norm:
            yield from (d.bias, d.gate)
        yield from (
            d.accumulate,
            d.keep_b,
            d.function,
            d.scale,
            d.gate_by_row,
            d.k,
            d.b_format,
            d.a_mx9_blocks,
            d.b_mx9_blocks,
            d.b_pitch,
        )
        if not d.permute:
            yield d.b_address
