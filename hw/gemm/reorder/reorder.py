"""Rows of floats in another order."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.engine import INDEX_BYTES
from golden.formats import BLOCK_SIZE
from hw.block.layouts import any_of, float_block_layout

__all__ = ["INDEX_BITS", "Reorder", "index_block_layout", "row_block_layout"]

INDEX_BITS = 8 * INDEX_BYTES
"""Bits of an index of a permutation in memory."""

_BANK_BITS = BLOCK_SIZE.bit_length() - 1


def index_block_layout() -> data.StructLayout:
    """16 indices of a permutation; ``last`` ends it."""
    return data.StructLayout({"indices": data.ArrayLayout(INDEX_BITS, BLOCK_SIZE), "last": 1})


def row_block_layout() -> data.StructLayout:
    """16 binary32 of a row; ``last`` ends it."""
    return data.StructLayout({"values": float_block_layout(), "last": 1})


class Reorder(wiring.Component):
    """``o[i] = i_row[permutation[i]]`` for each row.

    A row lies in 16 banks, element i in bank i mod 16; one row is gathered while the next one arrives.
    A block takes as many cycles as its busiest bank gives elements: one if they come from 16 different
    banks. Rows of less than 64 elements take a few cycles more. Any permutation, and any other list of
    indices of the row's length, is correct.

    Latency: 3 cycles from a row's last block to its first one; full back-pressure on all streams. A
    permutation holds until the next one is loaded, which must not happen while rows are under way.

    Parameters
    ----------
    columns:
        Longest row, 16 to 65536.

    Members
    -------
    length: In, elements of a row, at least 1 and at most ``columns``; holds from the permutation on
    permutation: In(stream of ``index_block_layout``)
    bad_index: Out(1), an index that was loaded is not below ``length``, until the next permutation
    i, o: In, Out(stream of ``row_block_layout``)
    """

    def __init__(self, *, columns):
        if not isinstance(columns, int) or isinstance(columns, bool):
            raise TypeError(f"columns must be an integer, not {columns!r}")
        if not BLOCK_SIZE <= columns <= 1 << INDEX_BITS:
            raise ValueError(f"columns must be {BLOCK_SIZE} to {1 << INDEX_BITS}, not {columns!r}")
        self.columns = columns
        self._blocks = 1 << (-(-columns // BLOCK_SIZE) - 1).bit_length()
        super().__init__(
            {
                "length": In(range(columns + 1)),
                "permutation": In(stream.Signature(index_block_layout())),
                "bad_index": Out(1),
                "i": In(stream.Signature(row_block_layout())),
                "o": Out(stream.Signature(row_block_layout())),
            }
        )

    def elaborate(self, platform):
        m = Module()
        block_bits = max(1, (self._blocks - 1).bit_length())
        index = data.StructLayout({"bank": _BANK_BITS, "block": block_bits})
        table_read = self._table(m, index, block_bits)
        ready, half_out, next_row, release, banks = self._banks(m, block_bits)

        # Everything from the table on moves only while the output is free.
        go = Signal()
        m.d.comb += go.eq(~self.o.valid | self.o.ready)

        # 1: the table is read ahead of the block that is being gathered, also before its row is there.
        blocks = Signal(block_bits + 1)
        m.d.comb += blocks.eq((self.length + (BLOCK_SIZE - 1)) >> _BANK_BITS)
        block = Signal(block_bits)
        ahead_valid, ahead_last, take, fetch = Signal(), Signal(), Signal(), Signal()
        final = block == blocks - 1
        m.d.comb += [
            fetch.eq(go & (~ahead_valid | take)),
            table_read.addr.eq(block),
            table_read.en.eq(fetch),
            next_row.eq(take & ahead_last),
        ]
        with m.If(fetch):
            m.d.sync += [ahead_valid.eq(1), ahead_last.eq(final), block.eq(Mux(final, 0, block + 1))]
        with m.If(self.permutation.valid):
            m.d.sync += [ahead_valid.eq(0), block.eq(0)]

        # 2: the block to gather: its lanes still to be served, and which lanes share a bank.
        lanes = range(BLOCK_SIZE)
        ahead = data.View(data.ArrayLayout(index, BLOCK_SIZE), table_read.data)
        wanted = Signal(data.ArrayLayout(index, BLOCK_SIZE), reset_less=True)
        shared = [Signal(lane, name=f"shared_{lane}", reset_less=True) for lane in lanes[1:]]
        pending, granted = Signal(BLOCK_SIZE), Signal(BLOCK_SIZE)
        active, last, half = Signal(), Signal(), Signal()
        served = Signal()
        m.d.comb += [
            granted.eq(
                pending & Cat(~(shared[lane - 1] & pending[:lane]).any() if lane else 1 for lane in lanes)
            ),
            served.eq(active & ((pending & ~granted) == 0)),
            take.eq(go & ahead_valid & Mux(half_out, ready[1], ready[0]) & (~active | served)),
        ]
        with m.If(go):
            m.d.sync += pending.eq(pending & ~granted)
            with m.If(served):
                m.d.sync += active.eq(0)
        with m.If(take):
            m.d.sync += [
                active.eq(1),
                pending.eq(~0),
                last.eq(ahead_last),
                half.eq(half_out),
                wanted.eq(ahead),
                *(
                    shared[lane - 1].eq(Cat(ahead[lane].bank == ahead[other].bank for other in range(lane)))
                    for lane in lanes[1:]
                ),
            ]
        m.d.comb += release.eq(Mux(go & served & last, Mux(half, 0b10, 0b01), 0))

        # 3: each bank gives the element of the first lane that wants one.
        for number, (_, read) in enumerate(banks):
            asks = [granted[lane] & (wanted[lane].bank == number) for lane in lanes]
            address = any_of(asks[lane].replicate(block_bits) & wanted[lane].block for lane in lanes)
            m.d.comb += [read.addr.eq(Cat(address, half)), read.en.eq(go)]
        came, complete, ends = Signal(BLOCK_SIZE), Signal(), Signal()
        source = [Signal(_BANK_BITS, name=f"source_{lane}", reset_less=True) for lane in lanes]
        with m.If(go):
            m.d.sync += [
                came.eq(granted & active.replicate(BLOCK_SIZE)),
                complete.eq(served),
                ends.eq(last),
                *(source[lane].eq(wanted[lane].bank) for lane in lanes),
            ]

        # 4: what came takes its lanes.
        given = data.View(data.ArrayLayout(32, BLOCK_SIZE), Cat(read.data for _, read in banks))
        with m.If(go):
            m.d.sync += [self.o.valid.eq(complete), self.o.p.last.eq(ends)]
            for lane in lanes:
                with m.If(came[lane]):
                    m.d.sync += self.o.p.values[lane].eq(given[source[lane]])
        return m

    def _table(self, m, index, block_bits):
        """The permutation's memory and its read port."""
        m.submodules.table = table = Memory(shape=index.size * BLOCK_SIZE, depth=1 << block_bits, init=[])
        write, read = table.write_port(), table.read_port(transparent_for=())
        beat = self.permutation
        number = Signal(block_bits)
        bad = Signal()
        indices = [beat.p.indices[lane] for lane in range(BLOCK_SIZE)]
        # Indices behind the row's length belong to nothing.
        whole, rest = self.length >> _BANK_BITS, self.length[:_BANK_BITS]
        used = [(number < whole) | ((number == whole) & (rest > lane)) for lane in range(BLOCK_SIZE - 1)]
        used.append(number < whole)
        m.d.comb += [
            beat.ready.eq(1),
            write.en.eq(beat.valid),
            write.addr.eq(number),
            write.data.eq(Cat(value[: index.size] for value in indices)),
            bad.eq(Cat(use & (value >= self.length) for use, value in zip(used, indices, strict=True)).any()),
        ]
        with m.If(beat.valid):
            m.d.sync += [
                number.eq(Mux(beat.p.last, 0, number + 1)),
                self.bad_index.eq(bad | (self.bad_index & (number != 0))),
            ]
        return read

    def _banks(self, m, block_bits):
        """Memories of two rows and their arrival.

        Which halves are ready, the one in turn, signals to choose the next and to release one, the ports.
        """
        banks = []
        for number in range(BLOCK_SIZE):
            m.submodules[f"bank_{number}"] = bank = Memory(shape=32, depth=2 << block_bits, init=[])
            banks.append((bank.write_port(), bank.read_port(transparent_for=())))
        # A half is ready until its last block is chosen, and full until that block has been read.
        ready, waiting, full = (
            [Signal(name=f"{name}_{n}") for n in range(2)] for name in ("ready", "waiting", "full")
        )
        next_row, release = Signal(), Signal(2)
        half_in, half_out = Signal(), Signal()
        number = Signal(block_bits)
        taken = Signal()
        m.d.comb += [
            self.i.ready.eq(~Mux(half_in, full[1], full[0])),
            taken.eq(self.i.valid & self.i.ready),
        ]
        for n in range(2):
            with m.If(release[n]):
                m.d.sync += full[n].eq(0)
            completes = taken & self.i.p.last & (half_in == n)
            # A block may be chosen at once: its elements are read a cycle later.
            m.d.comb += ready[n].eq(waiting[n] | completes)
            m.d.sync += waiting[n].eq(ready[n] & ~(next_row & (half_out == n)))
            with m.If(completes):
                m.d.sync += full[n].eq(1)
        m.d.sync += half_out.eq(half_out ^ next_row)
        with m.If(taken):
            m.d.sync += [number.eq(Mux(self.i.p.last, 0, number + 1)), half_in.eq(half_in ^ self.i.p.last)]
        for lane, (write, _) in enumerate(banks):
            m.d.comb += [
                write.en.eq(taken),
                write.addr.eq(Cat(number, half_in)),
                write.data.eq(self.i.p.values[lane]),
            ]
        return ready, half_out, next_row, release, banks
