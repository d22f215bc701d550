"""Descriptors that the engine would refuse, refused before they reach it.

A refused descriptor stops an engine until its reset, with all jobs that wait. Golden's check is the
hardware's, so after it an error of the engine means memory or hardware.
"""

from dataclasses import fields, replace

import numpy as np

from golden.engine import (
    DESCRIPTOR_REGISTERS,
    DIMENSION_LIMIT,
    EPSILON_LIMIT,
    LONGEST_ROW,
    Descriptor,
    EngineParameters,
    ErrorCode,
    Function,
    MemoryFormat,
    Norm,
    Operation,
    check,
    regions,
)
from mixdit.driver import arguments


def check_descriptor(descriptor: Descriptor, parameters: EngineParameters, memory: range) -> Descriptor:
    """The descriptor, in plain ints, if the engine takes it.

    Raises
    ------
    TypeError
        Not a `Descriptor`, or one with fields that are no ints.
    ValueError
        One that the engine refuses, or that touches anything outside ``memory``.
    """
    if not isinstance(descriptor, Descriptor):
        raise TypeError(f"descriptor must be a golden.engine.Descriptor, not {arguments.kind(descriptor)}")
    values = {field.name: getattr(descriptor, field.name) for field in fields(descriptor)}
    reserved = values.pop("reserved")
    if not isinstance(reserved, tuple) or len(reserved) != len(DESCRIPTOR_REGISTERS):
        raise ValueError(f"reserved must be a tuple of {len(DESCRIPTOR_REGISTERS)} words, not {reserved!r}")
    for name, value in [*values.items(), *(("reserved", word) for word in reserved)]:
        if not isinstance(value, int | np.integer):
            raise TypeError(f"{name} must be an int, not {arguments.kind(value)}")
    plain = {name: int(value) for name, value in values.items()}
    d = replace(descriptor, **plain, reserved=tuple(map(int, reserved)))
    d.words()  # Raises where a value does not fit its register.
    if code := check(d, parameters):
        raise ValueError(f"{explain(code, d, parameters)} ({code.name})")
    for region in regions(d).values():
        if region.address < memory.start or region.end > memory.stop:
            raise ValueError(
                f"{region.name.lower()} must lie in the port's memory, {memory.start:#x} to"
                f" {memory.stop - 1:#x}, not at {region.address:#x} to {region.end - 1:#x}"
            )
    return d


def explain(code: ErrorCode, d: Descriptor, parameters: EngineParameters) -> str:
    """What is wrong with a descriptor that `golden.engine.check` refuses: the value, and what is allowed."""
    if code == ErrorCode.RESERVED_BITS:
        return _unused(d)
    if code == ErrorCode.OPERATION:
        return f"operation must be {_operations(parameters)}, not {_operation(d.operation)}"
    if code == ErrorCode.SIZE:
        return _sizes(d, parameters)
    if code == ErrorCode.FUNCTION:
        return _function(d, parameters)
    if code.name.startswith("OVERLAP"):
        other = code.name.removeprefix("OVERLAP_")
        found = regions(d)
        places = " and ".join(
            f"{name.lower()} takes {found[name].address:#x} to {found[name].end - 1:#x}"
            for name in ("D", other)
        )
        return f"d must not meet {other.lower()}, gaps between rows counted: {places}"
    matrix, _, fault = code.name.partition("_")
    name = matrix.lower()
    if fault == "FORMAT":
        given = _format(getattr(d, f"{name}_format"))
        return f"{name}_format must be {formats(d, name, parameters)}, not {given}"
    if fault == "MX9_BLOCKS":
        fmt = MemoryFormat(getattr(d, f"{name}_format"))
        most = -(-(d.n if name == "d" else d.k) // 16) if fmt in arguments.MIXABLE else 0
        return f"{name}_mx9_blocks must be 0 to {most} in {fmt.name}, not {getattr(d, f'{name}_mx9_blocks')}"
    region = regions(d)[matrix]
    if fault == "ALIGNMENT":
        return (
            f"{name}_address and {name}_pitch must be multiples of {region.alignment},"
            f" not {region.address:#x} and {region.pitch}"
        )
    if fault == "PITCH":
        return f"{name}_pitch must be at least {region.row_bytes}, the bytes of a row, not {region.pitch}"
    last = (1 << parameters.address_bits) - 1
    return f"{name} must end at {last:#x} at most, the last address, not at {region.end - 1:#x}"


def formats(d: Descriptor, name: str, parameters: EngineParameters) -> str:
    """Formats that matrix ``"a"``, ``"b"`` or ``"d"`` of a job may have."""
    if d.operation == Operation.PRODUCT:
        if name != "d":
            return "MX4, MX6, MX9 or MXINT8"
        return "BINARY32 to accumulate" if d.accumulate else "MX4, MX6, MX9, BINARY32 or BFLOAT16"
    if name == "a":
        return "BINARY32 or BFLOAT16"
    return "MX4, MX6, MX9, BINARY32 or BFLOAT16" if parameters.function_lanes else "MX4, MX6 or MX9"


def _format(code: int) -> str:
    return MemoryFormat(code).name if code in list(MemoryFormat) else str(code)


def _operation(code: int) -> str:
    return Operation(code).name if code in list(Operation) else str(code)


def _operations(parameters: EngineParameters) -> str:
    return (
        "PRODUCT or REORDER" if parameters.reorder_columns else "PRODUCT, on an engine without reorder unit"
    )


def _function(d: Descriptor, parameters: EngineParameters) -> str:
    if not parameters.function_lanes:
        allowed = "NONE, and scale, gate, divide and norm 0, on an engine without functions"
    elif d.norm:
        return _norm(d)
    else:
        allowed = ", ".join(f.name for f in Function)
    name = Function(d.function).name if d.function in list(Function) else d.function
    others = "".join(f" and {flag} 1" for flag in ("scale", "gate", "divide") if getattr(d, flag))
    others += f" and norm {_norm_name(d)}" if d.norm else ""
    return f"function must be {allowed}, not {name}{others}"


def _norm(d: Descriptor) -> str:
    if d.norm not in list(Norm):
        return f"norm must be {', '.join(f.name for f in Norm)}, not {d.norm}"
    if d.divide:
        return f"norm must be NONE beside divide, not {_norm_name(d)}"
    if d.norm == Norm.EXPONENTIAL:
        given = ", ".join(f"{name} {getattr(d, name):#x}" for name in ("bias", "gate", "epsilon"))
        return f"bias, gate and epsilon must be 0 with norm EXPONENTIAL, not {given}"
    return (
        f"epsilon must be a binary32 from 0 to {EPSILON_LIMIT - 1:#x}, not negative and finite,"
        f" not {d.epsilon:#x}"
    )


def _norm_name(d: Descriptor) -> str:
    return Norm(d.norm).name if d.norm in list(Norm) else str(d.norm)


def _sizes(d: Descriptor, parameters: EngineParameters) -> str:
    limits = dict.fromkeys("mnk", DIMENSION_LIMIT)
    if d.operation == Operation.REORDER:
        longest = min(parameters.reorder_columns, LONGEST_ROW) if d.norm else parameters.reorder_columns
        limits = {"m": DIMENSION_LIMIT, "n": longest}
    wrong = next(name for name, most in limits.items() if not 1 <= getattr(d, name) <= most)
    return f"{wrong} must be 1 to {limits[wrong]}, not {getattr(d, wrong)}"


def _unused(d: Descriptor) -> str:
    """The fields that must be 0 and are not, registers for reserved bits."""
    names = [] if d.scale or d.bias or d.gate else ["bias_address"]
    names += [] if d.gate else ["gate_by_row"]
    names += [] if d.norm else ["epsilon"]
    if d.operation == Operation.PRODUCT:
        names += ["permute", "divide", "norm"]
    elif d.operation == Operation.REORDER:
        names += [] if d.norm else ["bias", "gate"]
        names += [
            "accumulate",
            "keep_b",
            "function",
            "scale",
            *(["gate_by_row"] if d.gate else []),
            "k",
            "b_format",
            "a_mx9_blocks",
            "b_mx9_blocks",
            "b_pitch",
        ]
        names += [] if d.permute else ["b_address"]
    found = {name: getattr(d, name) for name in names if getattr(d, name)}
    found |= {
        f"reserved bits of {register.name}": word
        for register, word in zip(DESCRIPTOR_REGISTERS, d.reserved, strict=True)
        if word
    }
    values = ", ".join(f"{name} = {value:#x}" for name, value in found.items())
    return f"reserved bits, and fields that a {_operation(d.operation)} does not use, must be 0, not {values}"
