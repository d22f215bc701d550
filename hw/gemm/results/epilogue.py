"""What becomes of sums on their way to the formats."""

from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import Function
from hw.axi.fragment_reader import addend_beat_layout, addend_request_layout
from hw.block.binary32 import BINARY32_BITS
from hw.gemm.jobs.job import result_job_layout
from hw.gemm.results.accumulation import fewest_lanes
from hw.gemm.results.affine_lanes import AffineLanes
from hw.gemm.results.epilogue_reader import EpilogueReader, epilogue_tile_layout
from hw.gemm.results.function_lanes import FunctionLanes
from hw.gemm.results.range_check import RangeCheck, checked_tile_layout
from hw.gemm.results.repeated_vector import RepeatedVector
from hw.stream.skid_buffer import SkidBuffer

__all__ = ["Epilogue", "usual_epilogue_lanes"]


def usual_epilogue_lanes(*, rows, cols, k_blocks, function_lanes):
    """As many lanes as there are for powers of two, but no more than 4, and with which tiles of ``k_blocks``
    passes never wait.

    They take one tile right behind the other. Four keep up with products of a short K.
    """
    fewest = fewest_lanes(rows=rows, cols=cols, k_blocks=k_blocks, overhead=0)
    return max(fewest, min(function_lanes, 4))


class Epilogue(wiring.Component):
    """Rows of sums, times the scale row, plus the bias row, by a function, times the gate, plus old D.

    Each step is made if the job asks for it; ``AffineLanes`` make those before the function, others those
    after it, all of them at the same time, on different rows. Rows come and go in parts of ``words``
    columns, all parts of all rows of each tile. Throughput is that of the slowest step: ``lanes`` values per
    cycle where there is a factor or an addend, those of ``FunctionLanes`` where there is a function, a part
    per cycle where there is nothing. Latency one cycle and those of the steps.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    words:
        Columns of a part.
    lanes:
        Values per cycle that are multiplied and added to, before and after the function; at most ``words``.
    function_lanes:
        As ``lanes`` of ``FunctionLanes``.
    data_bits, address_bits:
        Widths of the memory port.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    job: In(``result_job_layout``), holds still while anything is under way
    tile: In(stream of ``epilogue_tile_layout``), those of which something is to be read
    checked: In(stream of ``checked_tile_layout``), all that become powers of two
    out_of_range: Out(1), one of these is none that ``RangeCheck`` lets pass, before its part leaves
    i, o: streams of ``words`` binary32
    read: Out(stream of ``addend_request_layout``)
    beat: In(stream of ``addend_beat_layout``), never stalled
    """

    def __init__(self, *, rows, words, lanes, function_lanes, data_bits, address_bits, target="generic"):
        self._memory = {"data_bits": data_bits, "address_bits": address_bits, "target": target}
        self.rows = rows
        self.words = words
        self.lanes = lanes
        self.function_lanes = function_lanes
        self.target = target
        part = stream.Signature(data.ArrayLayout(BINARY32_BITS, words))
        super().__init__(
            {
                "job": In(result_job_layout(address_bits, True)),
                "tile": In(stream.Signature(epilogue_tile_layout(rows=rows, address_bits=address_bits))),
                "checked": In(stream.Signature(checked_tile_layout(rows=self.rows))),
                "out_of_range": Out(1),
                "i": In(part),
                "o": Out(part),
                "read": Out(stream.Signature(addend_request_layout(address_bits))),
                "beat": In(stream.Signature(addend_beat_layout(data_bits), always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        words, lanes, job = self.words, self.lanes, self.job
        vector = {"rows": self.rows, "lanes": lanes}
        m.submodules.reader = reader = EpilogueReader(words=words, **vector, **self._memory)
        vector["width"] = reader.width
        m.submodules.scale = scale = RepeatedVector(**vector)
        m.submodules.bias = bias = RepeatedVector(**vector)
        m.submodules.gate = gate = RepeatedVector(**vector, rows_too=True)
        m.submodules.before = before = AffineLanes(words=words, lanes=lanes)
        m.submodules.functions = functions = FunctionLanes(
            words=words, lanes=self.function_lanes, target=self.target
        )
        # Where all pass, their handshake would have no register.
        m.submodules.between = between = SkidBuffer(shape=self.i.p.shape())
        m.submodules.range_check = check = RangeCheck(rows=self.rows, words=words)
        m.submodules.after = after = AffineLanes(words=words, lanes=lanes)

        connect, flipped = wiring.connect, wiring.flipped
        connect(m, flipped(self.tile), reader.tile)
        connect(m, flipped(self.checked), check.tile)
        connect(m, reader.read, flipped(self.read))
        connect(m, flipped(self.beat), reader.beat)
        connect(m, reader.scale, scale.i)
        connect(m, reader.bias, bias.i)
        connect(m, reader.gate, gate.i)
        connect(m, scale.o, before.factors)
        connect(m, bias.o, before.addends)
        connect(m, gate.o, after.factors)
        connect(m, reader.old, after.addends)
        connect(m, flipped(self.i), before.i)
        connect(m, before.o, functions.i)
        connect(m, functions.o, between.i)
        connect(m, between.o, after.i)
        connect(m, after.o, flipped(self.o))
        m.d.comb += [
            reader.job.eq(job),
            before.multiply.eq(job.scale),
            before.add.eq(job.bias),
            functions.function.eq(job.function),
            check.taken.eq(functions.o.valid & functions.o.ready & (job.function == Function.EXP2)),
            check.i.eq(functions.o.p),
            self.out_of_range.eq(check.o),
            gate.by_row.eq(job.gate_by_row),
            after.multiply.eq(job.gate),
            after.add.eq(job.accumulate),
        ]
        return m
