"""The GEMM engine: matrices in memory to matrices in memory, by descriptor.

``engine``: the top. ``datapath``: everything that a soft reset clears. ``geometry``: sizes.
``memory_format``: formats of matrices in memory, as all of these compute with them.

``jobs``: registers and descriptors in, checked jobs out.
``operands``: jobs in, blocks of A and B on chip out.
``tiles``: the order of tiles; blocks to the arrays.
``results``: the arrays' rows in, lines of memory out.
``reorder``: rows of floats in another order, to rows of blocks.
"""
