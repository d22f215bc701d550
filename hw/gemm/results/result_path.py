"""From an array's results to what is written to memory."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import Function
from golden.formats import BLOCK_SIZE, MX9
from hw.array.sequencer import TileStatus
from hw.array.tile_rows import TileRows
from hw.axi.fragment_reader import addend_beat_layout, addend_request_layout
from hw.axi.line import write_beat_layout
from hw.axi.signatures import check_bus
from hw.block.quantizer import WORDS
from hw.gemm.jobs.job import result_job_layout
from hw.gemm.results.accumulation import Accumulation
from hw.gemm.results.addend_reader import AddendReader
from hw.gemm.results.epilogue import Epilogue
from hw.gemm.results.result_dispatch import tile_command_layout
from hw.gemm.results.result_format import ResultFormat
from hw.gemm.results.row_collector import RowCollector
from hw.gemm.results.row_places import RowPlaces
from hw.gemm.results.tile_address import TileAddress
from hw.stream.packet import packet_layout
from hw.stream.queue import Queue
from hw.stream.skid_buffer import SkidBuffer

__all__ = ["ResultPath", "usual_words"]

COMMANDS = 8
"""Tile commands that wait for their results, in front of each part that needs them: more than are summed
while addends are read for one and the sums of another leave the adder."""

_COMMANDS_UNDER_WAY = 256
"""More commands than there can be: those that wait, and a tile of each row that is summed or formatted."""


def usual_words(*, drain_words, data_bits):
    """As many columns per cycle as a beat of memory holds in MX9 and the drain gives; 4 at least."""
    beat_words = data_bits * BLOCK_SIZE // MX9.block_bits
    fit = [words for words in WORDS if words <= min(beat_words, drain_words)]
    return max(fit, default=min(WORDS))


class ResultPath(wiring.Component):
    """Array results, chunk by chunk, to rows of D as ``golden.engine.run`` makes them.

    For each tile command, in order, it takes the results of ``ceil(columns / cols)`` array tiles, which
    lie side by side, left one first. It adds a tile's chunks in ascending order, then the bias row and what D
    holds; with functions an ``Epilogue`` does that and more. The tile's rows inside D leave in the job's
    format, those of a run of tiles joined and cut into lines of memory.

    Commands may come long before their results: addends are read ahead of time. Tiles of one chunk
    without addend move at one part of a row per cycle; each further chunk, or addend without functions, takes
    a tile through the adder: ``rows * 16 / lanes`` cycles and its latency.

    Parameters
    ----------
    rows, cols, drain_rows:
        Those of the array; ``cols`` divides 16.
    slots:
        Tiles of D whose chunks may be interleaved.
    words:
        Columns per cycle, from the drain on: 4, 8 or 16.
    lanes:
        Sums per cycle of the adder: 1, 2, 4, 8 or 16.
    function_lanes:
        Powers of two per cycle, as for ``FunctionLanes``; 0 leaves functions, scales and gates out.
    epilogue_lanes:
        With functions, ``lanes`` of the ``Epilogue``.
    data_bits, address_bits:
        Widths of the memory port.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    job: In(``result_job_layout``), holds still while not ``carried_out``
    turn, writing: In(1), as in ``RowCollector``; ``turn`` changes only while ``carried_out``
    command: In(stream of ``tile_command_layout``)
    d: In(stream of packets), the array's results
    read: Out(stream of ``addend_request_layout``), vectors and old D
    beat: In(stream of ``addend_beat_layout``), what was read, in order, never stalled: there is room for all
        that was requested
    o: Out(stream of ``write_beat_layout``)
    carried_out: Out(1), every command taken was carried out, and its lines wait or were taken
    idle: Out(1), all lines of the commands of turn ``writing`` were taken
    out_of_range: Out(1), if there are functions: a power of two is none that ``RangeCheck`` lets pass
    """

    def __init__(
        self,
        *,
        rows,
        cols,
        drain_rows,
        slots,
        words,
        lanes,
        data_bits,
        address_bits,
        function_lanes=0,
        epilogue_lanes=1,
        target="generic",
    ):
        check_bus(data_bits=data_bits, address_bits=address_bits)
        if BLOCK_SIZE % cols:
            raise ValueError(f"cols must divide {BLOCK_SIZE}, so that tiles make blocks, not be {cols!r}")
        self.rows = rows
        self.cols = cols
        self.drain_rows = drain_rows
        self.slots = slots
        self.words = words
        self.lanes = lanes
        self.function_lanes = function_lanes
        self.epilogue_lanes = epilogue_lanes
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.target = target
        values = data.ArrayLayout(32, rows // drain_rows * cols)
        self._functions = function_lanes > 0
        command = tile_command_layout(
            rows=rows, slots=slots, address_bits=address_bits, functions=self._functions
        )
        super().__init__(
            {
                "job": In(result_job_layout(address_bits, self._functions)),
                "turn": In(1),
                "writing": In(1),
                "command": In(stream.Signature(command)),
                "d": In(stream.Signature(packet_layout(values, TileStatus))),
                "read": Out(stream.Signature(addend_request_layout(address_bits))),
                "beat": In(stream.Signature(addend_beat_layout(data_bits), always_ready=True)),
                "o": Out(stream.Signature(write_beat_layout(data_bits, address_bits))),
                "carried_out": Out(1),
                "idle": Out(1),
                **({"out_of_range": Out(1)} if function_lanes else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        rows, address_bits = self.rows, self.address_bits
        parts = {"rows": rows, "words": self.words, "address_bits": address_bits}
        m.submodules.address = address = TileAddress(
            rows=rows, slots=self.slots, address_bits=address_bits, functions=self._functions
        )
        m.submodules.tile_rows = tile_rows = TileRows(
            rows=rows, cols=self.cols, drain_rows=self.drain_rows, words=self.words, target=self.target
        )
        m.submodules.accumulation = accumulation = Accumulation(
            rows=rows,
            slots=self.slots,
            words=self.words,
            lanes=self.lanes,
            addends=not self._functions,
            target=self.target,
        )
        m.submodules.places = places = RowPlaces(**parts)
        # Where a part goes takes logic, and so does the first stage of what becomes of it.
        m.submodules.placed_parts = placed = SkidBuffer(shape=places.o.p.shape())
        m.submodules.format = format_ = ResultFormat(target=self.target, **parts)
        m.submodules.collector = collector = RowCollector(
            data_bits=self.data_bits, target=self.target, **parts
        )

        connect, flipped = wiring.connect, wiring.flipped
        connect(m, flipped(self.command), address.i)
        connect(m, flipped(self.d), tile_rows.d)
        connect(m, tile_rows.o, accumulation.results)
        make = self._epilogue if self._functions else self._addends
        addend, made, checked = make(m, accumulation, parts)
        connect(m, made, places.i)
        connect(m, places.o, placed.i)
        connect(m, placed.o, format_.i)
        connect(m, format_.o, collector.i)
        connect(m, collector.o, flipped(self.o))
        job = self.job
        m.d.comb += [
            address.job.eq(job),
            places.pitch.eq(job.pitch),
            format_.format.eq(job.format),
            collector.turn.eq(self.turn),
            collector.writing.eq(self.writing),
        ]
        self._distribute(m, address.o, tile_rows.size, addend, accumulation.tile, places.tile, checked)

        # A command is carried out when its sums are kept, or its last fragment is with the collector and the
        # parts behind it, which make no fragments, have gone too.
        commands, kept, left = Signal(range(_COMMANDS_UNDER_WAY)), Signal(), Signal()
        m.d.comb += [
            self.carried_out.eq((commands == 0) & ~places.tile.valid & ~placed.o.valid & collector.placed),
            self.idle.eq((self.carried_out | (self.turn != self.writing)) & collector.idle),
        ]
        tile, fragment = accumulation.tile, format_.o
        m.d.sync += [
            kept.eq(tile.valid & tile.ready & ~tile.p.last),
            left.eq(fragment.valid & fragment.ready & fragment.p.last),
            commands.eq(commands + (self.command.valid & self.command.ready) - kept - left),
        ]
        return m

    def _addends(self, m, accumulation, parts):
        """Accumulation adds bias and old D: the stream of tiles of which some are read, and the results.

        And that of tiles whose range is checked: none.
        """
        m.submodules.addends = addends = AddendReader(data_bits=self.data_bits, target=self.target, **parts)
        wiring.connect(m, addends.o, accumulation.addends)
        wiring.connect(m, addends.read, wiring.flipped(self.read))
        wiring.connect(m, wiring.flipped(self.beat), addends.beat)
        m.d.comb += [
            addends.pitch.eq(self.job.pitch),
            accumulation.bias.eq(self.job.bias),
            accumulation.accumulate.eq(self.job.accumulate),
        ]
        return addends.tile, accumulation.o, None

    def _epilogue(self, m, accumulation, parts):
        """All steps after the chunks' sum in a part of their own: streams as from ``_addends``."""
        m.submodules.epilogue = epilogue = Epilogue(
            lanes=self.epilogue_lanes,
            function_lanes=min(self.words, self.function_lanes),
            data_bits=self.data_bits,
            target=self.target,
            **parts,
        )
        wiring.connect(m, accumulation.o, epilogue.i)
        wiring.connect(m, epilogue.read, wiring.flipped(self.read))
        wiring.connect(m, wiring.flipped(self.beat), epilogue.beat)
        m.d.comb += [epilogue.job.eq(self.job), self.out_of_range.eq(epilogue.out_of_range)]
        return epilogue.tile, epilogue.o, epilogue.checked

    def _distribute(self, m, placed, size, addend, tile, written, checked):
        """What each part must know of a tile, into a queue of its own."""
        job, command = self.job, placed.p
        inputs, parts = [], {"size": size, "addend": addend, "tile": tile, "written": written}
        if checked is not None:
            parts["checked"] = checked
        for name, to in parts.items():
            queue = Queue(shape=to.p.shape(), depth=COMMANDS, registered=True)
            m.submodules[f"{name}_queue"] = queue
            wiring.connect(m, queue.o, to)
            inputs.append(queue.i)
        size_in, addend_in, tile_in, written_in, *checked_in = inputs
        # Commands are more than two cycles apart: room that was there a cycle before is there still.
        m.d.sync += placed.ready.eq(Cat(queue.ready for queue in inputs).all())
        taken = placed.valid & placed.ready
        has_addends = command.last & (job.bias | job.accumulate)
        if self._functions:
            has_addends = command.last & (job.scale | job.bias | job.gate | job.accumulate)
            m.d.comb += [
                addend_in.p.vector_address.eq(command.bias_address),
                addend_in.p.gate_address.eq(command.gate_address),
            ]
        else:
            m.d.comb += [
                addend_in.p.bias.eq(job.bias),
                addend_in.p.accumulate.eq(job.accumulate),
                addend_in.p.bias_address.eq(command.bias_address),
            ]
        last_row = (command.rows - 1)[: len(tile_in.p.last_row)]
        more_tiles = (command.columns - 1) >> (self.cols.bit_length() - 1)
        m.d.comb += [
            size_in.valid.eq(taken),
            size_in.p.more_tiles.eq(more_tiles[: len(size_in.p.more_tiles)]),
            size_in.p.rows.eq(command.rows),
            addend_in.valid.eq(taken & has_addends),
            addend_in.p.last_row.eq(last_row),
            *_same(addend_in.p, command, "address", "columns"),
            tile_in.valid.eq(taken),
            tile_in.p.last_row.eq(last_row),
            *_same(tile_in.p, command, "first", "last", "plain", "slot"),
            written_in.valid.eq(taken & command.last),
            written_in.p.last_row.eq(last_row),
            *_same(written_in.p, command, "address", "columns", "begins", "ends", "code"),
        ]
        for to in checked_in:
            m.d.comb += [
                to.valid.eq(taken & command.last & (job.function == Function.EXP2)),
                to.p.last_row.eq(last_row),
                to.p.columns.eq(command.columns),
            ]


def _same(to, of, *names):
    """``to`` gets those fields of ``of``."""
    return [getattr(to, name).eq(getattr(of, name)) for name in names]
