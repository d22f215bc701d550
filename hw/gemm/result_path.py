"""From an array's results to what is written to memory."""

from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.axi import check_bus
from hw.gemm.result_layouts import (
    addend_beat_layout,
    addend_request_layout,
    fragment_layout,
    result_job_layout,
    tile_command_layout,
)
from hw.layouts import packet_layout
from hw.sequencer import TileStatus

__all__ = ["ResultPath"]


class ResultPath(wiring.Component):
    """Array results, chunk by chunk, to rows of D as ``golden.engine.run`` makes them.

    For each tile command, in order, it takes the results of ``ceil(columns / cols)`` array tiles, which lie side
    by side, left one first. It adds a tile's chunks in ascending order, then the bias row, then what D holds, and
    writes each of the tile's rows inside D as one fragment, in the job's format.

    Commands may come long before their results: addends are read ahead of time. Tiles of one chunk
    with at most one addend move at one row per cycle; each further chunk or addend takes the tile through the
    adder again: ``rows`` cycles and the adder's latency.

    Parameters
    ----------
    rows, cols, drain_rows:
        Those of the array; ``cols`` divides 16.
    slots:
        Tiles of D whose chunks may be interleaved.
    data_bits, address_bits:
        Widths of the memory port.

    Members
    -------
    job: In(``result_job_layout``), holds still while not ``idle``
    command: In(stream of ``tile_command_layout``)
    d: In(stream of packets), the array's results
    read: Out(stream of ``addend_request_layout``), bias and old D
    beat: In(``addend_beat_layout``); beat_valid: In(1): what was read, in order, no flow control: there
        is room for all that was requested
    o: Out(stream of ``fragment_layout``), one per row and tile
    idle: Out(1), every command given was carried out and its fragments taken
    """

    def __init__(self, *, rows, cols, drain_rows, slots, data_bits, address_bits):
        check_bus(data_bits=data_bits, address_bits=address_bits)
        if BLOCK_SIZE % cols:
            raise ValueError(f"cols must divide {BLOCK_SIZE}, so that tiles make blocks, not be {cols!r}")
        self.rows = rows
        self.cols = cols
        self.drain_rows = drain_rows
        self.slots = slots
        self.data_bits = data_bits
        self.address_bits = address_bits
        values = data.ArrayLayout(32, rows // drain_rows * cols)
        command = tile_command_layout(rows=rows, slots=slots, address_bits=address_bits)
        super().__init__({
            "job": In(result_job_layout(address_bits)),
            "command": In(stream.Signature(command)),
            "d": In(stream.Signature(packet_layout(values, TileStatus))),
            "read": Out(stream.Signature(addend_request_layout(address_bits))),
            "beat": In(addend_beat_layout(data_bits)),
            "beat_valid": In(1),
            "o": Out(stream.Signature(fragment_layout(address_bits))),
            "idle": Out(1),
        })
