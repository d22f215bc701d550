"""Payload layouts inside the engine, one function per layout."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from golden.engine import DIMENSION_LIMIT, MemoryFormat
from golden.formats import BLOCK_SIZE, SLOT_BITS
from hw.gemm.geometry import MOST_STRIDE
from hw.gemm.result_layouts import result_job_layout
from hw.layouts import FormatCode

__all__ = [
    "BLOCKS_BITS",
    "DIMENSION_BITS",
    "BlockCode",
    "OperandSide",
    "bank_write_layout",
    "extraction_layout",
    "job_layout",
    "operand_layout",
    "results_layout",
    "row_tag_layout",
    "tile_layout",
    "tile_operand_layout",
]

DIMENSION_BITS = DIMENSION_LIMIT.bit_length()
"""Bits of M, N and K."""

BLOCKS_BITS = (-(-DIMENSION_LIMIT // BLOCK_SIZE)).bit_length()
"""Bits of a number of k-blocks."""

PITCH_BITS = 32
"""Bits of a distance between rows in bytes."""


class OperandSide(enum.Enum, shape=unsigned(1)):
    """Which operand."""

    A = 0
    B = 1


class BlockCode(enum.Enum, shape=unsigned(2)):
    """The format of an operand's blocks behind its leading MX9 blocks."""

    MX4 = MemoryFormat.MX4.value
    MX6 = MemoryFormat.MX6.value
    MX9 = MemoryFormat.MX9.value
    MXINT8 = MemoryFormat.MXINT8.value


def operand_layout(geometry) -> data.StructLayout:
    """A matrix of blocks in memory: ``rows`` rows, their first ``leading`` blocks MX9."""
    return data.StructLayout({
        "address": geometry.address_bits,
        "pitch": PITCH_BITS,
        "rows": DIMENSION_BITS,
        "leading": BLOCKS_BITS,
        "format": BlockCode,
    })


def job_layout(geometry) -> data.StructLayout:
    """A product, as the read side and the tile loop need it; or, if ``reorder``, rows to reorder.

    ``keep_b`` makes B the stationary operand, instead of A. ``group`` of its tiles (of B: of 16 columns)
    stay on chip with all of their chunks; unless ``resident``, one tile is read again for each tile
    of the other operand. Buffers are divided into slots of ``k_blocks >> stride`` blocks. ``row_step`` is
    D's pitch times the rows of an array.

    To reorder are ``columns`` floats of each row of A, bfloat16 if ``narrow``, in the order of the indices at
    B's address if ``permute``.
    """
    return data.StructLayout({
        "a": operand_layout(geometry),
        "b": operand_layout(geometry),
        "k_blocks": BLOCKS_BITS,
        "keep_b": 1,
        "stride": range(MOST_STRIDE + 1),
        "group": range(geometry.most_group + 1),
        "resident": 1,
        "d_address": geometry.address_bits,
        "row_step": geometry.address_bits,
        "result": result_job_layout(geometry.address_bits),
        "reorder": 1,
        "columns": DIMENSION_BITS,
        "narrow": 1,
        "permute": 1,
    })


def row_tag_layout(geometry) -> data.StructLayout:
    """A row of blocks on its way from memory to an operand buffer.

    ``offset`` is its first byte in its first beat, ``blocks`` how many to take, ``address`` where the
    first goes in its lane. ``last`` marks a tile's last row.
    """
    return data.StructLayout({
        "offset": range(geometry.beat_bytes),
        "leading": range(geometry.k_blocks + 1),
        "blocks": range(geometry.k_blocks + 1),
        "format": BlockCode,
        "operand": OperandSide,
        "lane": range(max(2, *geometry.lanes)),
        "address": range(max(geometry.depth)),
        "last": 1,
    })


def extraction_layout(geometry, *, beats, patterns) -> data.StructLayout:
    """Blocks found in a window of ``beats``, of which several may start in the first.

    ``place`` is where the first of them starts, ``pattern`` (one-hot) the distances of the others from it,
    ``starts`` which of them there are. ``last`` comes with the last blocks of a tile.
    """
    return data.StructLayout({
        "window": geometry.data_bits * beats,
        "place": range(geometry.beat_bytes),
        "pattern": patterns,
        "starts": geometry.banks,
        "operand": OperandSide,
        "lane": range(max(2, *geometry.lanes)),
        "address": range(max(geometry.depth)),
        "last": 1,
    })


def bank_write_layout(geometry) -> data.StructLayout:
    """Blocks of one lane for the banks of its group, each with its address.

    ``last`` comes with the last blocks of a tile.
    """
    bank = data.StructLayout({"enable": 1, "address": range(max(geometry.depth)), "block": SLOT_BITS})
    return data.StructLayout({
        "banks": data.ArrayLayout(bank, geometry.banks),
        "group": range(max(2, -(-max(geometry.lanes) // geometry.banks))),
        "operand": OperandSide,
        "last": 1,
    })


def tile_operand_layout(geometry, side) -> data.StructLayout:
    """One operand of a tile: where it lies, its MX9 blocks and the format of the rest, lanes that hold rows.

    ``release`` gives its slot free for other data.
    """
    return data.StructLayout({
        "address": range(geometry.depth[side]),
        "leading": range(geometry.k_blocks + 1),
        "rest": FormatCode,
        "lanes": range(geometry.lanes[side] + 1),
        "release": 1,
    })


def tile_layout(geometry) -> data.StructLayout:
    """A tile of ``blocks`` k-blocks for the arrays to multiply."""
    return data.StructLayout({
        "a": tile_operand_layout(geometry, 0),
        "b": tile_operand_layout(geometry, 1),
        "blocks": range(geometry.k_blocks + 1),
    })


def results_layout(geometry) -> data.StructLayout:
    """What becomes of the results of all arrays for 16 columns and one chunk, see ``tile_command_layout``.

    ``row_address`` and ``rows`` are for all arrays together. ``job_first`` and ``job_last`` mark
    a job's first and last.
    """
    return data.StructLayout({
        "row_address": geometry.address_bits,
        "column_block": BLOCKS_BITS,
        "rows": range(geometry.a_lanes + 1),
        "columns": range(BLOCK_SIZE + 1),
        "first": 1,
        "last": 1,
        "slot": range(geometry.partial_slots),
        "begins": 1,
        "ends": 1,
        "job_first": 1,
        "job_last": 1,
    })
