"""Everything of an engine that a soft reset clears: from descriptors to accesses to memory."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from golden.engine import ENTRY_BYTES
from hw.array.drained_grid import DrainedGrid
from hw.array.grid import Grid
from hw.axi.line import FRAGMENT_BYTES
from hw.axi.read_master import ReadMaster, bus_error_layout
from hw.axi.signatures import AXI4Signature
from hw.axi.write_master import WriteMaster
from hw.block.layouts import FormatCode
from hw.gemm.jobs.counters import activity_layout
from hw.gemm.jobs.descriptor import descriptor_layout, queued_descriptor_layout
from hw.gemm.jobs.descriptor_check import DescriptorCheck, checked_job_layout
from hw.gemm.jobs.job import OperandSide, job_layout
from hw.gemm.jobs.list_fetch import LIST_ADDRESS_BITS, ListFetch
from hw.gemm.operands.operand_buffer import OperandBuffer
from hw.gemm.operands.operand_fetch import OperandFetch
from hw.gemm.operands.operand_reader import row_tag_layout
from hw.gemm.operands.unpacker import Unpacker
from hw.gemm.reorder.row_jobs import ROW_TURN, RowJobs
from hw.gemm.results.result_dispatch import PRODUCT_TURNS, ResultDispatch
from hw.gemm.results.result_path import ResultPath
from hw.gemm.tiles.tile_loop import TileLoop
from hw.gemm.tiles.tile_sequencer import TileSequencer
from hw.gemm.tiles.wide_tiles import WideTiles
from hw.shared_module import place
from hw.stream.arbiter import Arbiter
from hw.stream.queue import Queue
from hw.stream.skid_buffer import SkidBuffer
from hw.target.delay import delay

__all__ = ["Datapath"]


class Datapath(wiring.Component):
    """Descriptors in, jobs out to be admitted, jobs in, accesses to memory out.

    Parameters
    ----------
    geometry:
        Sizes of the engine.
    result_words, adder_lanes, product_stages, target:
        As for ``hw.gemm.engine.Engine``.
    epilogue_lanes:
        As for ``hw.gemm.results.result_path.ResultPath``.

    Members
    -------
    descriptor: In(stream of ``descriptor_layout``); list: In(stream of addresses), of lists to fetch
    submitted: Out(1), a descriptor is queued; list_address: Out(64), of an entry that may not lie there
    checked: Out(stream of ``checked_job_layout``); job: In(stream of ``job_layout``)
    bus: Out(AXI4Signature)
    stop: In(1), begin no access any more; idle: Out(1), none is under way
    read_error, write_error: Out(stream of ``bus_error_layout``), never stalled
    job_done: Out(1); bad_permutation: Out(1)
    out_of_range: Out(1), a result of a job cannot be held, before the job is done; never without functions
    activity: Out(``activity_layout``), without ``busy``
    """

    def __init__(
        self, *, geometry, result_words, adder_lanes, epilogue_lanes, product_stages=2, target="generic"
    ):
        self.geometry = geometry
        self._result_words = result_words
        self._adder_lanes = adder_lanes
        self._epilogue_lanes = epilogue_lanes
        self._target = target
        parameters = geometry.parameters
        sizes = {"rows": parameters.rows, "cols": parameters.cols, "product_stages": product_stages}
        # A pass leaves the sequencer a cycle after the tile starts.
        reaction = 1 + OperandBuffer.latency_of(geometry)
        self._array = DrainedGrid(
            **sizes,
            drain_rows=parameters.drain_rows,
            k_blocks=parameters.k_blocks,
            fraction_bits=parameters.fraction_bits,
            reaction=reaction,
            target=target,
        )
        # Cycles from a tile's last pass until its references have been used.
        kept = reaction + Grid.taken_latency_of(**sizes)
        self._buffers = [
            OperandBuffer(
                geometry=geometry,
                side=side,
                tiles=1 << ceil_log2(-(-kept // parameters.drain_rows) + 4),
                distance_delay=self._array.distance_delay,
                target=target,
            )
            for side in OperandSide
        ]
        error = stream.Signature(bus_error_layout(geometry.address_bits), always_ready=True)
        super().__init__(
            {
                "descriptor": In(stream.Signature(descriptor_layout())),
                "list": In(stream.Signature(LIST_ADDRESS_BITS)),
                "submitted": Out(1),
                "list_address": Out(LIST_ADDRESS_BITS),
                "checked": Out(stream.Signature(checked_job_layout(geometry))),
                "job": In(stream.Signature(job_layout(geometry))),
                "bus": Out(AXI4Signature(data_bits=geometry.data_bits, address_bits=geometry.address_bits)),
                "stop": In(1),
                "idle": Out(1),
                "read_error": Out(error),
                "write_error": Out(error),
                "job_done": Out(1),
                "bad_permutation": Out(1),
                "out_of_range": Out(1),
                "activity": Out(activity_layout(geometry)),
            }
        )

    @property
    def shared_modules(self):
        """Modules placed many times, by the name of their Verilog module."""
        shared = {"mixdit_gemm_array": self._array}
        for buffer in self._buffers:
            shared |= buffer.shared_modules
        return shared

    def elaborate(self, platform):
        m = Module()
        g = self.geometry
        m.submodules.fetch = fetch = OperandFetch(geometry=g)
        m.submodules.loop = loop = TileLoop(geometry=g)
        m.submodules.wide_tiles = wide_tiles = WideTiles(geometry=g, target=self._target)
        m.submodules.sequencer = sequencer = TileSequencer(geometry=g)
        m.submodules.unpacker = unpacker = Unpacker(geometry=g)
        m.submodules.dispatch = dispatch = ResultDispatch(geometry=g)
        arrays = [
            place(m, f"array_{n}", self._array, module="mixdit_gemm_array")
            for n in range(g.parameters.arrays)
        ]
        paths = self._result_paths(m, arrays, dispatch)
        rows = None
        if g.parameters.reorder_columns:
            rows = RowJobs(m, g, words=self._result_words, target=self._target)
        lists = self._check_descriptors(m)
        readers = [*paths] if rows is None else [*paths, rows.path]
        reader = self._reader(m, fetch.command, readers, lists)
        writer, sent = self._writer(m, paths, rows)

        # Descriptors to jobs, jobs to tiles, tiles to the arrays and their results to the paths.
        self._divide_jobs(m, fetch.job, rows)
        wiring.connect(m, fetch.job_started, loop.job)
        wiring.connect(m, loop.tile, wide_tiles.i)
        wiring.connect(m, wide_tiles.o, sequencer.tile)
        wiring.connect(m, loop.results, dispatch.results)
        job_begins = loop.job.valid & loop.job.ready
        m.d.comb += [dispatch.job.p.eq(loop.job.p), dispatch.job.valid.eq(job_begins)]

        # What was read to the buffers and the paths; passes from there to the arrays.
        self._divide_beats(m, reader.beat, unpacker, [*(path.beat for path in readers), lists.beat])
        self._buffer_operands(m, unpacker, sequencer, arrays)
        row = unpacker.row
        m.d.comb += [wide_tiles.row.eq(row), fetch.released.eq(sequencer.released)]
        tile_loaded = row.last.replicate(2) & Cat(row.operand == side for side in OperandSide)
        m.d.sync += loop.loaded.eq(tile_loaded)  # a cycle later all is in memory

        # A job is done when all that was written for it is in memory.
        reorder_done = Signal()
        if rows is None:
            m.d.comb += dispatch.may_end.eq(1)
        else:
            m.d.comb += [
                reorder_done.eq(rows.end(m, self.job, dispatch, writer.ended)),
                self.bad_permutation.eq(rows.fault),
            ]
        m.d.comb += [
            dispatch.sent.eq(sent),
            dispatch.ended.eq(writer.ended[:PRODUCT_TURNS]),
            # What ends after an error is not done.
            self.job_done.eq((dispatch.job_done | reorder_done) & ~self.stop),
            self.idle.eq(writer.idle & reader.idle),
            self.activity.job_begins.eq(job_begins),
            self.activity.read.eq(self.bus.rvalid & self.bus.rready),
            self.activity.written.eq(writer.written),
        ]
        if g.parameters.function_lanes:
            # It is known long before the results are formatted, sent and acknowledged.
            m.d.sync += self.out_of_range.eq(Cat(path.out_of_range for path in readers).any())
        self._array_activity(m, sequencer, loop, wide_tiles)
        return m

    def _check_descriptors(self, m):
        """Descriptors, of lists too, wait in a queue, and leave as checked jobs; what fetches lists."""
        g, flipped = self.geometry, wiring.flipped
        m.submodules.list_fetch = lists = ListFetch(data_bits=g.data_bits, address_bits=g.address_bits)
        m.submodules.queue = queue = Queue(shape=queued_descriptor_layout(), depth=g.parameters.queue_depth)
        m.submodules.check = check = DescriptorCheck(geometry=g)
        wiring.connect(m, flipped(self.descriptor), lists.i)
        wiring.connect(m, flipped(self.list), lists.list)
        wiring.connect(m, lists.o, queue.i)
        wiring.connect(m, queue.o, check.i)
        wiring.connect(m, check.o, flipped(self.checked))
        m.d.comb += [
            lists.stop.eq(self.stop),
            self.submitted.eq(lists.submitted),
            self.list_address.eq(lists.address),
        ]
        return lists

    def _result_paths(self, m, arrays, dispatch):
        """A path for each array's results."""
        p, paths = self.geometry.parameters, []
        for n, array in enumerate(arrays):
            path = ResultPath(
                rows=p.rows,
                cols=p.cols,
                drain_rows=p.drain_rows,
                slots=self.geometry.partial_slots,
                words=self._result_words,
                lanes=self._adder_lanes,
                function_lanes=p.function_lanes,
                epilogue_lanes=self._epilogue_lanes,
                data_bits=p.data_bits,
                address_bits=p.address_bits,
                target=self._target,
            )
            m.submodules[f"result_path_{n}"] = path
            wiring.connect(m, dispatch.commands[n], path.command)
            wiring.connect(m, array.d, path.d)
            m.d.comb += [
                path.job.eq(dispatch.result_job),
                path.turn.eq(dispatch.turn),
                path.writing.eq(dispatch.writing),
            ]
            paths.append(path)
        m.d.comb += dispatch.carried_out.eq(Cat(path.carried_out for path in paths).all())
        return paths

    def _divide_jobs(self, m, product, rows):
        """Products go to the read side, row jobs to their path."""
        job = self.job
        row_taken = 0 if rows is None else rows.take(m, job)
        m.d.comb += [
            product.p.eq(job.p),
            product.valid.eq(job.valid & ~job.p.reorder),
            job.ready.eq(Mux(job.p.reorder, row_taken, product.ready)),
        ]

    def _reader(self, m, operands, paths, lists):
        """The read master, for operands, entries of lists and what result paths add: few, and go first.

        Rows, which can be as many as the bus brings, are read where nothing else is.
        """
        g = self.geometry
        # Entries come back as if to one path more.
        tag = data.StructLayout({"result": 1, "path": range(len(paths) + 1), "row": row_tag_layout(g)})
        m.submodules.reader = reader = ReadMaster(
            data_bits=g.data_bits,
            address_bits=g.address_bits,
            tag=tag,
            most_bytes=max(g.most_bytes, FRAGMENT_BYTES, ENTRY_BYTES),
        )
        m.submodules.read_arbiter = arbiter = Arbiter(shape=reader.command.p.shape(), inputs=len(paths) + 2)
        wiring.connect(m, arbiter.o, reader.command)
        inputs = list(arbiter.i)
        if g.parameters.reorder_columns:
            inputs.insert(len(paths) - 1, inputs.pop())
        *of_paths, of_lists, of_operands = inputs
        for to, read in zip(
            [*of_paths, of_operands], [*(path.read for path in paths), operands], strict=True
        ):
            m.d.comb += [
                to.valid.eq(read.valid),
                to.p.address.eq(read.p.address),
                to.p.bytes.eq(read.p.bytes),
                read.ready.eq(to.ready),
            ]
        m.d.comb += [
            of_lists.valid.eq(lists.read.valid),
            of_lists.p.address.eq(lists.read.p),
            of_lists.p.bytes.eq(ENTRY_BYTES),
            lists.read.ready.eq(of_lists.ready),
        ]
        for n, to in enumerate((*of_paths, of_lists)):
            m.d.comb += [to.p.tag.result.eq(1), to.p.tag.path.eq(n)]
        m.d.comb += [of_operands.p.tag.row.eq(operands.p.tag), reader.stop.eq(self.stop)]
        wiring.connect(m, reader.error, wiring.flipped(self.read_error))
        self._connect_bus(m, reader.bus)
        return reader

    def _divide_beats(self, m, beat, unpacker, others):
        """Rows of operands go to the unpacker, addends to the path that wants them, entries to the lists."""
        tag = beat.p.tag
        m.d.comb += [
            unpacker.beat.valid.eq(beat.valid & ~tag.result),
            unpacker.beat.p.tag.eq(tag.row),
        ]
        for n, to in enumerate(others):
            m.d.comb += to.valid.eq(beat.valid & tag.result & (tag.path == n))
        for to in (unpacker.beat, *others):
            m.d.comb += [getattr(to.p, name).eq(getattr(beat.p, name)) for name in ("data", "first", "last")]

    def _writer(self, m, paths, rows):
        """The write master, for lines of all paths, the first path's first.

        Also whether no line of a product that may be sent is on its way through a path.
        """
        g = self.geometry
        turns, ends = (PRODUCT_TURNS, paths) if rows is None else (ROW_TURN + 1, [*paths, rows.path])
        m.submodules.writer = writer = WriteMaster(
            data_bits=g.data_bits, address_bits=g.address_bits, turns=turns
        )
        beat = writer.i.p.shape()
        # What the bus takes must not be known in every stage before it in the same cycle.
        m.submodules.beat_buffer = buffer = SkidBuffer(shape=beat)
        m.submodules.beat_arbiter = arbiter = Arbiter(
            shape=beat, inputs=len(ends), more=lambda beat: beat.more != 0
        )
        wiring.connect(m, arbiter.o, buffer.i)
        wiring.connect(m, buffer.o, writer.i)
        for path, to in zip(ends, arbiter.i, strict=True):
            m.d.comb += [to.valid.eq(path.o.valid), path.o.ready.eq(to.ready)]
            m.d.comb += [getattr(to.p, name).eq(getattr(path.o.p, name)) for name in beat.members]
        m.d.comb += writer.stop.eq(self.stop)
        wiring.connect(m, writer.error, wiring.flipped(self.write_error))
        self._connect_bus(m, writer.bus)
        if rows is not None:
            m.d.comb += arbiter.i[-1].p.turn.eq(ROW_TURN)
        line = arbiter.o.valid & arbiter.o.ready & (arbiter.o.p.more == 0)
        m.d.comb += writer.taken.eq(Cat(line & (arbiter.o.p.turn == turn) for turn in range(turns)))
        return writer, Cat(path.idle for path in paths).all()

    def _connect_bus(self, m, half):
        """The read or the write channels of the bus."""
        for name, member in half.signature.members.items():
            ours, theirs = getattr(self.bus, name), getattr(half, name)
            m.d.comb += ours.eq(theirs) if member.flow == Out else theirs.eq(ours)

    def _buffer_operands(self, m, unpacker, sequencer, arrays):
        """The rows of A and of B, and their passes: each array has rows of A of its own, and all have B's."""
        p = self.geometry.parameters
        a, b = m.submodules.a_buffer, m.submodules.b_buffer = self._buffers
        for buffer, issued in ((a, sequencer.a), (b, sequencer.b)):
            m.d.comb += [
                buffer.write.eq(unpacker.write),
                buffer.row.eq(unpacker.row),
                buffer.issued.eq(issued),
            ]
        latency = OperandBuffer.latency_of(self.geometry)
        for n, array in enumerate(arrays):
            control = delay(m, f"control_{n}", sequencer.control[n], latency, reset_less=False)
            m.d.comb += [
                array.control.eq(control),
                array.start.eq(sequencer.start[n]),
                array.tile.eq(sequencer.control[n].last),
                sequencer.room[n].eq(array.room),
            ]
            for row in range(p.rows):
                lane = n * p.rows + row
                m.d.comb += [to.eq(of) for to, of in zip(array.a[row], a.operand[lane], strict=True)]
                m.d.comb += [
                    array.row_distance[row].eq(a.distance[lane]),
                    array.row_reference[row].eq(a.reference[lane]),
                    a.taken[lane].eq(array.row_taken[row]),
                ]
            for column in range(p.cols):
                m.d.comb += [to.eq(of) for to, of in zip(array.b[column], b.operand[column], strict=True)]
                m.d.comb += [
                    array.column_distance[column].eq(b.distance[column]),
                    array.column_reference[column].eq(b.reference[column]),
                ]
        # Array 0 makes results of every tile.
        m.d.comb += [to.eq(of) for to, of in zip(b.taken, arrays[0].column_taken, strict=True)]

    def _array_activity(self, m, sequencer, loop, wide_tiles):
        """What array 0 does."""
        array = sequencer.activity
        tile_comes = array.passing | wide_tiles.busy
        m.d.comb += [
            self.activity.passing.eq(array.passing),
            self.activity.a_mx9.eq(array.a == FormatCode.MX9),
            self.activity.b_mx9.eq(array.b == FormatCode.MX9),
            self.activity.tiles.eq(loop.active | tile_comes),
            self.activity.starved.eq(~tile_comes & loop.starved),
            self.activity.blocked.eq(~array.room),
        ]
