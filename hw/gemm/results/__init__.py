"""From rows of products to lines of memory.

In: the arrays' rows, and what becomes of them; bias and old D from memory.
Through: sums, functions, formats.
Out: lines; word that a job is done.

``result_dispatch``: the share of each array. ``result_path``: one array's results; of ``tile_address``:
where a tile goes, ``addend_reader``: bias and old D, ``accumulation``: sums over chunks, in a
``float_adder``, ``function_lanes``: powers of two and activations, ``row_places``: where each row goes,
``range_check``: whether a power of two is too large, ``result_format``: floats or, by ``block_fragments``,
blocks, and ``row_collector``: rows of neighbouring tiles, joined and cut into lines, which ``line_sender``
sends. All of it goes a part of a row at a time (``row_layouts``); ``row_parts`` cuts whole rows into parts,
``part_slices`` joins what went through fewer lanes.
"""
