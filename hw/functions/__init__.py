"""Functions between products, an element per cycle each; ``golden.functions`` defines every bit.

``fixed_point``: magnitudes of binary32 as integers. ``exp2``: powers of two. ``product``: gates and scales.
``activation``: GELU and SiLU. None has flow control: a result follows its argument by a fixed latency.
"""
