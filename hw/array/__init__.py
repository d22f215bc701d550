"""The systolic array.

In: two streams of blocks, a k-block of every row of A, of every row of B, in a beat.
Through: passes of signs and 4-bit magnitudes, A to the right, B down, and an integer total in each element.
Out: a stream of rows.

``array``: rows of binary32. ``array_quantizer``: rows of blocks. Their parts, from the operands to the
results:

``tile_loader``: admits blocks, and knows when a tile is whole. ``operand_lane``: a row's blocks, split into
passes, exponents aligned. ``sequencer``: which block meets which, and when.
``grid``: the elements and their neighbours. ``processing_element``: a ``block_dot`` (with DSP blocks a
``packed_dot`` of ``packed_operand``) and an ``aligned_accumulator``.
``drain_segment``: which row of totals leaves. ``drain_cell``: the totals of a column, rounded by
``aligned_to_float``.
``tile_rows``: rows of 16 columns from tiles side by side.
"""
