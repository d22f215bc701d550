"""Every primitive for any target: behavioural twins of the vendors' cells, which synthesis maps as it can."""

from itertools import pairwise

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import memory

from hw.target.delay import delay

__all__ = ["SUM_BITS", "block_memory", "carry_chain", "choose", "multiply_add"]

SUM_BITS = 48
"""Bits of a DSP block's adder, which the twin has too."""

_MOST_LOADS = 64
"""Loads that a signal of a fast design may have."""

_LARGE = 2048
"""Bits of a memory beyond which look-up tables are no place for it."""


def carry_chain(m: Module, name, op, inputs, carry, *, active):
    """As ``hw.target.carry_sum.carry_sum``, from inputs of the sum's width."""
    left, right = op.terms(*inputs)
    return left + right + carry


def multiply_add(m: Module, name, *, a, double, b, c, cascade, extra_cycles):
    """As ``hw.target.multiply_add.multiply_add``."""
    a, b = (delay(m, f"{name}_{port}", value, extra_cycles) for port, value in (("a", a), ("b", b)))
    double = delay(m, f"{name}_double", double, extra_cycles)
    factor = Signal(signed(len(a) + 1), name=f"{name}_factor", reset_less=True)
    other = Signal(signed(len(b)), name=f"{name}_other", reset_less=True)
    product = Signal(signed(len(factor) + len(other)), name=f"{name}_product", reset_less=True)
    late_c = Signal(SUM_BITS, name=f"{name}_c", reset_less=True)
    p = Signal(SUM_BITS, name=name, reset_less=True)
    m.d.sync += [
        factor.eq(Mux(double, Cat(0, a).as_signed(), a)),
        other.eq(b),
        product.eq(factor * other),
        late_c.eq(c),
        p.eq(product + late_c + (0 if cascade is None else cascade)),
    ]
    return p, p


def choose(m: Module, name, level, select, second, first):
    """``second`` if ``select``, else ``first``: a choice of ``hw.target.multiplexer.multiplexer``."""
    return Mux(select, second, first)


def block_memory(m: Module, ports):
    """A memory behind ``ports``, those of a ``hw.target.block_memory.BlockMemory``."""
    # Yosys would else keep to the simulated value, the old one, with a comparator, a register and a
    # multiplexer around every memory that does not do so itself.
    attrs = {"no_rw_check": 1}
    if ports.width > _MOST_LOADS or ports.width * ports.depth > _LARGE:
        # In look-up tables, each bit or two would be a load of the address, and each of the read's enable.
        attrs["ram_style"] = "block"
    m.submodules.words = words = memory.Memory(
        shape=unsigned(ports.width), depth=ports.depth, init=[], attrs=attrs
    )
    write, read = words.write_port(), words.read_port()
    m.d.comb += [
        write.en.eq(ports.write_enable),
        write.addr.eq(ports.write_address),
        write.data.eq(ports.write_data),
        read.en.eq(ports.read_enable),
        read.addr.eq(ports.read_address),
    ]
    output = Signal(ports.width, reset_less=True)
    ends = [n * ports.width // ports.enables for n in range(ports.enables + 1)]
    for n, (start, end) in enumerate(pairwise(ends)):
        with m.If(ports.output_enable[n]):
            m.d.sync += output[start:end].eq(read.data[start:end])
    m.d.comb += ports.data.eq(output)
