"""The documented registers and the C header say what the table says."""

import subprocess
from pathlib import Path

import pytest

from gen.designs.register_map import c_header, markdown
from golden.engine import (
    DESCRIPTOR_REGISTERS,
    ENTRY_BYTES,
    NEXT_WORD,
    REGISTERS,
    ErrorCode,
    Function,
    MemoryFormat,
    Norm,
)
from verif.needs import needs

DOCS = Path(__file__).resolve().parents[2] / "docs" / "registers.md"


def test_documentation_is_current():
    assert DOCS.read_text() == markdown(), "run: mixdit registers -o docs/registers.md"


def test_every_error_code_has_a_meaning():
    assert all(code.meaning for code in ErrorCode)


@needs("g++")
@pytest.mark.parametrize("language", ["c", "c++"])
def test_header_compiles_and_agrees(language, tmp_path):
    (tmp_path / "mixdit_gemm.h").write_text(c_header())
    prints = []
    for register in REGISTERS.values():
        prints.append((f"MIXDIT_GEMM_{register.name}", register.offset))
        for field in register.fields:
            if field.name != "value":
                name = f"MIXDIT_GEMM_{register.name}_{field.name.upper()}"
                prints += [(f"{name}_MASK", field.mask), (f"{name}_SHIFT", field.low)]
    prints += [(f"MIXDIT_GEMM_ERROR_{code.name}", code.value) for code in ErrorCode]
    for kind, codes in (("FORMAT", MemoryFormat), ("FUNCTION", Function), ("NORM", Norm)):
        prints += [(f"MIXDIT_GEMM_{kind}_{code.name}", code.value) for code in codes]
    prints += [
        (f"MIXDIT_GEMM_OPERATION + offsetof(struct mixdit_gemm_descriptor, {r.name.lower()})", r.offset)
        for r in DESCRIPTOR_REGISTERS
    ]
    prints.append(("sizeof(struct mixdit_gemm_descriptor)", 4 * len(DESCRIPTOR_REGISTERS)))
    prints += [
        ("sizeof(struct mixdit_gemm_entry)", ENTRY_BYTES),
        ("offsetof(struct mixdit_gemm_entry, reserved)", 4 * len(DESCRIPTOR_REGISTERS)),
        ("offsetof(struct mixdit_gemm_entry, next_low)", 4 * NEXT_WORD),
        ("offsetof(struct mixdit_gemm_entry, next_high)", 4 * NEXT_WORD + 4),
    ]
    body = "\n".join(f'    printf("%lu\\n", (unsigned long)({name}));' for name, _ in prints)
    source = tmp_path / "test.c"
    source.write_text(
        '#include <stddef.h>\n#include <stdio.h>\n#include "mixdit_gemm.h"\n'
        f"int main(void) {{\n{body}\n    return 0;\n}}\n"
    )
    program = tmp_path / "test"
    command = ["g++", "-x", language, "-Wall", "-Wextra", "-Werror", str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    output = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    assert [int(line) for line in output.split()] == [value for _, value in prints]
