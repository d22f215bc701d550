"""What the tile loop says of a tile: to the feeder, and to those who await its results."""

from amaranth.lib import data

from golden.formats import BLOCK_SIZE
from hw.block.layouts import FormatCode
from hw.gemm.jobs.job import BLOCKS_BITS, DIMENSION_BITS

__all__ = ["results_layout", "stored_tile_layout", "tile_layout", "tile_operand_layout"]


def tile_operand_layout(geometry, side) -> data.StructLayout:
    """One operand of a tile: where it lies, its MX9 blocks and the format of the rest, lanes that hold rows.

    ``release`` gives its slot free for other data.
    """
    return data.StructLayout(
        {
            "slot": range(geometry.most_slots[side]),
            "address": range(geometry.depth[side]),
            "leading": range(geometry.k_blocks + 1),
            "rest": FormatCode,
            "lanes": range(geometry.lanes[side] + 1),
            "release": 1,
        }
    )


def tile_layout(geometry) -> data.StructLayout:
    """A tile of ``blocks`` k-blocks for the arrays to multiply."""
    return data.StructLayout(
        {
            "a": tile_operand_layout(geometry, 0),
            "b": tile_operand_layout(geometry, 1),
            "blocks": range(geometry.k_blocks + 1),
        }
    )


def stored_tile_layout(geometry) -> data.StructLayout:
    """A tile, and what much hangs on when it starts.

    ``wide``: whether all blocks of A (bit 0), of B (bit 1) take two passes; ``first_mx9``: whether the first
    one is MX9; ``single``: it is the only one.
    """
    return data.StructLayout({"tile": tile_layout(geometry), "wide": 2, "first_mx9": 2, "single": 1})


def results_layout(geometry) -> data.StructLayout:
    """What becomes of the results of all arrays for 16 columns and one chunk, see ``tile_command_layout``.

    ``row_address``, ``rows`` and ``row`` are for all arrays together. ``job_first`` and ``job_last`` mark
    a job's first and last.
    """
    of_functions = {"row": DIMENSION_BITS} if geometry.functions else {}
    return data.StructLayout(
        {
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
            **of_functions,
        }
    )
