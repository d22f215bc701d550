"""Packed blocks, and the units that make, read and convert them.

In and out: streams of packets, a block or 16 binary32 in each.

``layouts``: fields of blocks, format codes. ``binary32``: fields of a binary32.
``quantizer``, ``dequantizer``, ``converter``: blocks from binary32, to binary32, of another format.
"""
