"""Random jobs on random engines for as long as one likes: ``python -m verif.soak --help``.

``designs``: engines drawn from a seed. ``builds``: these compiled, one ahead. ``cases``: what is done with
one: ``lives``, rounds of jobs and faults; ``extremes``, jobs of extreme shapes, all over a sparse memory.
``soak``: design after design. ``tally``: what is counted. ``report``: what people see of it.
``__main__``: the command.
"""
