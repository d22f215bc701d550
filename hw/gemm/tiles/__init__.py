"""From blocks on chip to rows of products.

In: jobs, and word of each tile that is on chip.
Through: tiles in the order in which they are multiplied.
Out: passes for the arrays, and what becomes of the results; slots set free.

``tile_loop``: the order; ``tile_place``: where a tile's operands are in it; ``tile_layouts``: what it tells.
``wide_tiles``: whether a tile takes second passes. ``tile_sequencer``: its passes, the same for all arrays.
"""
