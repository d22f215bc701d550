"""Payload layouts inside the engine, one function per layout."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from golden.engine import DIMENSION_LIMIT, MemoryFormat
from golden.formats import BLOCK_SIZE, SLOT_BITS

__all__ = [
    "BLOCKS_BITS",
    "DIMENSION_BITS",
    "BlockCode",
    "OperandSide",
    "bank_write_layout",
    "extraction_layout",
    "job_layout",
    "operand_layout",
    "row_tag_layout",
    "tile_layout",
]

DIMENSION_BITS = DIMENSION_LIMIT.bit_length()
"""Bits of M, N and K."""

BLOCKS_BITS = (-(-DIMENSION_LIMIT // BLOCK_SIZE)).bit_length()
"""Bits of a number of k-blocks."""

PITCH_BITS = 32


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


def operand_layout(address_bits) -> data.StructLayout:
    """A matrix of blocks in memory: ``rows`` rows, their first ``leading`` blocks MX9."""
    return data.StructLayout({
        "address": address_bits,
        "pitch": PITCH_BITS,
        "rows": DIMENSION_BITS,
        "leading": BLOCKS_BITS,
        "format": BlockCode,
    })


def job_layout(*, address_bits, tiles) -> data.StructLayout:
    """A product, as the read side and the tile loop need it.

    The stationary operand is ``keep_b ? B : A``. ``group`` of its tiles stay on chip with all of their chunks,
    or, unless ``resident``, one tile is read again for each tile of the other operand. Buffers are divided into
    slots of ``k_blocks >> stride`` blocks.
    """
    return data.StructLayout({
        "a": operand_layout(address_bits),
        "b": operand_layout(address_bits),
        "k_blocks": BLOCKS_BITS,
        "keep_b": 1,
        "stride": 2,
        "group": range(8 * tiles + 1),
        "resident": 1,
    })


def row_tag_layout(*, beat_bytes, k_blocks, lanes, depth) -> data.StructLayout:
    """A row of blocks on its way from memory to an operand buffer.

    ``offset`` is its first byte in its first beat, ``blocks`` how many to take, ``address`` where the
    first goes in its lane. ``last`` marks a tile's last row.
    """
    return data.StructLayout({
        "offset": range(beat_bytes),
        "leading": range(k_blocks + 1),
        "blocks": range(k_blocks + 1),
        "format": BlockCode,
        "operand": OperandSide,
        "lane": range(max(2, lanes)),
        "address": range(depth),
        "last": 1,
    })


def extraction_layout(*, beat_bytes, beats, patterns, banks, lanes, depth) -> data.StructLayout:
    """Blocks found in a window of beats, of which up to ``banks`` start in the first.

    ``place`` is where the first of them starts, ``pattern`` (one-hot) the distances of the others from it,
    ``starts`` which of them there are. ``last`` comes with the last blocks of a tile.
    """
    return data.StructLayout({
        "window": 8 * beat_bytes * beats,
        "place": range(max(2, beat_bytes)),
        "pattern": patterns,
        "starts": banks,
        "operand": OperandSide,
        "lane": range(max(2, lanes)),
        "address": range(depth),
        "last": 1,
    })


def bank_write_layout(*, banks, lanes, depth) -> data.StructLayout:
    """Blocks of one lane for the banks of its group, each with its address.

    ``last`` comes with the last blocks of a tile.
    """
    bank = data.StructLayout({"enable": 1, "address": range(depth), "block": SLOT_BITS})
    return data.StructLayout({
        "banks": data.ArrayLayout(bank, banks),
        "group": range(max(2, -(-lanes // banks))),
        "operand": OperandSide,
        "last": 1,
    })


def tile_operand_layout(*, k_blocks, depth, lanes) -> data.StructLayout:
    """One operand of a tile: where its blocks are, how many are MX9, how many lanes hold rows."""
    return data.StructLayout({
        "address": range(depth),
        "leading": range(k_blocks + 1),
        "mx9": 1,
        "mx4": 1,
        "lanes": range(lanes + 1),
        "release": 1,
    })


def tile_layout(*, k_blocks, depth, a_lanes, b_lanes) -> data.StructLayout:
    """A tile for the arrays to multiply."""
    return data.StructLayout({
        "a": tile_operand_layout(k_blocks=k_blocks, depth=depth, lanes=a_lanes),
        "b": tile_operand_layout(k_blocks=k_blocks, depth=depth, lanes=b_lanes),
        "blocks": range(k_blocks + 1),
    })
