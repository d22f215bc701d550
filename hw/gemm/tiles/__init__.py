"""From blocks on chip to rows of products.

In: jobs, and word of each tile that is on chip.
Through: tiles in the order in which they are multiplied.
Out: the arrays' rows, and what becomes of them; slots set free.

``tile_loop``: the order, and ``tile_layouts``: what it tells of a tile.
``tile_feeder``: tiles as streams of blocks, the same for all arrays.
"""
