"""Descriptors that an engine must refuse."""

from dataclasses import replace

import numpy as np

from golden.engine import (
    DESCRIPTOR_WORDS,
    DIMENSION_LIMIT,
    Descriptor,
    EngineParameters,
    MemoryFormat,
    regions,
)

__all__ = ["spoiled"]


def spoiled(rng: np.random.Generator, d: Descriptor, parameters: EngineParameters) -> Descriptor:
    """The descriptor of a product with a fault or two, which may happen to be none."""
    regions_of = regions(d)
    target = regions_of[str(rng.choice([name for name in regions_of if name != "D"]))]
    faults = [
        {"reserved": tuple(1 << 31 if n == 0 else 0 for n in range(DESCRIPTOR_WORDS))},
        {"permute": 1},
        {"norm": int(rng.integers(1, 4))},
        {"epsilon": 1 << int(rng.integers(32))},
        {"norm": 1, "epsilon": int(rng.choice([0x7F800000, 0x80000000, 0xFFFFFFFF, 0x7FC00001]))},
        {"norm": 2, "divide": 1},
        {"norm": 3, "epsilon": 1},
        {"norm": 3, "bias": 0, "gate": 0, "bias_address": 0, "epsilon": 0},
        {"bias": 0, "bias_address": 4},
        {"operation": int(rng.integers(2, 16))},
        *({name: 0} for name in "mnk"),
        *({name: DIMENSION_LIMIT + int(rng.integers(1, 1 << 20))} for name in "mnk"),
        {"a_format": int(rng.integers(4, 16))},
        {"b_format": int(rng.integers(4, 16))},
        {"d_format": int(rng.choice([3, *range(6, 16)]))},
        {"accumulate": 1, "d_format": MemoryFormat.BFLOAT16},
        {"function": int(rng.integers(4, 16))},
        {"gate": 1, "bias": 1, "function": int(rng.integers(1, 16)), "bias_address": d.bias_address & ~3},
        {"accumulate": 1, "d_format": MemoryFormat.BINARY32, "function": int(rng.integers(1, 16))},
        {"scale": 1, "bias_address": d.bias_address & ~3},
        {"gate_by_row": 1, "bias_address": d.bias_address & ~3},
        {"gate": 1, "gate_by_row": 1, "bias_address": (1 << parameters.address_bits) - 4 * max(1, d.m - 1)},
        {"scale": 1, "gate": 1, "bias_address": (1 << parameters.address_bits) - 8 * max(1, d.n - 1)},
        *({f"{name}_mx9_blocks": 60000} for name in "abd"),
        *({f"{name}_address": getattr(d, f"{name}_address") + 1} for name in "abd"),
        *({f"{name}_pitch": getattr(d, f"{name}_pitch") + 1} for name in "abd"),
        {"bias": 1, "bias_address": d.bias_address + 2},
        *({f"{name}_pitch": 4} for name in "abd"),
        *({f"{name}_address": (1 << parameters.address_bits) - 8} for name in "abd"),
        *({f"{name}_address": (1 << 64) - 8} for name in "abd"),
        *({f"{name}_pitch": (1 << 32) - 4} for name in "abd"),
        {"bias": 1, "bias_address": (1 << parameters.address_bits) - 4 * max(1, d.n - 1)},
        {"d_address": target.address},
        {"d_address": (target.end - 4) & ~3},
    ]
    chosen = {}
    for index in rng.choice(len(faults), int(rng.integers(1, 3)), replace=False):
        chosen |= faults[index]
    return replace(d, **chosen)
