"""Pairs of descriptors on the two sides of each limit that ``golden.engine.check`` knows."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from golden.engine import (
    DIMENSION_LIMIT,
    LONGEST_ROW,
    Descriptor,
    EngineParameters,
    ErrorCode,
    Function,
    MemoryFormat,
    Norm,
    Operation,
)
from golden.engine import regions as regions_of
from golden.formats import BLOCK_SIZE

__all__ = ["PRODUCT", "REORDER", "limits"]

PRODUCT = Descriptor(
    a_format=MemoryFormat.MX6,
    b_format=MemoryFormat.MX4,
    d_format=MemoryFormat.MX6,
    m=3,
    n=20,
    k=40,
    a_address=0x10000,
    b_address=0x20000,
    d_address=0x30000,
    a_pitch=0x40,
    b_pitch=0x42,
    d_pitch=0x44,
)
"""A good product."""

REORDER = Descriptor(
    operation=Operation.REORDER,
    permute=1,
    a_format=MemoryFormat.BFLOAT16,
    d_format=MemoryFormat.MX4,
    m=3,
    n=20,
    a_address=0x10000,
    b_address=0x20000,
    d_address=0x30000,
    a_pitch=0x80,
    d_pitch=0x44,
)
"""Good rows to reorder."""

_Pair = tuple[str, Descriptor, Descriptor, ErrorCode]

_BIASED = replace(PRODUCT, bias=1, bias_address=0x40000)
_GATED = replace(PRODUCT, gate=1, bias_address=0x40000)
_SUMMED = replace(PRODUCT, accumulate=1, d_format=MemoryFormat.BINARY32, d_pitch=0x80)
_BOTH = replace(_BIASED, gate=1)
_VECTORS = [
    _BIASED,
    _GATED,
    _BOTH,
    replace(_BIASED, bias=0, scale=1),
    replace(_BIASED, scale=1),
    replace(_GATED, scale=1),
    replace(_BOTH, scale=1),
    replace(_GATED, gate_by_row=1),
    replace(_GATED, gate_by_row=1, m=2),
    replace(_BOTH, gate_by_row=1),
    replace(_BOTH, scale=1, gate_by_row=1, m=33),
]
_FLOATS = replace(REORDER, a_format=MemoryFormat.BINARY32)
_NORMALIZED = replace(REORDER, norm=Norm.LAYER, epsilon=0x3F800000)
_EXPONENTIAL = replace(REORDER, norm=Norm.EXPONENTIAL)
_MODULATED = [
    replace(_NORMALIZED, norm=Norm.RMS, bias=bias, gate=gate, bias_address=0x40000)
    for bias, gate in ((1, 0), (0, 1), (1, 1))
]
_WRITTEN = [
    replace(REORDER, d_format=fmt, d_pitch=0x50) for fmt in (MemoryFormat.BINARY32, MemoryFormat.BFLOAT16)
]
_DIVIDED = [replace(d, divide=1) for d in (REORDER, _FLOATS)]


def limits(parameters: EngineParameters) -> Iterator[_Pair]:
    """``(name, good, bad, code)``: ``bad`` is the least beyond a limit that ``good`` just keeps.

    ``parameters`` have the reorder unit and functions.
    """
    for pairs in (_unused, _operations, _sizes, _formats, _counts, _alignments, _pitches):
        yield from pairs(parameters)
    yield from _ranges(parameters)
    yield from _overlaps(parameters)
    yield from _functions(parameters)


def _changed(name: str, d: Descriptor, bad: dict, code: ErrorCode, good: dict | None = None) -> _Pair:
    return f"{name} {bad}", replace(d, **(good or {})), replace(d, **bad), code


def _unused(_: EngineParameters) -> Iterator[_Pair]:
    """Fields that an operation does not use, each at its lowest and at its highest bit."""
    code = ErrorCode.RESERVED_BITS
    plain = replace(REORDER, permute=0, b_address=0)
    ends = {
        "bias_address": (1, 1 << 2, 1 << 31, 1 << 32, 1 << 63),
        "b_address": (1, 1 << 31, 1 << 32, 1 << 63),
        "k": (1, 1 << 20, 1 << 31),
        "b_format": (1, 8),
        "b_pitch": (1, 1 << 31),
        "a_mx9_blocks": (1, 1 << 15),
        "b_mx9_blocks": (1, 1 << 15),
        "bias": (1,),
        "epsilon": (1, 1 << 16, 1 << 31),
        "accumulate": (1,),
        "keep_b": (1,),
        "function": (1, 8),
        "gate": (1,),
        "scale": (1,),
        "gate_by_row": (1,),
    }
    yield _changed("exponential", _EXPONENTIAL, {"bias_address": 1 << 2}, code)
    yield _changed("exponential", replace(_EXPONENTIAL, permute=0, b_address=0), {"b_address": 1}, code)
    for d in (PRODUCT, _BIASED, replace(_BIASED, scale=1)):
        yield _changed("product without gate", d, {"gate_by_row": 1}, code)
    for d in _MODULATED:
        for name in ("scale", "gate_by_row"):
            yield _changed("modulated", d, {name: 1}, code)
    for flag in ("permute", "divide", "norm"):
        yield _changed("product", PRODUCT, {flag: 1}, code)
    for value in ends["epsilon"]:
        yield _changed("product", PRODUCT, {"epsilon": value}, code)
    for norm in (Norm.RMS, Norm.EXPONENTIAL):
        yield _changed("product", PRODUCT, {"norm": norm}, code)
    plain_norm = replace(_NORMALIZED, permute=0, b_address=0)
    of_all = ends.keys() - {"bias", "gate", "epsilon"}
    for name in sorted(of_all):
        yield _changed("norm", plain_norm, {name: ends[name][-1]}, code)
    for d in _MODULATED:
        for change in ({"norm": 0}, {"norm": 0, "epsilon": 0}, {"bias": 0, "gate": 0}):
            yield _changed("modulated", d, change, code)
    for value in ends["bias_address"]:
        yield _changed("no bias", PRODUCT, {"bias_address": value}, code)
    for name, values in ends.items():
        for value in values:
            yield _changed("reorder", plain if name == "b_address" else REORDER, {name: value}, code)


def _operations(_: EngineParameters) -> Iterator[_Pair]:
    for operation in range(2, 16):
        yield _changed("operation", PRODUCT, {"operation": operation}, ErrorCode.OPERATION)


def _sizes(parameters: EngineParameters) -> Iterator[_Pair]:
    code, most, columns = ErrorCode.SIZE, DIMENSION_LIMIT, parameters.reorder_columns
    wide = {"a_pitch": 1 << 20, "b_pitch": 1 << 20, "d_pitch": 1 << 20, "d_address": 1 << 42}
    long = replace(PRODUCT, **wide, b_address=1 << 41)
    for name in "mnk":
        for size in (0, most + 1, most + 2, 1 << 31, (1 << 31) + 1):
            yield _changed("size", long, {name: size}, code, good={name: most if size else 1})
    floats = replace(REORDER, a_pitch=1 << 18, d_pitch=1 << 18, d_address=1 << 42, b_address=1 << 41)
    for size in (0, most + 1, 1 << 31):
        yield _changed("reorder", floats, {"m": size}, code, good={"m": most if size else 1})
    for size in (0, columns + 1, most + 1, (1 << 20) + columns, 1 << 31):
        yield _changed("reorder", floats, {"n": size}, code, good={"n": columns if size else 1})
    longest = min(columns, LONGEST_ROW)
    for norm, size in product((Norm.RMS, Norm.EXPONENTIAL), (0, longest + 1, most + 1, (1 << 20) + longest)):
        rows = replace(floats, norm=norm)
        yield _changed("norm", rows, {"n": size}, code, good={"n": longest if size else 1})


def _formats(_: EngineParameters) -> Iterator[_Pair]:
    wide = {"a_pitch": 0x100, "b_pitch": 0x100, "d_pitch": 0x100}
    product, summed, reorder = (replace(d, **wide) for d in (PRODUCT, _SUMMED, replace(REORDER, b_pitch=0)))
    reorder = replace(reorder, b_pitch=0)
    for name, d, good in (
        ("a", product, range(4)),
        ("b", product, range(4)),
        ("d", product, (0, 1, 2, 4, 5)),
        ("d", summed, (4,)),
        ("a", reorder, (4, 5)),
        ("d", reorder, (0, 1, 2, 4, 5)),
    ):
        field = f"{name}_format"
        for n, value in enumerate(code for code in range(16) if code not in good):
            yield _changed(
                "format", d, {field: value}, ErrorCode[field.upper()], good={field: good[n % len(good)]}
            )


def _counts(_: EngineParameters) -> Iterator[_Pair]:
    """Leading MX9 blocks."""
    wide = {"a_pitch": 0x200, "b_pitch": 0x200, "d_pitch": 0x200}
    for name in "abd":
        field, code = f"{name}_mx9_blocks", ErrorCode[f"{name.upper()}_MX9_BLOCKS"]
        length = "n" if name == "d" else "k"
        for elements in (1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE, 100):
            blocks = -(-elements // BLOCK_SIZE)
            for fmt in (MemoryFormat.MX4, MemoryFormat.MX6):
                d = replace(PRODUCT, **wide, **{length: elements, f"{name}_format": fmt})
                yield _changed("leading", d, {field: blocks + 1}, code, good={field: blocks})
            yield _changed("leading", d, {field: blocks | 1 << 15}, code, good={field: blocks})
        whole = [MemoryFormat.MX9, MemoryFormat.MXINT8]
        for fmt in whole if name != "d" else (MemoryFormat.MX9, MemoryFormat.BINARY32, MemoryFormat.BFLOAT16):
            yield _changed("leading", replace(PRODUCT, **wide, **{f"{name}_format": fmt}), {field: 1}, code)
    # Of as many blocks as there can be, and of half of them.
    long = {
        "a_pitch": 1 << 21,
        "b_pitch": 1 << 21,
        "d_pitch": 1 << 21,
        "d_address": 1 << 42,
        "b_address": 1 << 41,
    }
    for name, length in (("a", "k"), ("b", "k"), ("d", "n")):
        field, code = f"{name}_mx9_blocks", ErrorCode[f"{name.upper()}_MX9_BLOCKS"]
        for elements in (1 << 19, (1 << 19) + 1, DIMENSION_LIMIT - 15, DIMENSION_LIMIT - 31):
            d, blocks = replace(PRODUCT, **long, **{length: elements}), -(-elements // BLOCK_SIZE)
            if blocks < 65535:
                yield _changed("leading", d, {field: blocks + 1}, code, good={field: blocks})
    yield _changed("leading", REORDER, {"d_mx9_blocks": 3}, ErrorCode.D_MX9_BLOCKS, good={"d_mx9_blocks": 2})


def _alignments(_: EngineParameters) -> Iterator[_Pair]:
    floats = replace(PRODUCT, d_format=MemoryFormat.BINARY32, d_pitch=0x80)
    halves = replace(PRODUCT, d_format=MemoryFormat.BFLOAT16)
    for name, d, step, pitched in (
        ("a", PRODUCT, 2, True),
        ("b", PRODUCT, 2, True),
        ("d", PRODUCT, 2, True),
        ("d", floats, 4, True),
        ("d", halves, 2, True),
        *(("bias", d, 4, False) for d in (*_VECTORS, *_MODULATED)),
        ("a", REORDER, 2, True),
        ("a", _FLOATS, 4, True),
        ("b", REORDER, 2, False),
        ("d", REORDER, 2, True),
        ("d", replace(REORDER, d_format=MemoryFormat.BINARY32, d_pitch=0x50), 4, True),
    ):
        code = ErrorCode[f"{name.upper()}_ALIGNMENT"]
        for field in (f"{name}_address", f"{name}_pitch") if pitched else (f"{name}_address",):
            value = getattr(d, field)
            for bad in (1,) if step == 2 else (1, 2, 3):
                yield _changed("alignment", d, {field: value + bad}, code, good={field: value + step})


def _pitches(_: EngineParameters) -> Iterator[_Pair]:
    mixed = replace(PRODUCT, a_mx9_blocks=2, b_mx9_blocks=1, d_mx9_blocks=1)
    int8 = replace(PRODUCT, a_format=MemoryFormat.MXINT8, b_format=MemoryFormat.MX9)
    int8 = replace(int8, a_pitch=0x80, b_pitch=0x80)
    apart = {
        "b_address": 1 << 41,
        "d_address": 1 << 40,
        "a_pitch": 1 << 22,
        "b_pitch": 1 << 22,
        "d_pitch": 1 << 22,
    }
    widest = replace(PRODUCT, **apart, n=DIMENSION_LIMIT, d_format=MemoryFormat.BINARY32)
    longest = replace(PRODUCT, **apart, k=DIMENSION_LIMIT, a_mx9_blocks=65535, b_format=MemoryFormat.MX9)
    for d in (PRODUCT, mixed, int8, _SUMMED, REORDER, _FLOATS, *_DIVIDED, *_WRITTEN, widest, longest):
        for name, region in regions_of(d).items():
            if name == "BIAS" or (name == "B" and d.operation == Operation.REORDER):
                continue
            field, least = f"{name.lower()}_pitch", region.row_bytes
            for bad in (least - region.alignment, 0):
                yield _changed("pitch", d, {field: bad}, ErrorCode[f"{name}_PITCH"], good={field: least})


def _ranges(parameters: EngineParameters) -> Iterator[_Pair]:
    last = 1 << parameters.address_bits
    small = replace(PRODUCT, m=1, n=16)
    tall = [replace(PRODUCT, m=m, d_address=1 << 40) for m in ((1 << 19) + 1, DIMENSION_LIMIT)]
    for d in (
        PRODUCT,
        small,
        *tall,
        *_VECTORS,
        _SUMMED,
        REORDER,
        _FLOATS,
        *_DIVIDED,
        *_MODULATED,
        *_WRITTEN,
    ):
        for name, region in regions_of(d).items():
            field = f"{name.lower()}_address"
            size, step = region.end - region.address, region.alignment
            if size % step:
                continue
            for bad in (last - size + step, last - step, last, 1 << 63, (1 << 64) - 4):
                yield _changed(
                    "range", d, {field: bad}, ErrorCode[f"{name}_RANGE"], good={field: last - size}
                )
    # By the pitch alone, which no sum of 64 bits may hide.
    for name, rows in (("a", "m"), ("d", "m"), ("b", "n")):
        most = (1 << 32) - 4
        count = -(-last // most) + 2
        if count <= DIMENSION_LIMIT:
            code = ErrorCode[f"{name.upper()}_RANGE"]
            good = {rows: 16 if rows == "n" else 2, "d_pitch": 1 << 16, "d_address": last >> 1}
            good |= {f"{name}_pitch": most}
            yield _changed("range", PRODUCT, {**good, rows: count}, code, good=good)


def _overlaps(_: EngineParameters) -> Iterator[_Pair]:
    """D just before and just behind each of the others, and within their gaps.

    Those of MXINT8 meet in a single byte, as their rows have odd numbers of bytes.
    """
    of = MemoryFormat.MXINT8
    odd = replace(PRODUCT, a_format=of, b_format=of, k=32)
    for d in (PRODUCT, *_VECTORS, REORDER, *_DIVIDED, *_MODULATED, replace(_BIASED, m=1), odd):
        found = regions_of(d)
        step, size = found["D"].alignment, found["D"].end - found["D"].address
        for name, region in found.items():
            if name == "D":
                continue
            code = ErrorCode[f"OVERLAP_{name}"]
            before, behind = (region.address - size) // step * step, -(-region.end // step) * step
            yield _changed("before", d, {"d_address": before + step}, code, good={"d_address": before})
            yield _changed("behind", d, {"d_address": behind - step}, code, good={"d_address": behind})
            yield _changed("within", d, {"d_address": region.address}, code)
    gaps = replace(PRODUCT, a_pitch=0x1000, m=2, d_pitch=0x40)
    yield _changed("in a gap of A", gaps, {"d_address": gaps.a_address + 0x800}, ErrorCode.OVERLAP_A)
    gaps = replace(PRODUCT, d_pitch=0x1000, d_address=0x40000, m=2, a_pitch=0x40)
    yield _changed("in a gap of D", gaps, {"a_address": 0x40800}, ErrorCode.OVERLAP_A)


def _functions(_: EngineParameters) -> Iterator[_Pair]:
    code = ErrorCode.FUNCTION
    for function in range(1, 16):
        if function not in list(Function):
            for d in (PRODUCT, _SUMMED, *_VECTORS):
                yield _changed("function", d, {"function": function}, code, good={"function": function & 3})
    for d in (_NORMALIZED, *_MODULATED):
        yield _changed("norm", d, {"norm": Norm.EXPONENTIAL}, code, good={"norm": Norm.LAYER})
        yield _changed("norm", replace(d, divide=0), {"divide": 1}, code)
        for epsilon in (0x7F800000, 0x7F800001, 0x80000000, 0x80000001, 0xFFFFFFFF):
            yield _changed("epsilon", d, {"epsilon": epsilon}, code, good={"epsilon": 0x7F7FFFFF})
        for epsilon in (0x7FC00000, 0xBF800000):
            yield _changed("epsilon", d, {"epsilon": epsilon}, code, good={"epsilon": 0})
    for epsilon in (1, 1 << 16, 0x3F800000, 1 << 31):
        yield _changed("exponential", _EXPONENTIAL, {"epsilon": epsilon}, code)
    for change in ({"divide": 1}, *({name: 1, "bias_address": 0x40000} for name in ("bias", "gate"))):
        yield _changed("exponential", _EXPONENTIAL, change, code)
