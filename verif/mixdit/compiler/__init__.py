"""Tests of compiled transformer blocks.

``exact_block``: a block as tensor math. ``random_blocks``: weights, plans and inputs by chance.
``tiny_models``: transformers of diffusers with a few channels. ``exact_layers``: their blocks as tensor math.
"""
