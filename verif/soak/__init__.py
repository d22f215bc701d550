"""Random jobs on random engines for as long as one likes: ``python -m verif.soak --help``.

``designs``: engines drawn from a seed; ``builds``: compiled one ahead. ``cases``: what is done with one, by ``lives``
(rounds of jobs, faults and resets) and ``extremes`` (jobs of extreme shapes in a sparse memory,
``sparse_layout``). ``tally``: what was counted. ``report``: what people see of it. ``__main__``: the command.
"""
