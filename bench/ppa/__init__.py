"""Size and speed of the standard set of designs, against the goals and the baselines: ``make ppa``.

``standard``: the designs. ``goals``: what they should reach. ``report``: ``report.md``.
``charts``: pictures. ``__main__``: the program.
"""
