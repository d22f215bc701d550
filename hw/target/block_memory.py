"""A block memory with its output register."""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hw.target.targets import check_target

__all__ = ["BlockMemory"]

_WORD_BITS = 36
_WORDS = 512


class BlockMemory(wiring.Component):
    """``data = memory[read_address]``, two cycles later: one port writes, the other reads.

    Each of the two cycles of a read has an enable: ``read_enable`` for the access, ``output_enable`` for
    the register behind it. Reading where a write goes on in the same cycle gives any value: users must not
    need it. Throughput one write and one read per cycle.

    On ECP5 up to 512 words are DP16KD blocks with their own output registers, which Yosys does not use:
    without, it takes over 5 ns from the clock to a block's output (FPGA-TN-02204).

    Parameters
    ----------
    width, depth:
        Bits of a word, and words.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    write_enable, write_address, write_data: In
    read_enable, read_address, output_enable: In
    data: Out(width)
    """

    latency = 2

    def __init__(self, *, width, depth, target="generic"):
        check_target(target)
        self.width = width
        self.depth = depth
        self.target = target
        super().__init__(
            {
                "write_enable": In(1),
                "write_address": In(range(depth)),
                "write_data": In(width),
                "read_enable": In(1),
                "read_address": In(range(depth)),
                "output_enable": In(1),
                "data": Out(width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        if self.target == "ecp5" and self.depth <= _WORDS:
            self._blocks(m)
        else:
            self._inferred(m)
        return m

    def _inferred(self, m):
        # Yosys would else keep to the simulated value, the old one, with a comparator, a register and a
        # multiplexer around every memory that does not do so itself.
        m.submodules.words = words = memory.Memory(
            shape=unsigned(self.width), depth=self.depth, init=[], attrs={"no_rw_check": 1}
        )
        write, read = words.write_port(), words.read_port()
        m.d.comb += [
            write.en.eq(self.write_enable),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            read.en.eq(self.read_enable),
            read.addr.eq(self.read_address),
        ]
        output = Signal(self.width, reset_less=True)
        with m.If(self.output_enable):
            m.d.sync += output.eq(read.data)
        m.d.comb += self.data.eq(output)

    def _blocks(self, m):
        """Port A writes and port B reads words of 36 bits, low and high half on the data pins of both."""
        address_bits = (_WORDS - 1).bit_length()
        write_address, read_address = Signal(address_bits), Signal(address_bits)
        m.d.comb += [write_address.eq(self.write_address), read_address.eq(self.read_address)]
        half = _WORD_BITS // 2
        for n in range(-(-self.width // _WORD_BITS)):
            bits = slice(n * _WORD_BITS, min((n + 1) * _WORD_BITS, self.width))
            written, read = Signal(_WORD_BITS, name=f"written_{n}"), Signal(_WORD_BITS, name=f"read_{n}")
            m.d.comb += [written.eq(self.write_data[bits]), self.data[bits].eq(read)]
            ports = {
                "p_DATA_WIDTH_A": _WORD_BITS,
                "p_DATA_WIDTH_B": _WORD_BITS,
                "p_REGMODE_A": "OUTREG",
                "p_REGMODE_B": "OUTREG",
                "p_RESETMODE": "SYNC",
                "p_GSR": "DISABLED",
                "i_CLKA": ClockSignal(),
                "i_CEA": Const(1, 1),
                "i_WEA": Const(1, 1),
                "i_CLKB": ClockSignal(),
                "i_CEB": self.read_enable,
                "i_WEB": Const(0, 1),
                "i_OCEA": self.output_enable,
                "i_OCEB": self.output_enable,
                "i_RSTA": Const(0, 1),
                "i_RSTB": Const(0, 1),
            }
            ports |= {f"i_CS{port}{bit}": Const(0, 1) for port in "AB" for bit in range(3)}
            # The lowest address bits of a port that writes 36 bits enable its bytes.
            for port, address, enable in (
                ("A", write_address, self.write_enable),
                ("B", read_address, Const(0, 1)),
            ):
                ports |= {f"i_AD{port}{bit}": enable for bit in range(4)}
                ports[f"i_AD{port}4"] = Const(0, 1)
                ports |= {f"i_AD{port}{5 + bit}": address[bit] for bit in range(address_bits)}
            for bit in range(half):
                ports |= {
                    f"i_DIA{bit}": written[bit],
                    f"i_DIB{bit}": written[half + bit],
                    f"o_DOA{bit}": read[bit],
                    f"o_DOB{bit}": read[half + bit],
                }
            m.submodules[f"block_{n}"] = Instance("DP16KD", **ports)
