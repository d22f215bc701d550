"""Rows of floats in another order, to rows of blocks.

In: reorder jobs, beats of memory. Through: rows in 16 banks. Out: lines of memory.

``reorder_path``: the job. ``reorder``: one row at a time, permuted.
"""
