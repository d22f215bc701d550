"""Designs to compare the array's processing element with, through the same flow.

``straightforward``: the element as one would write it without a thought for LUTs.
``float_add``: its accumulator's adder.
``floor``: nothing but the products and their sum, which no complete element can undercut by much.
"""
