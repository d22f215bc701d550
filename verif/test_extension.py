"""What docs/developing.md promises of a change: made-up formats and targets work from one definition."""

import pytest

from gen.verilog import to_verilog
from golden import Format, pack, quantize, reference, unpack
from hw.array.processing_element import ProcessingElement
from hw.target import generic
from hw.target.targets import TARGETS, Target
from verif.golden.samples import bits, float_blocks, same

MADE_UP = [
    Format(name="MX5", element_bits=4, block_size=16, subblock_size=2, code=None),
    Format(name="MX7", element_bits=6, block_size=16, subblock_size=2, code=None),
]


@pytest.mark.parametrize("fmt", MADE_UP, ids=str)
def test_a_format_is_its_definition(fmt):
    x = float_blocks(fmt)[::5]
    t = quantize(x, fmt)
    for i, row in enumerate(bits(x).tolist()):
        block = reference.quantize_block(row, fmt)
        assert reference.blocks_of(t, i) == [block]
        assert pack(t)[i].tobytes() == reference.pack_block(block)
    assert same(unpack(pack(t), fmt, t.k), t)


def test_a_target_is_its_entry(monkeypatch):
    """A new target's chains are asked for, and what they do not change is the generic element."""
    asked = []

    def carry_chain(m, name, op, inputs, carry, *, active):
        asked.append(op)
        return generic.carry_chain(m, name, op, inputs, carry, active=active)

    monkeypatch.setitem(TARGETS, "made_up", Target(carry_chain=carry_chain))
    element = {
        target: to_verilog(ProcessingElement(fraction_bits=9, k_blocks=2, target=target), "element")
        for target in ("generic", "made_up")
    }
    assert asked
    assert element["made_up"] == element["generic"]
