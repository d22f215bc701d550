"""From blocks on chip to products.

In: jobs, and which tiles are on chip. Through: tiles in the order in which they are multiplied. Out: what
becomes of each tile's results, and the arrays' rows.

``tile_loop``: the order, and ``tile_layouts``: what it tells of a tile. ``tile_feeder``: tiles as streams for
the arrays.
"""
