"""From rows of floats to rows of blocks in another order, or of floats again.

In: reorder jobs, beats of memory.
Through: the permutation, rows in 16 banks, divisions, norms.
Out: lines of memory.

``row_jobs``: these jobs beside products. ``reorder_path``: a ``reorder_job``, from reads to lines.
``reorder``: one row at a time, permuted. ``row_blocks``: how a row is cut. ``row_elements``: what is read,
widened and padded.
``row_division``: rows by an element of theirs. ``row_buffer``: rows until it is known what normalizes them,
from the ``largest_exponent`` of each and its elements in ``block_slices``. ``row_norm``: rows normalized, and
modulated by what a ``vector_memory`` holds, or made exponentials.
"""
