"""How exact the functions between products are, beside published ones.

``rivals``: formulas of others. ``functions``: what is compared. ``__main__``: ``python -m perf.accuracy``.
"""
