"""Functions between products, an element per cycle each, as the model defines them.

In: a binary32, or two.
Through: stages of a pipeline without flow control: a result follows its argument by a fixed latency.
Out: a binary32.

``fixed_point``: magnitudes of binary32 as integers. ``exp2``: powers of two. ``product``: gates and scales.
``activation``: GELU and SiLU.
"""
