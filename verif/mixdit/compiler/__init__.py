"""Tests of compiled transformer blocks.

``exact_block``: a block as tensor math. ``random_blocks``: weights, plans and inputs by chance.
"""
