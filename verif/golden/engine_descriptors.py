"""Jobs of small matrices, an engine that takes them, and rows in its memory."""

import dataclasses

from golden.engine import Descriptor, EngineParameters, Norm, Operation

ENGINE = EngineParameters(k_blocks=2, address_bits=20, reorder_columns=256, function_lanes=4)

PRODUCT = Descriptor(
    m=3, n=20, k=40, a_format=1, b_format=2, d_format=4,
    a_address=0x100, b_address=0x1000, d_address=0x2000, a_pitch=36, b_pitch=54, d_pitch=80,
)  # fmt: skip

REORDER = Descriptor(
    operation=Operation.REORDER, permute=1, m=3, n=20, a_format=4, d_format=1, d_mx9_blocks=1,
    a_address=0x100, b_address=0x1000, d_address=0x2000, a_pitch=80, d_pitch=30,
)  # fmt: skip


NORM = dataclasses.replace(REORDER, norm=Norm.LAYER, epsilon=0x3F800000, bias=1, gate=1, bias_address=0x3000)
EXPONENTIAL = dataclasses.replace(REORDER, norm=Norm.EXPONENTIAL)


def place(memory, address, pitch, rows):
    """Write uint8 rows, ``pitch`` bytes from one to the next."""
    for n, row in enumerate(rows):
        memory[address + n * pitch : address + n * pitch + len(row)] = row
