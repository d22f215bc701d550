"""The GEMM engine.

In: descriptors over AXI4-Lite, matrices in memory.
Through: jobs, blocks on chip, tiles, results.
Out: matrices in memory, an interrupt.

``engine``: the top. ``datapath``: everything that a soft reset clears. ``geometry``: sizes.
``memory_format``: formats of matrices in memory, as all of these compute with them.

``jobs``: registers and descriptors in, checked jobs out.
``operands``: jobs in, blocks of A and B on chip out.
``tiles``: blocks on chip in, rows of products out.
``results``: rows of products in, lines of memory out.
``reorder``: rows of floats in, rows of blocks in another order out.
"""
