"""How exact the functions between products are, beside published ones.

``rivals``: formulas of others. ``functions``: what is compared. ``models``: whole models with ours.
``__main__``: ``python -m perf.accuracy``.
"""
