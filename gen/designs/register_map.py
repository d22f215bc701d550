"""The engine's registers for people and for C: both from the table in ``golden.engine``."""

from golden.engine import (
    CONTROL_REGISTERS,
    COUNTER_REGISTERS,
    DESCRIPTOR_REGISTERS,
    IDENTIFIER,
    NEXT_WORD,
    REGISTERS,
    VERSION,
    ErrorCode,
    Function,
    MemoryFormat,
    Norm,
    Operation,
)

__all__ = ["c_header", "markdown"]

_PREFIX = "MIXDIT_GEMM"

_KINDS = {
    ErrorCode: "ERROR",
    MemoryFormat: "FORMAT",
    Operation: "OPERATION",
    Function: "FUNCTION",
    Norm: "NORM",
}
"""What C names of codes have in them."""

_SECTIONS = {
    "Control and status": CONTROL_REGISTERS,
    "Performance counters": COUNTER_REGISTERS,
    "Staged descriptor": DESCRIPTOR_REGISTERS,
}

_INTRODUCTION = """\
# Registers of `mixdit_gemm`

<!-- Written by `mixdit registers`; the table is golden/engine/registers.py. -->

All registers are 32 bits wide, at the given offset from the engine's base on its AXI4-Lite port. Write
whole words. Bits that no field names read as 0, and must be written as 0. Offsets without a register read
as 0 and ignore writes.

To run a job: write the staged descriptor, then DOORBELL. The descriptor keeps its value, so the next one
takes only what changes. Jobs run one after the other, each on what those before wrote. When a job's D is in
memory, JOBS_DONE counts and INTERRUPT_STATUS.done is set. An error stops the engine: it finishes accesses to
memory that are under way, begins no other, and sets INTERRUPT_STATUS.error; a soft reset drops all jobs and
lists and starts afresh. INTERRUPT_STATUS.range tells of results that could not be held, at the latest when
their job is done; nothing stops for it.

To run many jobs: put them into memory as a [list](command-lists.md), write LIST_ADDRESS, then LIST_DOORBELL.
When the list's last job is done, LISTS_DONE counts and INTERRUPT_STATUS.list is set.
"""


def markdown() -> str:
    """The register map as a page of documentation."""
    lines = [_INTRODUCTION]
    for title, registers in _SECTIONS.items():
        lines += [f"## {title}", "", "| offset | register, field | bits | access | meaning |"]
        lines.append("|---|---|---|---|---|")
        for register in registers:
            named = [field for field in register.fields if field.name != "value"]
            bits = "" if named else "31:0"
            lines.append(
                f"| `{register.offset:#05x}` | **{register.name}** | {bits} | {register.access.value} |"
                f" {register.meaning} |"
            )
            for field in named:
                high = f"{field.low + field.width - 1}:" if field.width > 1 else ""
                lines.append(f"| | `{field.name}` | {high}{field.low} | | {field.meaning} |")
        lines.append("")
    lines += ["## Error codes", "", "Codes below 32 refuse a job before any access to its matrices.", ""]
    lines += ["| code | name | meaning |", "|---|---|---|"]
    lines += [f"| {code.value} | `{code.name}` | {code.meaning} |" for code in ErrorCode]
    return "\n".join(lines) + "\n"


def c_header() -> str:
    """The register map as a C header."""
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0",
        " *",
        " * Registers of mixdit_gemm: offsets, fields and codes. Written by `mixdit registers --c`.",
        " */",
        f"#ifndef {_PREFIX}_H",
        f"#define {_PREFIX}_H",
        "",
        "#include <stdint.h>",
        "",
        f"#define {_PREFIX}_IDENTIFIER {IDENTIFIER:#010x}u",
        f"#define {_PREFIX}_VERSION_MAJOR {VERSION[0]}u",
        f"#define {_PREFIX}_VERSION_MINOR {VERSION[1]}u",
    ]
    for register in REGISTERS.values():
        lines += ["", f"/* {register.meaning} ({register.access.value}) */"]
        lines.append(f"#define {_PREFIX}_{register.name} {register.offset:#05x}u")
        for field in register.fields:
            if field.name != "value":
                name = f"{_PREFIX}_{register.name}_{field.name.upper()}"
                lines.append(f"#define {name}_SHIFT {field.low}u")
                lines.append(f"#define {name}_MASK {field.mask:#010x}u")
    lines += [
        "",
        "/* The staged descriptor, in the order of its registers. */",
        "struct mixdit_gemm_descriptor {",
    ]
    lines += [f"    uint32_t {register.name.lower()};" for register in DESCRIPTOR_REGISTERS]
    lines += ["};", ""]
    lines += [
        "/* An entry of a list in memory, at a multiple of its 128 bytes. */",
        "struct mixdit_gemm_entry {",
        "    struct mixdit_gemm_descriptor descriptor;",
        f"    uint32_t reserved[{NEXT_WORD - len(DESCRIPTOR_REGISTERS)}]; /* must be 0 */",
        "    uint32_t next_low;  /* address of the next entry; 0 ends the list */",
        "    uint32_t next_high;",
        "};",
        "",
    ]
    for enum, comment in (
        (ErrorCode, "ERROR_CODE"),
        (MemoryFormat, "formats of a matrix"),
        (Operation, "operations"),
        (Function, "functions of a product's results"),
        (Norm, "norms of a reorder job's rows, and their exponentials"),
    ):
        kind = _KINDS[enum]
        lines += [f"/* {comment} */", f"enum mixdit_gemm_{kind.lower()} {{"]
        lines += [f"    {_PREFIX}_{kind}_{member.name} = {member.value}," for member in enum]
        lines += ["};", ""]
    lines.append(f"#endif /* {_PREFIX}_H */")
    return "\n".join(lines) + "\n"
