"""Figures of image quality that the documentation shows, as ``mixdit quality`` wrote them.

``published``: figures and claims, kept as JSON. ``page``: their tables.
``__main__``: ``python -m perf.quality``.
"""
