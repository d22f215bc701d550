"""From the arrays' rows to lines of memory.

In: rows of tiles, and what becomes of them. Through: sums with earlier chunks, bias and old values of D. Out:
lines.

``result_dispatch``: each array's share. ``result_path``, of ``tile_address``, ``addend_reader``,
``accumulation`` (with ``float_adder``), ``result_format`` and ``row_collector``: one array's results.
"""
