"""How hostile inputs are made, from chance and from valid ones.

``spoil``: any bytes. ``documents``: JSON. ``tensors``: files of safetensors. ``archives``: arrays of NumPy.
``parts``: several files as one input. ``strategies``: what hypothesis draws. ``room``: where an input lies as
a file. ``written``: a valid file, as what writes it makes it.
"""
