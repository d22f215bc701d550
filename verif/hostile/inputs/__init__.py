"""How hostile inputs are made, from chance and from valid ones.

``spoil``: any bytes. ``documents``: JSON. ``tensors``: files of safetensors. ``parts``: several files as one
input.
"""
