"""Everything of an engine that a soft reset clears: from descriptors to accesses to memory."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi.line import FRAGMENT_BYTES
from hw.axi.read_master import ReadMaster, bus_error_layout
from hw.axi.signatures import AXI4Signature
from hw.axi.write_master import WriteMaster
from hw.gemm.jobs.counters import activity_layout
from hw.gemm.jobs.descriptor import descriptor_layout
from hw.gemm.jobs.descriptor_check import DescriptorCheck, checked_job_layout
from hw.gemm.jobs.job import DIMENSION_BITS, job_layout
from hw.gemm.operands.operand_fetch import OperandFetch
from hw.gemm.operands.operand_reader import row_tag_layout
from hw.gemm.operands.unpacker import Unpacker
from hw.gemm.reorder.reorder_path import ReorderPath
from hw.gemm.results.result_dispatch import ResultDispatch
from hw.gemm.results.result_path import ResultPath
from hw.gemm.tiles.array_unit import ArrayUnit
from hw.gemm.tiles.tile_feeder import TileFeeder
from hw.gemm.tiles.tile_loop import TileLoop
from hw.shared_module import place
from hw.stream.queue import Queue
from hw.stream.skid_buffer import SkidBuffer

__all__ = ["Datapath"]


class Datapath(wiring.Component):
    """Descriptors in, jobs out to be admitted, jobs in, accesses to memory out.

    Parameters
    ----------
    geometry:
        Sizes of the engine.
    adder_lanes, product_stages, target:
        As for ``hw.gemm.engine.Engine``.

    Members
    -------
    descriptor: In(stream of ``descriptor_layout``)
    checked: Out(stream of ``checked_job_layout``); job: In(stream of ``job_layout``)
    bus: Out(AXI4Signature)
    stop: In(1), begin no access any more; idle: Out(1), none is under way
    read_error, write_error: Out(``bus_error_layout``), with their valid
    job_done: Out(1); bad_permutation: Out(1)
    activity: Out(``activity_layout``), without ``busy``
    """

    def __init__(self, *, geometry, adder_lanes, product_stages=2, target="generic"):
        self.geometry = geometry
        self._adder_lanes = adder_lanes
        parameters = geometry.parameters
        self._array = ArrayUnit(
            rows=parameters.rows,
            cols=parameters.cols,
            drain_rows=parameters.drain_rows,
            k_blocks=parameters.k_blocks,
            fraction_bits=parameters.fraction_bits,
            product_stages=product_stages,
            target=target,
        )
        error = bus_error_layout(geometry.address_bits)
        super().__init__(
            {
                "descriptor": In(stream.Signature(descriptor_layout())),
                "checked": Out(stream.Signature(checked_job_layout(geometry))),
                "job": In(stream.Signature(job_layout(geometry))),
                "bus": Out(AXI4Signature(data_bits=geometry.data_bits, address_bits=geometry.address_bits)),
                "stop": In(1),
                "idle": Out(1),
                "read_error": Out(error),
                "read_error_valid": Out(1),
                "write_error": Out(error),
                "write_error_valid": Out(1),
                "job_done": Out(1),
                "bad_permutation": Out(1),
                "activity": Out(activity_layout(geometry)),
            }
        )

    @property
    def shared_modules(self):
        """Modules placed many times, by the name of their Verilog module."""
        return {"mixdit_gemm_array": self._array}

    def elaborate(self, platform):
        m = Module()
        g = self.geometry
        m.submodules.check = check = DescriptorCheck(geometry=g)
        m.submodules.fetch = fetch = OperandFetch(geometry=g)
        m.submodules.loop = loop = TileLoop(geometry=g)
        m.submodules.feeder = feeder = TileFeeder(geometry=g)
        m.submodules.dispatch = dispatch = ResultDispatch(geometry=g)
        arrays = [
            place(m, f"array_{n}", self._array, module="mixdit_gemm_array")
            for n in range(g.parameters.arrays)
        ]
        paths = self._result_paths(m, arrays, dispatch)
        reorder = self._reorder_path(m)
        if reorder is not None:
            paths.append(reorder)

        self._queue(m, check)
        wiring.connect(m, check.o, wiring.flipped(self.checked))
        self._start(m, fetch.job, reorder)
        wiring.connect(m, fetch.job_started, loop.job)
        wiring.connect(m, loop.tile, feeder.tile)
        wiring.connect(m, loop.results, dispatch.results)
        begins = loop.job.valid & loop.job.ready
        m.d.comb += [dispatch.job.eq(loop.job.p), dispatch.job_begins.eq(begins)]
        self._feed(m, feeder, arrays)
        self._read(m, fetch, feeder, loop, paths)
        self._write(m, paths, dispatch)
        self._activity(m, arrays[0], loop, feeder, begins)
        return m

    def _queue(self, m, check):
        m.submodules.queue = queue = Queue(
            shape=descriptor_layout(), depth=self.geometry.parameters.queue_depth
        )
        wiring.connect(m, wiring.flipped(self.descriptor), queue.i)
        wiring.connect(m, queue.o, check.i)

    def _result_paths(self, m, arrays, dispatch):
        p, paths = self.geometry.parameters, []
        for n, array in enumerate(arrays):
            path = ResultPath(
                rows=p.rows,
                cols=p.cols,
                drain_rows=p.drain_rows,
                slots=self.geometry.partial_slots,
                lanes=self._adder_lanes,
                data_bits=p.data_bits,
                address_bits=p.address_bits,
            )
            m.submodules[f"result_path_{n}"] = path
            wiring.connect(m, dispatch.commands[n], path.command)
            m.d.comb += [
                path.job.eq(dispatch.result_job),
                path.d.valid.eq(array.d_valid),
                Cat(path.d.p.data).eq(array.d_data),
                path.d.p.last.eq(array.d_last),
                array.d_ready.eq(path.d.ready),
            ]
            paths.append(path)
        return paths

    def _reorder_path(self, m):
        p = self.geometry.parameters
        if not p.reorder_columns:
            return None
        m.submodules.reorder_path = path = ReorderPath(
            columns=p.reorder_columns,
            rows_bits=DIMENSION_BITS,
            data_bits=p.data_bits,
            address_bits=p.address_bits,
        )
        m.d.comb += self.bad_permutation.eq(path.fault)
        return path

    def _start(self, m, product, reorder):
        """Products go to the read side, the rest to the reorder path, which is done when it is idle again."""
        job = self.job
        m.d.comb += [
            product.p.eq(job.p),
            product.valid.eq(job.valid & ~job.p.reorder),
            job.ready.eq(Mux(job.p.reorder, reorder.job.ready if reorder else 0, product.ready)),
        ]
        self._reordering = reordering = Signal()
        self._reordered = reordered = Signal()
        if reorder is None:
            return
        to = reorder.job.p
        m.d.comb += [
            reorder.job.valid.eq(job.valid & job.p.reorder),
            to.rows.eq(job.p.a.rows),
            to.columns.eq(job.p.columns),
            to.narrow.eq(job.p.narrow),
            to.permute.eq(job.p.permute),
            to.permutation.eq(job.p.b.address),
            to.source.eq(job.p.a.address),
            to.source_pitch.eq(job.p.a.pitch),
            to.target.eq(job.p.d_address),
            to.target_pitch.eq(job.p.result.pitch),
            to.format.eq(job.p.result.format),
            to.mx9_blocks.eq(job.p.result.mx9_blocks),
        ]
        with m.If(reorder.job.valid & reorder.job.ready):
            m.d.sync += reordering.eq(1)
        with m.If(reordered):
            m.d.sync += reordering.eq(0)

    def _feed(self, m, feeder, arrays):
        for n, array in enumerate(arrays):
            for name in "ab":
                operand = getattr(feeder, name)[n]
                m.d.comb += [
                    getattr(array, f"{name}_data").eq(operand.p.data.as_value()),
                    getattr(array, f"{name}_user").eq(operand.p.user.as_value()),
                    getattr(array, f"{name}_last").eq(operand.p.last),
                    getattr(array, f"{name}_valid").eq(operand.valid),
                    operand.ready.eq(getattr(array, f"{name}_ready")),
                ]

    def _read(self, m, fetch, feeder, loop, paths):
        """Operands, and what result paths add; these are few, and go first."""
        g = self.geometry
        tag = data.StructLayout({"result": 1, "path": range(max(2, len(paths))), "row": row_tag_layout(g)})
        m.submodules.reader = reader = ReadMaster(
            data_bits=g.data_bits,
            address_bits=g.address_bits,
            tag=tag,
            most_bytes=max(g.most_bytes, FRAGMENT_BYTES),
        )
        wanted = self._requests(m, reader.command.p.shape(), fetch.command, paths)
        m.d.comb += reader.command.valid.eq(Cat(valid for valid, _, _ in wanted).any())
        free = reader.command.ready
        for valid, payload, _ in reversed(wanted):
            with m.If(valid):
                m.d.comb += reader.command.payload.eq(payload)
        for valid, _, ready in wanted:
            m.d.comb += ready.eq(free)
            free = free & ~valid
        m.submodules.unpacker = unpacker = Unpacker(geometry=g)
        beat = reader.beat
        for to in (unpacker, *paths):
            m.d.comb += [to.beat.data.eq(beat.data), to.beat.first.eq(beat.first), to.beat.last.eq(beat.last)]
        m.d.comb += [
            unpacker.beat.tag.eq(beat.tag.row),
            unpacker.beat_valid.eq(reader.beat_valid & ~beat.tag.result),
            *(
                path.beat_valid.eq(reader.beat_valid & beat.tag.result & (beat.tag.path == n))
                for n, path in enumerate(paths)
            ),
            feeder.write.eq(unpacker.write),
            fetch.released.eq(feeder.released),
        ]
        # A cycle later the last block is in memory.
        loaded = unpacker.write.last.replicate(2) & Cat(
            unpacker.write.operand.as_value() == side for side in range(2)
        )
        m.d.sync += loop.loaded.eq(loaded)
        self._connect_bus(m, reader.bus)
        m.d.comb += [
            reader.stop.eq(self.stop),
            self.read_error.eq(reader.error),
            self.read_error_valid.eq(reader.error_valid),
            self.activity.read.eq(self.bus.rvalid & self.bus.rready),
        ]
        self._reader = reader

    def _requests(self, m, layout, operands, paths):
        """Valid, read command and ready of everyone who reads, the most urgent one first."""
        found = []
        for n, path in enumerate(paths):
            request = Signal(layout, name=f"request_{n}")
            m.d.comb += [
                request.address.eq(path.read.p.address),
                request.bytes.eq(path.read.p.bytes),
                request.tag.result.eq(1),
                request.tag.path.eq(n),
            ]
            found.append((path.read.valid, request, path.read.ready))
        request = Signal(layout, name="operand_request")
        m.d.comb += [
            request.address.eq(operands.p.address),
            request.bytes.eq(operands.p.bytes),
            request.tag.row.eq(operands.p.tag),
        ]
        return [*found, (operands.valid, request, operands.ready)]

    def _write(self, m, paths, dispatch):
        """Lines of all paths, the first path's first."""
        g = self.geometry
        m.submodules.writer = writer = WriteMaster(data_bits=g.data_bits, address_bits=g.address_bits)
        # What the bus takes must not be known in every stage before it in the same cycle.
        m.submodules.line_buffer = buffer = SkidBuffer(shape=writer.i.p.shape())
        wiring.connect(m, buffer.o, writer.i)
        lines, empty = self._lines(m, paths)
        free = buffer.i.ready
        for line in lines:
            m.d.comb += line.ready.eq(free)
            free = free & ~line.valid
        m.d.comb += buffer.i.valid.eq(Cat(line.valid for line in lines).any())
        for line in reversed(lines):
            with m.If(line.valid):
                m.d.comb += buffer.i.p.eq(line.p)
        self._connect_bus(m, writer.bus)
        m.d.comb += [
            writer.stop.eq(self.stop),
            self.idle.eq(writer.idle & self._reader.idle),
            self.write_error.eq(writer.error),
            self.write_error_valid.eq(writer.error_valid),
            dispatch.idle.eq(Cat(path.idle for path in paths).all() & empty & ~buffer.o.valid & writer.idle),
            self._reordered.eq(self._reordering & dispatch.idle),
            # What ends after an error is not done.
            self.job_done.eq((dispatch.job_done | self._reordered) & ~self.stop),
            self.activity.written.eq(writer.written),
        ]

    def _lines(self, m, paths):
        """The paths' lines, and whether none waits.

        Arrays are in lock step, so all rows fill their lines in the same tile. Their lines wait where they
        do not hinder the next tiles.
        """
        arrays, rows = self.geometry.parameters.arrays, self.geometry.parameters.rows
        if arrays == 1:
            return [path.o for path in paths], 1
        lines, empty = [], []
        for n, path in enumerate(paths):
            queue = Queue(shape=path.o.p.shape(), depth=max(3, rows), registered=True)
            m.submodules[f"lines_{n}"] = queue
            wiring.connect(m, path.o, queue.i)
            lines.append(queue.o)
            empty.append(queue.level == 0)
        return lines, Cat(empty).all()

    def _connect_bus(self, m, half):
        for name, member in half.signature.members.items():
            ours, theirs = getattr(self.bus, name), getattr(half, name)
            m.d.comb += ours.eq(theirs) if member.flow == Out else theirs.eq(ours)

    def _activity(self, m, array, loop, feeder, begins):
        """What array 0 does. Tiles on their way to it are counted from the feeder to their last pass."""
        pending = Signal(range(256))
        fed = feeder.a[0].valid & feeder.a[0].p.last
        m.d.sync += pending.eq(pending + fed - array.done)
        waits = (pending != 0) | feeder.feeding
        m.d.comb += [
            self.activity.passing.eq(array.issue),
            self.activity.a_mx9.eq(array.a_mx9),
            self.activity.b_mx9.eq(array.b_mx9),
            self.activity.tiles.eq(loop.active | waits),
            self.activity.starved.eq(~waits & loop.starved),
            self.activity.blocked.eq(array.blocked),
            self.activity.job_begins.eq(begins),
        ]
