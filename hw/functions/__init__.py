"""Functions between products, as the model defines them.

In: a binary32, or two.
Through: stages of a pipeline without flow control, an element per cycle: a result follows its argument by a
fixed latency. What is needed once a row is made bit by bit, between two streams.
Out: a binary32.

``fixed_point``: magnitudes of binary32 as integers. ``exp2``: powers of two. ``product``: gates and scales.
``activation``: GELU and SiLU. ``reciprocal``: one over a float, by ``inverse``, one over an integer.
``square_root``: of an integer.

``row_statistics``: what normalizes a row, from its elements. ``row_sums``: their sums. ``variance``: made of
these, by ``serial_arithmetic``. ``row_factors``: one over its root, times the width and times the mean, by
``integer_product``. ``row_maximum``: minus a row's maximum in place of these. ``normalize``: a row's
elements, by these, and modulated, or 2 to their power.
"""
