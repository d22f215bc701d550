"""The GEMM engine: matrices in memory to matrices in memory, by descriptor.

``engine``: the top, of ``control`` and ``counters`` (registers), ``supervisor`` (jobs, errors, resets) and
``datapath``, which has everything below. ``geometry``: sizes; ``layouts``, ``result_layouts``: payloads.

``descriptor``, ``descriptor_check``, ``region``, ``job_planner``: descriptors to jobs.
``operand_fetch``, ``operand_walker``, ``read_master``: what to read, and reading it.
``unpacker``, of ``block_finder`` and ``block_extractor`` with ``block_pattern``: beats to blocks.
``operand_buffer``, ``tile_feeder``, ``array_unit``: operands on chip, and the arrays.
``tile_loop``, ``chunk_counter``, ``slot_pointer``: the order of tiles.
``result_dispatch``, ``result_path`` and its parts, ``write_master``: results to memory.
``reorder_path``, ``reorder``: rows of floats, permuted, to rows of blocks.
"""

from hw.gemm.engine import Engine

__all__ = ["Engine"]
