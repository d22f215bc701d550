"""Size and speed of the standard set of designs, against the goals and the baselines: ``make ppa``.

``standard``: the designs. ``goals``: what they should reach. ``report``: ``report.md``,
with ``capacity``: how large an array the device holds, and ``engine``: what an engine takes beside its array.
``charts``: pictures. ``__main__``: the program.
"""
