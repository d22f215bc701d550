"""The systolic array.

In: two streams of blocks, a k-block of every row of A, of every row of B, in a beat.
Through: passes of signs and 4-bit magnitudes, A to the right, B down, and an integer total in each element.
Out: a stream of rows.

``array``: rows of binary32. ``array_quantizer``: rows of blocks. Their parts, from the operands to the
results:

``tile_loader``: admits blocks, and knows when a tile is whole. ``operand_lane``: a row's blocks in a
``pass_memory``, which splits them into passes; ``exponent_distance``: how far each is below the row's
largest. ``sequencer``: which block meets which, and when, by ``pass_pairs``.
``drained_grid``: a ``grid``, the elements and their neighbours, with the stream of their results.
``processing_element``: a ``block_dot`` (with DSP blocks a ``packed_dot`` of ``packed_operand``) and an
``aligned_accumulator``.
``drain_segment``: which row of totals leaves. ``drain_cell``: the totals of a column, rounded by
``aligned_to_float``.
``tile_rows``: rows of 16 columns from tiles side by side.
"""
