"""From rows of floats to rows of blocks in another order.

In: reorder jobs, beats of memory.
Through: the permutation, rows in 16 banks, divisions.
Out: lines of memory.

``reorder_path``: a job, from reads to lines. ``reorder``: one row at a time, permuted. ``row_division``: rows
by an element of theirs.
"""
