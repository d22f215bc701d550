"""From rows of products to lines of memory.

In: the arrays' rows, and what becomes of them; scale, bias, gate and old D from memory.
Through: sums, factors, functions, formats.
Out: lines; word that a job is done.

``result_dispatch``: the share of each array. ``result_path``: one array's results; of ``tile_address``:
where a tile goes, ``accumulation``: sums over chunks, in a ``float_adder``, and, in an engine without
functions, bias and old D, which ``addend_reader`` reads, ``row_places``: where each row goes,
``result_format``: floats or, by ``block_fragments``, blocks, and ``row_collector``: rows of neighbouring
tiles, joined and cut into lines, which ``line_sender`` sends. All of it goes a part of a row at a time
(``row_layouts``); ``row_parts`` cuts whole rows into parts, ``part_slices`` joins what went through fewer
lanes.

``epilogue``, behind the sums of an engine with functions: scale and bias in ``affine_lanes``,
``function_lanes``: powers of two and activations, ``range_check``: whether a power of two is too large, gate
and old D in ``affine_lanes`` once more. An ``epilogue_reader`` reads all four, a ``repeated_vector`` gives
the first three again for each row.
"""
