"""Size and speed of the standard set of designs, against the goals and the baselines: ``make ppa``.

``standard``: the designs. ``goals``: what they should reach.
``levels``: levels of logic and fan-outs, and the page on those of every top.
``report``: the page; of ``capacity``: how large an array the device holds, ``engine``: what an engine takes
beside its array, and ``peers``: what other formats take. ``charts``: its pictures. ``publish``: its figures
into the documentation, and ``carried_over``: back, of designs that are the same. ``devices``: the designs on
other devices and in standard cells; ``devices_page``: the page on them.
``__main__``: the program.
"""
