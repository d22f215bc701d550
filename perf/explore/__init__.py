"""Engines of many parameters: how long each takes for a workload, how large it is, and which are the best.

``design``: the parameters of an engine. ``point``: a design with a workload, and what must be found of it.
``workload``: what engines run. ``work``: what processes do. ``results``: the file of what is known, by
``columns``. ``source``: what results depend on. ``devices``: what a design must fit into. ``figures``: what
follows from results. ``schedule``: what is left to find. ``estimate``: of the time that takes.
``exploration``: all of it, by `mixdit.tasks`. ``report``: tables. ``chart``: a picture.
``command``: ``mixdit explore``.
"""
