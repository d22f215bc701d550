"""What passes between the tile loop, the result path and memory."""

from amaranth.lib import data

from golden.engine.registers import REGISTERS
from golden.formats import BLOCK_SIZE

__all__ = [
    "FRAGMENT_BYTES",
    "LINE_UNITS",
    "UNIT_BYTES",
    "addend_beat_layout",
    "addend_request_layout",
    "fragment_layout",
    "line_layout",
    "result_job_layout",
    "row_place_layout",
    "tile_command_layout",
]

FRAGMENT_BYTES = BLOCK_SIZE * 4
"""Most bytes of 16 columns of a row of D: binary32. As much is a line of memory."""

UNIT_BYTES = 2
"""Addresses and lengths of what is written are multiples of so many bytes."""

LINE_UNITS = FRAGMENT_BYTES // UNIT_BYTES
"""Units of a line."""

_BLOCKS_BITS = REGISTERS["D_MX9_BLOCKS"]["d_mx9_blocks"].width


def result_job_layout(address_bits) -> data.StructLayout:
    """What does not change while a job runs: fields of its descriptor.

    ``format`` is a code of ``golden.engine.MemoryFormat``, one that D may have.
    """
    return data.StructLayout({
        "format": 3,
        "mx9_blocks": _BLOCKS_BITS,
        "pitch": 32,
        "bias": 1,
        "accumulate": 1,
        "bias_address": address_bits,
    })


def tile_command_layout(*, rows, slots, address_bits) -> data.StructLayout:
    """One chunk of a tile of D of ``rows`` rows and 16 columns.

    ``row_address``
        D's address plus ``pitch`` times the number of the tile's first row.
    ``column_block``
        The tile's columns are ``16 * column_block`` and on.
    ``rows``, ``columns``
        Those inside D, at least 1 each. The others are dropped, or zeros where blocks are quantized.
    ``first``, ``last``
        The first, the last chunk along K; both if there is only one.
    ``slot``
        Where sums wait between a tile's chunks, and between its results and their addends. Tiles whose
        chunks are interleaved have different slots.
    ``begins``, ``ends``
        The first, the last tile of a run: tiles side by side, left one first, whose last chunks follow
        each other.
    """
    return data.StructLayout({
        "row_address": address_bits,
        "column_block": _BLOCKS_BITS + 1,
        "rows": range(rows + 1),
        "columns": range(BLOCK_SIZE + 1),
        "first": 1,
        "last": 1,
        "slot": range(max(2, slots)),
        "begins": 1,
        "ends": 1,
    })


def row_place_layout(*, rows, address_bits) -> data.StructLayout:
    """Where 16 columns of a row go: to ``address``, ``row`` being the number of the row in its tile.

    ``begins`` and ``ends`` are those of the tile's command.
    """
    return data.StructLayout({
        "address": address_bits, "row": range(max(2, rows)), "begins": 1, "ends": 1})


def fragment_layout(*, rows, address_bits) -> data.StructLayout:
    """``bytes`` bytes (1 to 64, even) of ``data``, lowest first, for memory from ``place.address`` on."""
    return data.StructLayout({
        "place": row_place_layout(rows=rows, address_bits=address_bits),
        "bytes": range(FRAGMENT_BYTES + 1),
        "data": 8 * FRAGMENT_BYTES,
    })


def line_layout(address_bits) -> data.StructLayout:
    """Units ``start`` to ``end - 1`` of ``data`` for line number ``line`` of memory, each in its place."""
    return data.StructLayout({
        "line": address_bits - (FRAGMENT_BYTES.bit_length() - 1),
        "start": range(LINE_UNITS),
        "end": range(LINE_UNITS + 1),
        "data": 8 * FRAGMENT_BYTES,
    })


def addend_request_layout(address_bits) -> data.StructLayout:
    """``bytes`` bytes (4 to 64, a multiple of 4) wanted from ``address``, a multiple of 4."""
    return data.StructLayout({"address": address_bits, "bytes": range(FRAGMENT_BYTES + 1)})


def addend_beat_layout(data_bits) -> data.StructLayout:
    """A beat of memory for an addend request: whole beats, so the wanted bytes start within the first."""
    return data.StructLayout({"data": data_bits, "first": 1, "last": 1})
