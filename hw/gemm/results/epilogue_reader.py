"""Reads what a tile's results meet on their way to memory: scale, bias, gate, old rows of D."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from golden.engine import FLOAT_BYTES
from golden.formats import BLOCK_SIZE
from hw.axi.fragment_reader import FragmentReader, addend_beat_layout, addend_request_layout
from hw.axi.line import FRAGMENT_BYTES
from hw.block.binary32 import BINARY32_BITS
from hw.gemm.jobs.job import result_job_layout
from hw.gemm.results.repeated_vector import vector_slice_layout
from hw.stream.block_queue import BlockQueue
from hw.stream.queue import Queue

__all__ = ["EpilogueReader", "epilogue_tile_layout"]

_VECTORS = ("scale", "bias", "gate")
"""In the order in which they are read; old rows of D follow."""

BESIDE = 4
"""Fragments that may be on their way out of the reader, beside those that it counts."""

LEAST_OLD = 32
"""Fewest slices of old rows for which there is room."""


def epilogue_tile_layout(*, rows, address_bits) -> data.StructLayout:
    """A tile of ``columns`` columns, whose last row is number ``last_row``.

    The first of scale and bias is at ``vector_address``, the gate at ``gate_address``, the first row of D at
    ``address``.
    """
    return data.StructLayout(
        {
            "vector_address": address_bits,
            "gate_address": address_bits,
            "address": address_bits,
            "last_row": range(max(2, rows)),
            "columns": range(FRAGMENT_BYTES // FLOAT_BYTES + 1),
        }
    )


class EpilogueReader(wiring.Component):
    """Requests for each tile the scale row, the bias row, the gate and old rows of D: those of the job.

    Requests go out ahead, one per cycle, as long as there is room for what they bring. What comes is given in
    slices of ``width`` elements, one per cycle, to the output that it is for: of a row 16 elements, of gates
    by row 16 for as many rows. Elements that were not wanted are arbitrary. A tile's old rows have room in a
    queue of their own, so that the next tile's vectors can pass them.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    words:
        Columns of a part.
    lanes:
        Elements of old rows that are needed per cycle, at most ``words``. ``width`` is twice as much, so that
        vectors have time too.
    data_bits, address_bits:
        Widths of the memory port.
    target:
        One of ``hw.target.targets.TARGETS``.
    depth:
        Fragments that wait, under way or here.

    Members
    -------
    job: In(``result_job_layout``), holds still while anything is under way
    tile: In(stream of ``epilogue_tile_layout``), with something to read
    read: Out(stream of ``addend_request_layout``)
    beat: In(stream of ``addend_beat_layout``), never stalled
    scale, bias, gate: Out(stream of ``vector_slice_layout``)
    old: Out(stream of ``lanes`` binary32)
    """

    def __init__(self, *, rows, words, lanes, data_bits, address_bits, target="generic", depth=16):
        self.rows = rows
        self.words = words
        self.lanes = lanes
        self.width = min(words, 2 * lanes)
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.target = target
        self.depth = depth
        vector = Out(stream.Signature(vector_slice_layout(rows=rows, width=self.width)))
        super().__init__(
            {
                "job": In(result_job_layout(address_bits, True)),
                "tile": In(stream.Signature(epilogue_tile_layout(rows=rows, address_bits=address_bits))),
                "read": Out(stream.Signature(addend_request_layout(address_bits))),
                "beat": In(stream.Signature(addend_beat_layout(data_bits), always_ready=True)),
                **dict.fromkeys(_VECTORS, vector),
                "old": Out(stream.Signature(data.ArrayLayout(BINARY32_BITS, lanes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.reader = reader = FragmentReader(
            data_bits=self.data_bits,
            address_bits=self.address_bits,
            unit=FLOAT_BYTES,
            words=self.words,
            depth=self.depth,
            target=self.target,
        )
        # What each fragment that was requested is, a bit for each kind.
        kind = data.StructLayout(
            {"kind": len(_VECTORS) + 1, "last": 1, "last_row": self.tile.p.last_row.shape()}
        )
        m.submodules.kinds = kinds = Queue(shape=kind, depth=self.depth + BESIDE)
        wiring.connect(m, reader.read, wiring.flipped(self.read))
        wiring.connect(m, wiring.flipped(self.beat), reader.beat)
        m.d.comb += reader.times.eq(1)
        self._request(m, reader.request, kinds.i)
        self._give(m, reader.o, kinds.o, self._keep_old(m))
        return m

    def _request(self, m, request, kinds):
        """Request one fragment after the other, and say what it is."""
        job, tile = self.job, self.tile.p
        done, left, kind = (Signal(len(_VECTORS) + 1, name=name) for name in ("done", "left", "kind"))
        number = Signal.like(tile.last_row)  # of fragments of this kind
        address = Signal(self.address_bits, reset_less=True)
        start, following = Signal.like(address, name="start"), Signal.like(address, name="following")
        by_row, more, final, taken = (Signal(name=name) for name in ("by_row", "more", "final", "taken"))
        last_gates = tile.last_row >> (BLOCK_SIZE.bit_length() - 1)
        gates = Mux(number == last_gates, (tile.last_row & (BLOCK_SIZE - 1)) + 1, BLOCK_SIZE)
        _, bias, gate, old = (kind[n] for n in range(len(kind)))
        step = Mux(old, job.pitch, Mux(gate, FRAGMENT_BYTES, job.vector_pitch))
        m.d.comb += [
            left.eq(Cat(job.scale, job.bias, job.gate, job.accumulate) & ~done),
            kind.eq(left & (~left + 1)),
            by_row.eq(gate & job.gate_by_row),
            more.eq((old & (number != tile.last_row)) | (by_row & (number != last_gates))),
            final.eq(~more & (left == kind)),
            start.eq(Mux(old, tile.address, Mux(gate, tile.gate_address, tile.vector_address))),
            request.p.address.eq(Mux((number != 0) | (bias & job.scale), address, start)),
            request.p.bytes.eq(Mux(by_row, gates, tile.columns) << (FLOAT_BYTES.bit_length() - 1)),
            following.eq((request.p.address + step)[: self.address_bits]),
            # Neither takes one that the other has no room for.
            request.valid.eq(self.tile.valid & kinds.ready),
            kinds.valid.eq(self.tile.valid & request.ready),
            taken.eq(request.valid & request.ready),
            kinds.p.kind.eq(kind),
            kinds.p.last.eq(~more),
            kinds.p.last_row.eq(tile.last_row),
            self.tile.ready.eq(kinds.ready & request.ready & final),
        ]
        with m.If(taken):
            m.d.sync += [
                address.eq(following),
                number.eq(Mux(more, number + 1, 0)),
                done.eq(Mux(final, 0, done | Mux(more, 0, kind))),
            ]

    def _give(self, m, parts, kinds, old):
        """Each fragment, slice by slice, to the output of its kind."""
        slices, parts_slices = BLOCK_SIZE // self.width, self.words // self.width
        place, number = Signal(range(max(2, slices))), Signal(range(max(2, parts_slices)))
        there, ready, last = (Signal(name=name) for name in ("there", "ready", "last_slice"))
        values = data.View(data.ArrayLayout(BINARY32_BITS * self.width, parts_slices), parts.p)
        outputs = [getattr(self, name) for name in _VECTORS]
        m.d.comb += [
            there.eq(parts.valid & kinds.valid),
            ready.eq(Cat(kinds.p.kind[n] & to.ready for n, to in enumerate([*outputs, old])).any()),
            last.eq(place == slices - 1),
            parts.ready.eq(kinds.valid & ready & (number == parts_slices - 1)),
            kinds.ready.eq(parts.valid & ready & last),
            old.valid.eq(there & kinds.p.kind[-1]),
            old.p.eq(values[number]),
        ]
        for n, to in enumerate(outputs):
            m.d.comb += [
                to.valid.eq(there & kinds.p.kind[n]),
                to.p.values.as_value().eq(values[number]),
                to.p.last.eq(kinds.p.last & last),
                to.p.last_row.eq(kinds.p.last_row),
            ]
        with m.If(there & ready):
            m.d.sync += [
                place.eq(Mux(last, 0, place + 1)),
                number.eq(Mux(number == parts_slices - 1, 0, number + 1)),
            ]

    def _keep_old(self, m):
        """A queue of old rows, half of which holds those of a tile, and the stream into it."""
        width, beside = BINARY32_BITS * self.width, self.width // self.lanes
        tile = 1 << ceil_log2(self.rows * BLOCK_SIZE // self.width)
        m.submodules.queue = queue = BlockQueue(
            shape=width, depth=max(LEAST_OLD, 2 * tile), target=self.target
        )
        old = stream.Signature(width).create(path=("to_queue",))
        m.d.sync += [old.ready.eq(~queue.filling), queue.data.eq(old.p)]
        number = Signal(range(max(2, beside)))
        values = data.View(data.ArrayLayout(BINARY32_BITS * self.lanes, beside), queue.o.p)
        m.d.comb += [
            queue.coming.eq(old.valid & old.ready),
            self.old.valid.eq(queue.o.valid),
            self.old.p.as_value().eq(values[number]),
            queue.o.ready.eq(self.old.ready & (number == beside - 1)),
        ]
        with m.If(self.old.valid & self.old.ready):
            m.d.sync += number.eq(Mux(number == beside - 1, 0, number + 1))
        return old
