"""The systolic array: streams of blocks in, streams of rows out.

``array``: to binary32; ``array_quantizer``: to blocks again. Their parts, from the operands to the results:

``tile_loader``, ``operand_lane``: receive blocks, keep them, split them into passes, align exponents.
``sequencer``: which block meets which, and when.
``grid``: the systolic grid of ``processing_element``, each a ``block_dot`` (with DSP blocks a ``packed_dot``
of ``packed_operand``) and an ``aligned_accumulator``.
``drain_segment``, ``drain_cell``: the totals' way out, which ends in ``aligned_to_float``.
``tile_rows``: rows of 16 columns from the array's tiles.
"""
