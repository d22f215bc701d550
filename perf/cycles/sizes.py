"""The sizes, depths and latencies of an engine, as its modules state them."""

from dataclasses import asdict
from functools import cache

from golden.engine import ENTRY_BYTES, HALF_BLOCK_BYTES, EngineParameters, Function, MemoryFormat
from golden.formats import BLOCK_SIZE, MX9
from hw.array.drained_grid import ROOM_TILES, DrainedGrid
from hw.axi import read_master, write_master
from hw.axi.line import FRAGMENT_BYTES, UNIT_BYTES
from hw.axi.signatures import PAGE_BYTES
from hw.block.binary32 import BINARY32_BITS
from hw.block.quantizer import Quantizer
from hw.functions import variance
from hw.functions.activation import Activation
from hw.functions.exp2 import Exp2
from hw.functions.inverse import Inverse
from hw.functions.normalize import Normalize
from hw.functions.product import PRODUCT_STAGES
from hw.functions.reciprocal import Reciprocal
from hw.functions.row_maximum import RowMaximum
from hw.functions.row_sums import RowSums
from hw.functions.square_root import SquareRoot
from hw.functions.variance import ROOT_BITS
from hw.gemm.engine import Engine
from hw.gemm.geometry import Geometry
from hw.gemm.jobs.job import DIMENSION_BITS, MOST_BESIDE
from hw.gemm.operands.block_extractor import BlockExtractor
from hw.gemm.operands.block_finder import BlockFinder
from hw.gemm.operands.operand_buffer import OperandBuffer
from hw.gemm.operands.row_reference import RowReference
from hw.gemm.reorder import reorder_path, row_buffer, row_division
from hw.gemm.reorder.largest_exponent import LargestExponent
from hw.gemm.reorder.row_buffer import RowBuffer
from hw.gemm.results import epilogue_reader, function_lanes, result_path, row_collector
from hw.gemm.results.addend_reader import ADDENDS
from hw.gemm.results.affine_lanes import AffineLanes
from hw.gemm.results.float_adder import FloatAdder
from hw.gemm.results.result_format import FRAGMENT_STAGES
from hw.gemm.tiles import tile_loop
from hw.stream.block_queue import BlockQueue
from hw.stream.free_pipeline import FreePipeline
from hw.stream.skid_buffer import SkidBuffer
from hw.target.block_memory import BlockMemory
from mixdit.sim.memory import ONE, Memory
from perf.cycles.library import Sizes

__all__ = ["sizes_of"]


def sizes_of(
    parameters: EngineParameters, memory: Memory, *, result_words: int = 0, adder_lanes: int = 0
) -> Sizes:
    """The sizes of an engine with these parameters, behind such a memory.

    Raises ``ValueError`` for a memory that stalls at random, and as ``hw.gemm.engine.Engine``.
    """
    if memory.stall:
        raise ValueError(f"memory.stall must be 0 for the cycle model, not {memory.stall!r}")
    return Sizes.from_buffer_copy(_sizes(parameters, memory, result_words, adder_lanes))


@cache
def _sizes(parameters: EngineParameters, memory: Memory, result_words: int, adder_lanes: int) -> Sizes:
    """The sizes, found once: an engine's modules take longer to make than most jobs to model."""
    p = parameters
    core = Engine(**asdict(p), result_words=result_words, adder_lanes=adder_lanes)._datapath
    g = Geometry(p)
    words = core._result_words
    quantizer = Quantizer(words=words)
    finder = BlockFinder(geometry=g)
    buffer_latency = OperandBuffer.latency_of(g)
    grid: DrainedGrid = core._array
    lanes = min(words, p.function_lanes)
    statistic_lanes = min(lanes, p.data_bits // BINARY32_BITS, row_buffer.MOST_STATISTIC_LANES)
    root, inverse = SquareRoot(width=ROOT_BITS), Inverse(width=ROOT_BITS, steps=ROOT_BITS + 1)
    width = min(words, 2 * core._epilogue_lanes)
    old_tile = 1 << (p.rows * BLOCK_SIZE // width - 1).bit_length()
    formats = list(MemoryFormat)
    return Sizes(
        rows=p.rows,
        cols=p.cols,
        drain_rows=p.drain_rows,
        arrays=p.arrays,
        k_blocks=p.k_blocks,
        beat_bytes=g.beat_bytes,
        queue_depth=p.queue_depth,
        block_size=BLOCK_SIZE,
        b_tiles=g.b_tiles,
        a_slots=g.slots[0],
        b_slots=g.slots[1],
        words=words,
        lanes=core._adder_lanes,
        epilogue_lanes=core._epilogue_lanes,
        function_lanes=lanes,
        functions=int(g.functions),
        reorder_columns=p.reorder_columns,
        burst_bytes=min(256 * g.beat_bytes, PAGE_BYTES),
        read_bursts=read_master.OUTSTANDING,
        write_bursts=write_master.OUTSTANDING,
        tiles=SkidBuffer.capacity,
        most_beside=MOST_BESIDE,
        commands=tile_loop.COMMANDS,
        stationary_tiles=g.tiles,
        path_commands=result_path.COMMANDS,
        ahead=finder.ahead,
        load_delay=BlockExtractor.latency - 1 + RowReference(geometry=g).latency + 1,
        release_delay=1 + OperandBuffer.last_read_of(g),
        # From a tile's last pass to the cycle before its first row is written.
        drain_delay=1 + buffer_latency + grid._grid.latency - 1,
        drained_rows=grid.depth,
        room_tiles=ROOM_TILES,
        adder_stages=FloatAdder.latency,
        affine_stages=AffineLanes.latency,
        exp2_stages=Exp2.latency,
        activation_stages=Activation.latency,
        activation_lanes=max(1, lanes // function_lanes.ACTIVATION_SHARE),
        quantizer_delay=quantizer.latency - BlockQueue.latency - 1,
        quantizer_depth=FreePipeline.depth_of(quantizer.stages),
        free_compared=FreePipeline.compared,
        old_compared=BlockQueue.compared,
        format_stages=FRAGMENT_STAGES,
        exp2_depth=FreePipeline.depth_of(Exp2.latency),
        activation_depth=FreePipeline.depth_of(Activation.latency),
        old_depth=max(epilogue_reader.LEAST_OLD, 2 * old_tile),
        fragments=ADDENDS,
        kinds=ADDENDS + epilogue_reader.BESIDE,
        reads_of_rows=reorder_path.READS if g.functions else ADDENDS,
        divisors=row_division.DIVISORS,
        reciprocal=Reciprocal.latency,
        product_stages=PRODUCT_STAGES,
        norm_lanes=max(1, lanes),
        statistic_lanes=max(1, statistic_lanes),
        buffer_rows=row_buffer.ROWS,
        buffer_late=row_buffer.LATE,
        buffer_depth=RowBuffer(columns=p.reorder_columns, lanes=statistic_lanes).depth if g.normalizes else 0,
        memory_latency=BlockMemory.latency,
        exponent_stages=LargestExponent.latency,
        maximum_stages=RowMaximum(lanes=max(1, statistic_lanes)).latency,
        sum_stages=RowSums(lanes=max(1, statistic_lanes)).latency,
        variance_holds=variance.BITS + variance.LATE,
        variance_cycles=variance.BITS + variance.LATE + 2,
        factor_cycles=root.latency + inverse.latency + 4,
        normalize_stages=Normalize.latency,
        normalize_depth=FreePipeline.depth_of(Normalize.latency),
        line_bytes=FRAGMENT_BYTES,
        unit_bytes=UNIT_BYTES,
        kept_lines=row_collector.LINES,
        entry_bytes=ENTRY_BYTES,
        read_latency=memory.read_latency,
        write_latency=memory.write_latency,
        bandwidth=round(memory.bandwidth * ONE),
        outstanding=memory.outstanding,
        one=ONE,
        ahead_beats=16,
        unit_elements=tuple(f.unit_elements for f in formats),
        format_bytes=tuple(f.unit_bytes for f in formats),
        mx9_bytes=MX9.block_bytes,
        half_bytes=HALF_BLOCK_BYTES,
        mx9=MemoryFormat.MX9,
        mxint8=MemoryFormat.MXINT8,
        binary32=MemoryFormat.BINARY32,
        bfloat16=MemoryFormat.BFLOAT16,
        none=Function.NONE,
        exp2=Function.EXP2,
        dimension_bits=DIMENSION_BITS,
    )
