"""Size and speed of the standard set of designs, against the goals and the baselines: ``make ppa``.

``standard``: the designs. ``goals``: what they should reach.
``report``: the page; of ``capacity``: how large an array the device holds, and ``engine``: what an engine
takes beside its array. ``charts``: its pictures. ``publish``: its figures into the documentation.
``devices``: the designs in standard cells, with a page of their own. ``__main__``: the program.
"""
