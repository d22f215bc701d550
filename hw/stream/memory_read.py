"""The handshake of a stream that is read from block memories."""

from amaranth.hdl import Module, Signal, Value

from hw.target.block_memory import BlockMemory

__all__ = ["MemoryRead"]


class MemoryRead:
    """Reads through both stages of block memories (``hw.target.block_memory.BlockMemory``), as a stream.

    A word is read in a cycle with ``reads``. ``latency`` cycles later, or more if that stalls, ``valid`` says
    that it is at the memories' outputs, where it stays until ``ready``. Throughput one word per cycle, also
    after a stall.

    Parameters
    ----------
    m:
        Module of the reader: gets the registers and the handshake.
    there:
        Whether there is a word to read.
    valid, ready:
        Handshake of the memories' outputs; ``valid``, an output or a signal, becomes a register.

    Attributes
    ----------
    read_enable, output_enable:
        For the memories: whether each of their stages may go on.
    reads:
        A word is read, at the address that the memories have in this cycle.
    under_way:
        One was read that is not at the outputs yet.
    """

    latency = BlockMemory.latency

    def __init__(self, m: Module, *, there, valid, ready):
        self._m = m
        self.under_way, self.reads, self.read_enable, self.output_enable = (
            Signal(name=name) for name in ("read_under_way", "reads", "read_goes_on", "output_goes_on")
        )
        m.d.comb += [
            self.output_enable.eq(~valid | ready),
            self.read_enable.eq(~self.under_way | self.output_enable),
            self.reads.eq(self.read_enable & there),
        ]
        with m.If(self.read_enable):
            m.d.sync += self.under_way.eq(there)
        with m.If(self.output_enable):
            m.d.sync += valid.eq(self.under_way)

    def connect(self, memories, address):
        """Read all of ``memories`` together, at ``address``."""
        for memory in memories:
            self._m.d.comb += [
                memory.read_enable.eq(self.read_enable),
                memory.read_address.eq(address),
                memory.output_enable.eq(self.output_enable),
            ]

    def accompany(self, name, value):
        """``value``, which comes when a word is read, in registers: there with it at the outputs."""
        value = Value.cast(value)
        for stage, enable in enumerate((self.read_enable, self.output_enable), 1):
            late = Signal(value.shape(), name=f"{name}_{stage}", reset_less=True)
            with self._m.If(enable):
                self._m.d.sync += late.eq(value)
            value = late
        return value
