"""Primitives in cells of Lattice ECP5.

Carry chains: a CCU2C is two bits of a chain. Each bit has a look-up table of four inputs that gives the
propagate bit; where that is 0, the carry out is the table's value for C = D = 0. So a bit can add any two
functions whose first one depends on A and B alone (ECP5 and ECP5-5G sysCLOCK family data sheet
FPGA-DS-02012, slice in ripple mode).

Choices: a LUT4 takes two, and a slice's own multiplexer PFUMX chooses between the outputs of two of them
without further LUTs. Yosys infers it only where its LUTs have common inputs, and takes three or four LUT4
for four choices (the same, slice in logic mode).

Memories: DP16KD blocks with their own output registers, which Yosys does not use: without, it takes over 5
ns from the clock to a block's output (FPGA-TN-02204).
"""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal
from amaranth.utils import exact_log2

from hw.target import generic

__all__ = ["block_memory", "carry_chain", "choose", "table"]

_CARRY_IN = 0b1010
"""Table of the half cell that starts a chain: with C = 1 it never propagates, and generates A."""


def table(terms):
    """The 16-bit table of a bit that adds ``left, right = terms(a, b, c, d)``.

    Raises ValueError where ``left`` depends on c or d, or ``right`` is not 0 for c = d = 0, which the
    carry logic cannot do.
    """
    init = 0
    for index in range(16):
        left, right = (value & 1 for value in terms(*(index >> bit & 1 for bit in range(4))))
        if left != terms(index & 1, index >> 1 & 1, 0, 0)[0] & 1 or (index < 4 and right):
            raise ValueError(f"no carry cell adds these terms: they fail for d, c, b, a = {index:04b}")
        init |= (left ^ right) << index
    return init


def carry_chain(m: Module, name, op, inputs, carry, *, active):
    """As ``hw.target.carry_sum.carry_sum``, from inputs of the sum's width, the fifth of which stays 0.

    The chain starts with half a cell that brings ``carry`` in, so nothing depends on the carry input
    of the first cell, which is left open like the carry output of the last.
    """
    a, b, c, d, _ = inputs
    width = len(a)
    cells = (width + 2) // 2
    init = table(op.terms)
    unused = 2 * cells - width - 1
    pins = [
        Cat(first, x, Const(0, unused)) if unused else Cat(first, x)
        for first, x in ((carry, a), (Const(0, 1), b), (Const(1, 1), c), (Const(0, 1), d))
    ]
    sums = Signal(2 * cells, name=f"{name}_halves")
    carries = Signal(cells, name=f"{name}_carries")
    for cell in range(cells):
        ports = {"p_INJECT1_0": "NO", "p_INJECT1_1": "NO"}
        for half in range(2):
            bit = 2 * cell + half
            ports[f"p_INIT{half}"] = Const(init if bit else _CARRY_IN, 16)
            ports |= {f"i_{pin}{half}": value[bit] for pin, value in zip("ABCD", pins, strict=True)}
            ports[f"o_S{half}"] = sums[bit]
        if cell:
            ports["i_CIN"] = carries[cell - 1]
        if cell < cells - 1:
            ports["o_COUT"] = carries[cell]
        m.submodules[f"{name}_{cell}"] = Instance("CCU2C", **ports)
    return sums[1 : width + 1]


_SECOND = 0xCACA
"""Table of a LUT4 that gives C ? B : A."""

_CHOICES = (
    lambda select, second, first, z: Instance(
        "LUT4", p_INIT=Const(_SECOND, 16), i_A=first, i_B=second, i_C=select, i_D=Const(0, 1), o_Z=z
    ),
    lambda select, second, first, z: Instance("PFUMX", i_ALUT=second, i_BLUT=first, i_C0=select, o_Z=z),
)
"""The cells of a slice that choose between two inputs, by level."""


def choose(m: Module, name, level, select, second, first):
    """``second`` if ``select``, else ``first``, by the cell that a slice has for this level."""
    if level >= len(_CHOICES) or second is first:
        return generic.choose(m, name, level, select, second, first)
    result = Signal(len(first), name=name)
    for bit in range(len(first)):
        m.submodules[f"{name}_{bit}"] = _CHOICES[level](select, second[bit], first[bit], result[bit])
    return result


_SHAPES = {512: 36, 1024: 18, 2048: 9}
"""Bits of a word of a block of 18 kbit, by the most words it can have of them."""

_PORT_BITS = 18
"""Data pins of a port."""

_ADDRESS_BITS = 14
"""Address pins of a port."""


def block_memory(m: Module, ports):
    """Up to 2,048 words behind ``ports``, those of a ``hw.target.block_memory.BlockMemory``, in blocks.

    Port A of a block writes and port B reads. Words of 36 bits have their low and high half on the data pins
    of both.
    """
    words = next((words for words in _SHAPES if ports.depth <= words), None)
    if not words:
        generic.block_memory(m, ports)
        return
    word_bits, address_bits = _SHAPES[words], exact_log2(words)
    both_ports = word_bits > _PORT_BITS  # have data of a word
    # The lowest address bits of a port enable the bytes of a write, but one of 9 bits has no such bits.
    unused, enables = _ADDRESS_BITS - address_bits, word_bits // 9 if word_bits > 9 else 0
    write_address, read_address = Signal(address_bits), Signal(address_bits)
    m.d.comb += [write_address.eq(ports.write_address), read_address.eq(ports.read_address)]
    output_enable = ports.output_enable[0]  # has a load for 9 bits or more
    for n in range(-(-ports.width // word_bits)):
        bits = slice(n * word_bits, min((n + 1) * word_bits, ports.width))
        written, read = Signal(word_bits, name=f"written_{n}"), Signal(word_bits, name=f"read_{n}")
        data = ports.data[bits]
        m.d.comb += [written.eq(ports.write_data[bits]), data.eq(read[: len(data)])]
        pins = {
            "p_DATA_WIDTH_A": word_bits,
            "p_DATA_WIDTH_B": word_bits,
            "p_REGMODE_A": "OUTREG",
            "p_REGMODE_B": "OUTREG",
            "p_RESETMODE": "SYNC",
            "p_GSR": "DISABLED",
            "i_CLKA": ClockSignal(),
            "i_CEA": Const(1, 1),
            "i_WEA": Const(1, 1) if enables else ports.write_enable,
            "i_CLKB": ClockSignal(),
            "i_CEB": ports.read_enable,
            "i_WEB": Const(0, 1),
            "i_OCEA": output_enable,
            "i_OCEB": output_enable,
            "i_RSTA": Const(0, 1),
            "i_RSTB": Const(0, 1),
        }
        pins |= {f"i_CS{port}{bit}": Const(0, 1) for port in "AB" for bit in range(3)}
        for port, address, enable in (
            ("A", write_address, ports.write_enable),
            ("B", read_address, Const(0, 1)),
        ):
            pins |= {f"i_AD{port}{bit}": enable if bit < enables else Const(0, 1) for bit in range(unused)}
            pins |= {f"i_AD{port}{unused + bit}": address[bit] for bit in range(address_bits)}
        inputs = {"A": written[:_PORT_BITS], "B": written[_PORT_BITS:]}
        outputs = {"A": read[:_PORT_BITS], "B": read[_PORT_BITS:]} if both_ports else {"B": read}
        for bit in range(_PORT_BITS):
            for port, part in inputs.items():
                pins[f"i_DI{port}{bit}"] = part[bit] if bit < len(part) else Const(0, 1)
            pins |= {f"o_DO{port}{bit}": part[bit] for port, part in outputs.items() if bit < len(part)}
        m.submodules[f"block_{n}"] = Instance("DP16KD", **pins)
