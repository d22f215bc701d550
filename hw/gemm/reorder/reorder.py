"""Rows of floats in another order."""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class _Rows:
    """Rows that have arrived.

    Parameters
    ----------
    ready, half_out:
        Whether each half of the memories holds a row to gather from, and the half whose turn it is.
    next_row, release:
        Told by the gathering: the last block of a row is chosen; which half's row has been read.
    banks:
        Write and read port of each bank.
    """

    ready: list[Signal]
    half_out: Signal
    next_row: Signal
    release: Signal
    banks: list


@dataclass(frozen=True)
class _Gathering:
    """The block that is being gathered, if ``active``.

    Parameters
    ----------
    wanted, granted:
        The place of each lane's element; the lanes whose element is read in this cycle.
    served:
        The block's last elements are read in this cycle.
    last, half:
        Whether it is its row's last block, and which half of the memories has the row.
    """

    wanted: data.View
    granted: Signal
    active: Signal
    served: Signal
    last: Signal
    half: Signal


@dataclass(frozen=True)
class _Arriving:
    """Elements that come out of the banks: which lanes get one, and from which bank.

    The block is ``complete`` with them, and ``ends`` its row.
    """

    came: Signal
    source: list[Signal]
    complete: Signal
    ends: Signal


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
    i, o: In, Out(stream of ``row_block_layout``); ``i.ready``, once high, stays high until a row's last block
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
        rows = self._banks(m, block_bits)

        # Everything from the table on moves only while the output is free.
        advance = Signal()
        m.d.comb += advance.eq(~self.o.valid | self.o.ready)
        take = Signal()  # the gathering of the next block begins
        ahead_valid, ahead_last = self._read_ahead(m, advance, take, table_read, block_bits)
        ahead = data.View(data.ArrayLayout(index, BLOCK_SIZE), table_read.data)
        gathering = self._choose_lanes(m, advance, take, ahead, ahead_valid, ahead_last, rows)
        arriving = self._ask_banks(m, advance, gathering, rows.banks, block_bits)
        self._fill_lanes(m, advance, arriving, rows.banks)
        return m

    def _read_ahead(self, m, advance, take, table_read, block_bits):
        """Stage 1: the table is read ahead of the block that is being gathered, also before its row is there.

        Whether a block's indices are there, and whether it is its row's last one.
        """
        blocks = Signal(block_bits + 1)
        m.d.comb += blocks.eq((self.length + (BLOCK_SIZE - 1)) >> _BANK_BITS)
        block = Signal(block_bits)
        ahead_valid, ahead_last, fetch = (
            Signal(name=name) for name in ("ahead_valid", "ahead_last", "fetch")
        )
        final = block == blocks - 1
        m.d.comb += [
            fetch.eq(advance & (~ahead_valid | take)),
            table_read.addr.eq(block),
            table_read.en.eq(fetch),
        ]
        with m.If(fetch):
            m.d.sync += [ahead_valid.eq(1), ahead_last.eq(final), block.eq(Mux(final, 0, block + 1))]
        with m.If(self.permutation.valid):
            m.d.sync += [ahead_valid.eq(0), block.eq(0)]
        return ahead_valid, ahead_last

    def _choose_lanes(self, m, advance, take, ahead, ahead_valid, ahead_last, rows):
        """Stage 2: the block to gather: its lanes still to be served, and which lanes share a bank."""
        lanes = range(BLOCK_SIZE)
        wanted = Signal(ahead.shape(), reset_less=True)
        shared = [Signal(lane, name=f"shared_{lane}", reset_less=True) for lane in lanes[1:]]
        pending, granted = Signal(BLOCK_SIZE), Signal(BLOCK_SIZE)
        active, last, half, served = (Signal(name=name) for name in ("active", "last", "half", "served"))
        m.d.comb += [
            granted.eq(
                pending & Cat(~(shared[lane - 1] & pending[:lane]).any() if lane else 1 for lane in lanes)
            ),
            served.eq(active & ((pending & ~granted) == 0)),
            take.eq(
                advance & ahead_valid & Mux(rows.half_out, rows.ready[1], rows.ready[0]) & (~active | served)
            ),
            rows.next_row.eq(take & ahead_last),
            rows.release.eq(Mux(advance & served & last, Mux(half, 0b10, 0b01), 0)),
        ]
        with m.If(advance):
            m.d.sync += pending.eq(pending & ~granted)
            with m.If(served):
                m.d.sync += active.eq(0)
        with m.If(take):
            m.d.sync += [
                active.eq(1),
                pending.eq(~0),
                last.eq(ahead_last),
                half.eq(rows.half_out),
                wanted.eq(ahead),
                *(
                    shared[lane - 1].eq(Cat(ahead[lane].bank == ahead[other].bank for other in range(lane)))
                    for lane in lanes[1:]
                ),
            ]
        return _Gathering(wanted=wanted, granted=granted, active=active, served=served, last=last, half=half)

    def _ask_banks(self, m, advance, gathering, banks, block_bits):
        """Stage 3: each bank gives the element of the first lane that wants one."""
        lanes, wanted = range(BLOCK_SIZE), gathering.wanted
        for number, (_, read) in enumerate(banks):
            asks = [gathering.granted[lane] & (wanted[lane].bank == number) for lane in lanes]
            address = any_of(asks[lane].replicate(block_bits) & wanted[lane].block for lane in lanes)
            m.d.comb += [read.addr.eq(Cat(address, gathering.half)), read.en.eq(advance)]
        came, complete, ends = Signal(BLOCK_SIZE), Signal(), Signal()
        source = [Signal(_BANK_BITS, name=f"source_{lane}", reset_less=True) for lane in lanes]
        with m.If(advance):
            m.d.sync += [
                came.eq(gathering.granted & gathering.active.replicate(BLOCK_SIZE)),
                complete.eq(gathering.served),
                ends.eq(gathering.last),
                *(source[lane].eq(wanted[lane].bank) for lane in lanes),
            ]
        return _Arriving(came=came, source=source, complete=complete, ends=ends)

    def _fill_lanes(self, m, advance, arriving, banks):
        """Stage 4: what came takes its lanes."""
        given = data.View(data.ArrayLayout(32, BLOCK_SIZE), Cat(read.data for _, read in banks))
        with m.If(advance):
            m.d.sync += [self.o.valid.eq(arriving.complete), self.o.p.last.eq(arriving.ends)]
            for lane in range(BLOCK_SIZE):
                with m.If(arriving.came[lane]):
                    m.d.sync += self.o.p.values[lane].eq(given[arriving.source[lane]])

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
        """Memories of two rows, one in each half, and their arrival."""
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
        return _Rows(ready=ready, half_out=half_out, next_row=next_row, release=release, banks=banks)
