"""Designs to compare the array's processing element with, through the same flow.

``straightforward``: the element as one would write it without a thought for LUTs.
``float_add``: its accumulator's adder.
``floor``: nothing but the products and their sum, which no complete element can undercut by much.

Peers: elements for other formats, written from their published descriptions, each with its golden function.

``mxint8``, ``mxint8_golden``: OCP MXINT8. ``mxint8_pair``: two of them on shared DSP blocks.
``bfloat16_fma``, ``bfloat16_golden``: bfloat16 onto binary32. ``fused_adder``: its addition.
``peer_grids``: grids of them.
"""
