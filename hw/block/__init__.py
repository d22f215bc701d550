"""Packed blocks, and the units that make, read and convert them.

In: a stream of packets, 16 binary32 or a block in each.
Through: stages of a pipeline.
Out: for each packet one, a block or 16 binary32.

``layouts``: fields of blocks, format codes, elements in normal form. ``binary32``: fields of a binary32.
``float_sum``: sums of two binary32.
``aligned_block``: blocks of all formats with their elements in the same places.
``quantizer``: binary32 to blocks, all 16 at once or in parts, of which a ``row_gatherer`` makes rows; in its
last stages, ``rounding``. ``dequantizer``: blocks to binary32. ``converter``: blocks to another
format.
"""
